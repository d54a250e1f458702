"""Refunds (https://docs.stripe.com/refunds, https://docs.stripe.com/api/refunds): full, partial, and failing later.

Stripe keeps its fee. A refund is taken from where the charge's money is: pending until that is available.
"""

from stripe.params import (
    ChargeListRefundsParams,
    RefundCancelParams,
    RefundCreateParams,
    RefundListParams,
    RefundRetrieveParams,
    RefundUpdateParams,
)

from payouts.sandbox import cards, ledger, money
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import disputes, early_fraud_warnings
from payouts.sandbox.routing import Call, endpoint, lists, page, retrieves
from payouts.sandbox.store import Json

retrieves("refund", "/v1/refunds", RefundRetrieveParams)
lists("refund", "/v1/refunds", RefundListParams, charge="charge", payment_intent="payment_intent")


@endpoint("POST", "/v1/refunds", RefundCreateParams)
def create(call: Call) -> Json:
    """Give back all or part of what is left of a charge."""
    params, sandbox = call.params, call.sandbox
    for name in ("reverse_transfer", "refund_application_fee"):
        if params.get(name):
            raise invalid("The sandbox has separate charges and transfers only: nothing to reverse here.", param=name)
    charge = _charge(call)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    _check(sandbox, charge, amount, left)
    return _refund(sandbox, charge, amount, params)


@endpoint("POST", "/v1/refunds/{id}", RefundUpdateParams)
def update(call: Call) -> Json:
    """Change metadata."""
    refund = call.sandbox.get("refund", call.id, account=call.account)
    call.sandbox.save(refund, metadata=merge_metadata(refund["metadata"], call.params.get("metadata")))
    _tell(call.sandbox, "refund.updated", refund)
    return refund


@endpoint("POST", "/v1/refunds/{id}/cancel", RefundCancelParams)
def cancel(call: Call) -> Json:
    """Card refunds cannot be cancelled (https://docs.stripe.com/api/refunds/cancel)."""
    call.sandbox.get("refund", call.id, account=call.account)
    raise StripeError("Only refunds with status requires_action can be canceled.")


@endpoint("GET", "/v1/charges/{id}/refunds", ChargeListRefundsParams)
def of_charge(call: Call) -> Json:
    """The refunds of a charge."""
    call.sandbox.get("charge", call.id, account=call.account)
    return page(call, "refund", f"/v1/charges/{call.id}/refunds", {}, ("body->>'$.charge' = ?", call.id))


def _charge(call: Call) -> Json:
    params, sandbox = call.params, call.sandbox
    charge_id = params.get("charge")
    if "payment_intent" in params:
        intent = sandbox.get("payment_intent", params["payment_intent"], param="payment_intent")
        charge_id = intent["latest_charge"]
        if intent["status"] != "succeeded":
            raise StripeError("This PaymentIntent does not have a successful charge to refund.",
                              code="payment_intent_unexpected_state", param="payment_intent")  # fmt: skip
    if charge_id is None:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    return sandbox.get("charge", charge_id, account=call.account, param="charge")


def _check(sandbox: Sandbox, charge: Json, amount: int, left: int) -> None:
    if not charge["paid"]:
        raise StripeError(f"Charge {charge['id']} is not captured and cannot be refunded.", param="charge")
    if disputes.open_of(sandbox, charge["id"]) is not None:
        raise StripeError(f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                          code="charge_disputed")  # fmt: skip
    if left == 0:
        raise StripeError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    money.check_amount(amount, charge["currency"])
    if amount > left:
        raise StripeError(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
                          param="amount")  # fmt: skip


def _refund(sandbox: Sandbox, charge: Json, amount: int, params: Json) -> Json:
    card = cards.BY_NUMBER[sandbox.store.hidden(charge["id"])["number"]]
    refund = sandbox.create(
        "refund", "re", amount=amount, charge=charge["id"], currency=charge["currency"], reason=params.get("reason"),
        destination_details={"type": "card", "card": {
            "reference": None, "reference_status": "pending", "reference_type": "acquirer_reference_number",
            "type": "refund"}},
        metadata=merge_metadata({}, params.get("metadata")), payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"], status="pending" if card.refund == "pending" else "succeeded",
    )  # fmt: skip
    _take(sandbox, charge, refund)
    _apply(sandbox, charge, refund, amount)
    _tell(sandbox, "refund.created", refund)
    sandbox.emit("charge.refunded", charge)
    early_fraud_warnings.resolve(sandbox, charge)
    disputes.close_inquiry(sandbox, charge)
    later = sandbox.clock.now_s() + sandbox.knobs.refund_failure_delay_s
    if card.refund == "fails":
        sandbox.clock.schedule(later, "refund.fail", refund["id"])
    elif card.refund == "pending":
        sandbox.clock.schedule(later, "refund.succeed", refund["id"])
    return refund


def _take(sandbox: Sandbox, charge: Json, refund: Json) -> None:
    """The refund's balance transaction, at today's exchange rate (https://docs.stripe.com/currencies/conversions)."""
    currency = money.settlement(charge["currency"], sandbox.knobs)
    due = sandbox.clock.now()
    if charge["balance_transaction"]:
        original = sandbox.get("balance_transaction", charge["balance_transaction"])
        currency, due = original["currency"], max(due, original["available_on"])
    amount, rate = money.convert(refund["amount"], charge["currency"], currency, sandbox.knobs)
    entry = ledger.enter(sandbox, amount=-amount, currency=currency, kind="refund", source=refund["id"], account="",
                         available_on=due, exchange_rate=rate, description="REFUND FOR CHARGE")  # fmt: skip
    sandbox.save(refund, balance_transaction=entry["id"])


def _apply(sandbox: Sandbox, charge: Json, refund: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    others = [each for each in charge["refunds"]["data"] if each["id"] != refund["id"]]
    charge["refunds"]["data"] = [refund, *others]
    sandbox.save(charge)


@timer("refund.succeed")
def _succeed(sandbox: Sandbox, refund_id: str) -> None:
    refund = sandbox.get("refund", refund_id)
    sandbox.save(refund, status="succeeded")
    _apply(sandbox, sandbox.get("charge", refund["charge"]), refund, 0)
    _tell(sandbox, "refund.updated", refund)


@timer("refund.fail")
def fail(sandbox: Sandbox, refund_id: str) -> None:
    """The bank could not give the money back: it returns to the balance (https://docs.stripe.com/refunds#failed-refunds)."""
    refund = sandbox.get("refund", refund_id)
    if refund["status"] == "failed":
        return
    taken = sandbox.get("balance_transaction", refund["balance_transaction"])
    entry = ledger.enter(
        sandbox, amount=-taken["amount"], currency=taken["currency"], kind="refund_failure", source=refund_id,
        account="", available_on=max(sandbox.clock.now(), taken["available_on"]), description="REFUND FAILURE",
    )  # fmt: skip
    sandbox.save(refund, status="failed", failure_reason="expired_or_canceled_card",
                 failure_balance_transaction=entry["id"])  # fmt: skip
    _apply(sandbox, sandbox.get("charge", refund["charge"]), refund, -refund["amount"])
    _tell(sandbox, "refund.failed", refund)


def _tell(sandbox: Sandbox, event_type: str, refund: Json) -> None:
    sandbox.emit(event_type, refund)
    if event_type != "refund.created":
        sandbox.emit("charge.refund.updated", refund)
