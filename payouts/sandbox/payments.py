"""Taking a card payment: challenge, decline or charge, then its balance transaction and fee.

Follows https://docs.stripe.com/payments/paymentintents/lifecycle and, for the fee that arrives after the charge,
https://docs.stripe.com/payments/payment-intents/asynchronous-capture.
"""

from collections.abc import Callable
from typing import Any

from payouts.sandbox import cards, ledger, money
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox
from payouts.sandbox.store import Json, new_id

Outcome = Callable[[Sandbox, Json], None]
_OUTCOMES: list[Outcome] = []


def on_outcome(function: Outcome) -> Outcome:
    """Register what else happens once an intent succeeded or failed: a session completes, an invoice is paid."""
    _OUTCOMES.append(function)
    return function


def new_card(
    sandbox: Sandbox, number: str, *, exp_month: int = 12, exp_year: int = 2034, name: str | None = None,
    email: str | None = None, account: str = "",
) -> Json:  # fmt: skip
    """A payment method of a test card."""
    card = cards.BY_NUMBER[number]
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return sandbox.create(
        "payment_method", "pm", owner=account, hidden={"number": number},
        type="card", card=cards.looks(card, exp_month=exp_month, exp_year=exp_year), allow_redisplay="unspecified",
        billing_details={"address": address, "email": email, "name": name, "phone": None, "tax_id": None},
    )  # fmt: skip


def card_of(sandbox: Sandbox, method: Json) -> cards.Card:
    """The test card behind a payment method."""
    return cards.BY_NUMBER[sandbox.store.hidden(method["id"])["number"]]


def pay(
    sandbox: Sandbox, intent: Json, method: Json, *, off_session: bool = False, authenticated: bool = False
) -> Json:
    """Try to take an intent's amount from a card; the intent's status and last_payment_error tell what happened."""
    card = card_of(sandbox, method)
    intent["payment_method"] = method["id"]
    set_up = bool(sandbox.store.hidden(method["id"]).get("set_up")) or card.challenge == "set_up_already"
    challenged = card.challenge in ("always", "then_declined") or (card.challenge == "unless_set_up" and not set_up)
    if challenged and not authenticated:
        if off_session:
            return fail(sandbox, intent, method, cards.declined("authentication_required"))
        return _challenge(sandbox, intent)
    if card.decline is not None:
        return fail(sandbox, intent, method, card.decline)
    return _succeed(sandbox, intent, method, card)


def _challenge(sandbox: Sandbox, intent: Json) -> Json:
    """Ask for 3-D Secure (https://docs.stripe.com/payments/3d-secure)."""
    url = f"{sandbox.settings.public_url}/c/3ds/{intent['id']}"
    hidden = sandbox.store.hidden(intent["id"])
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": hidden.get("return_url")}}
    sandbox.save(intent, status="requires_action", next_action=action, last_payment_error=None)
    sandbox.emit("payment_intent.requires_action", intent)
    return intent


def fail(sandbox: Sandbox, intent: Json, method: Json, decline: tuple[str, str, str], *, charge: bool = True) -> Json:
    """A refused payment: a failed charge stays behind and the intent waits for another card."""
    code, decline_code, message = decline
    error: Json = {"type": "card_error", "code": code, "message": message, "payment_method": method}
    if code != "payment_intent_authentication_failure":
        error["decline_code"] = decline_code
    error["doc_url"] = f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}"
    if charge:
        failed = _charge(sandbox, intent, method, status="failed", paid=False, captured=False, failure_code=code,
                         failure_message=message, outcome=_outcome(decline_code))  # fmt: skip
        error["charge"] = failed["id"]
        intent["latest_charge"] = failed["id"]
        sandbox.emit("charge.failed", failed)
    sandbox.save(
        intent, status="requires_payment_method", last_payment_error=error, next_action=None, payment_method=None
    )
    sandbox.emit("payment_intent.payment_failed", intent)
    for outcome in _OUTCOMES:
        outcome(sandbox, intent)
    return intent


def _succeed(sandbox: Sandbox, intent: Json, method: Json, card: cards.Card) -> Json:
    amount = intent["amount"]
    charge = _charge(sandbox, intent, method, status="succeeded", paid=True, captured=True, amount_captured=amount,
                     outcome=_outcome(None))  # fmt: skip
    sandbox.save(
        intent, status="succeeded", amount_received=amount, latest_charge=charge["id"], last_payment_error=None,
        next_action=None,
    )  # fmt: skip
    if intent["setup_future_usage"]:
        sandbox.store.hide(method["id"], set_up=True)
    sandbox.emit("charge.succeeded", charge)
    sandbox.emit("payment_intent.succeeded", intent)
    for outcome in _OUTCOMES:
        outcome(sandbox, intent)
    now = sandbox.clock.now_s()
    if intent["capture_method"] == "automatic":
        settle(sandbox, charge["id"])
    else:
        sandbox.clock.schedule(now + sandbox.knobs.fee_delay_s, "charge.settle", charge["id"])
    if card.dispute:
        sandbox.clock.schedule(now, "dispute.open", charge["id"])
    if card.early_warning:
        sandbox.clock.schedule(now, "early_fraud_warning.open", charge["id"])
    return intent


@timer("charge.settle")
def settle(sandbox: Sandbox, charge_id: str) -> None:
    """Give a charge its balance transaction: converted to the settlement currency, less the fee."""
    charge = sandbox.get("charge", charge_id, account=None)
    card = cards.BY_NUMBER[sandbox.store.hidden(charge_id)["number"]]
    currency = money.settlement(charge["currency"], sandbox.knobs)
    amount, rate = money.convert(charge["amount"], charge["currency"], currency, sandbox.knobs)
    fee = money.fee(amount, currency, international=card.country != "US", knobs=sandbox.knobs, seed=charge_id)
    entry = ledger.enter(
        sandbox, amount=amount, currency=currency, fee=fee, kind="charge", source=charge_id, exchange_rate=rate,
        description=charge["description"], account=sandbox.store.account_of(charge_id),
        available_on=sandbox.clock.now() if card.available_at_once else ledger.available_on(sandbox),
    )  # fmt: skip
    sandbox.save(charge, balance_transaction=entry["id"])
    sandbox.emit("charge.updated", charge, previous={"balance_transaction": None})


def _charge(sandbox: Sandbox, intent: Json, method: Json, **values: Any) -> Json:
    card = card_of(sandbox, method)
    charge_id = new_id("ch")
    looks = cards.looks(card, exp_month=method["card"]["exp_month"], exp_year=method["card"]["exp_year"])
    paid_with = {name: looks[name] for name in ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint",
                                                "funding", "last4", "regulated_status", "wallet")}  # fmt: skip
    succeeded = values["status"] == "succeeded"
    return sandbox.create(
        "charge", "ch",
        {
            "id": charge_id,
            "amount": intent["amount"],
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "OBOLE SANDBOX",
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {"type": "card", "card": paid_with | _network(card, intent["amount"])},
            "receipt_email": intent["receipt_email"],
            "receipt_url": f"{sandbox.settings.public_url}/receipts/{charge_id}" if succeeded else None,
            "refunds": {"object": "list", "data": [], "has_more": False, "url": f"/v1/charges/{charge_id}/refunds"},
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "transfer_group": intent["transfer_group"],
        },
        values,
        owner=sandbox.store.account_of(intent["id"]),
        hidden={"number": card.number},
    )  # fmt: skip


def _network(card: cards.Card, amount: int) -> Json:
    unavailable = {"status": "unavailable"}
    return {
        "amount_authorized": amount,
        "authorization_code": "123456",
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": unavailable,
        "installments": None,
        "mandate": None,
        "multicapture": unavailable,
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": card.number[-15:],
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "three_d_secure": None,
        "transaction_link_id": None,
    }


def _outcome(decline_code: str | None) -> Json:
    """How the network and Radar saw the payment (https://docs.stripe.com/declines)."""
    return {
        "advice_code": "try_again_later" if decline_code else None,
        "network_advice_code": None,
        "network_decline_code": "01" if decline_code else None,
        "network_status": "declined_by_network" if decline_code else "approved_by_network",
        "reason": decline_code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not return any further details with this decline."
        if decline_code
        else "Payment complete.",
        "type": "issuer_declined" if decline_code else "authorized",
    }
