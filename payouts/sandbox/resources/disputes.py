"""Disputes and inquiries (https://docs.stripe.com/disputes/how-disputes-work, https://docs.stripe.com/api/disputes).

A dispute takes its amount and a fee from the available balance when it opens; an inquiry (warning_*) moves nothing.
Evidence decides as in Stripe's tests: `winning_evidence` wins, `losing_evidence` loses, `escalate_inquiry_evidence`
turns an inquiry into a dispute (https://docs.stripe.com/testing#evidence); other evidence waits for a person, on the
sandbox's page.
"""

from typing import Any

from stripe.params import DisputeCloseParams, DisputeListParams, DisputeRetrieveParams, DisputeUpdateParams

from payouts.sandbox import evidence, ledger, money
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError
from payouts.sandbox.payments import card_of
from payouts.sandbox.routing import Call, endpoint, lists, retrieves
from payouts.sandbox.store import Json

_ANSWER_WITHIN_S = 14 * 86_400
_CLOSED = ("won", "lost", "warning_closed", "prevented")
_NETWORK_REASON = {"fraudulent": "10.4", "product_not_received": "13.1", "general": "10.4", "duplicate": "12.6.1"}
_VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost", "escalate_inquiry_evidence": "escalate"}

retrieves("dispute", "/v1/disputes", DisputeRetrieveParams)
lists("dispute", "/v1/disputes", DisputeListParams, charge="charge", payment_intent="payment_intent")


@endpoint("POST", "/v1/disputes/{id}", DisputeUpdateParams)
def update(call: Call) -> Json:
    """Add evidence and send it, unless `submit` is false (https://docs.stripe.com/api/disputes/update)."""
    sandbox, params = call.sandbox, call.params
    dispute = sandbox.get("dispute", call.id)
    if "metadata" in params:
        dispute["metadata"] = merge_metadata(dispute["metadata"], params["metadata"])
    if params.get("evidence"):
        _require_unanswered(dispute)
        dispute["evidence"] |= params["evidence"]
        evidence.check(dispute)
        dispute["evidence_details"]["has_evidence"] = True
        if params.get("submit", True):
            _submit(sandbox, dispute)
    sandbox.save(dispute)
    sandbox.emit("charge.dispute.updated", dispute)
    return dispute


@endpoint("POST", "/v1/disputes/{id}/close", DisputeCloseParams)
def close(call: Call) -> Json:
    """Accept the dispute: it is lost."""
    dispute = call.sandbox.get("dispute", call.id)
    _require_open(dispute)
    resolve(call.sandbox, dispute, "warning_closed" if _inquiry(dispute) else "lost")
    return dispute


@timer("dispute.open")
def open_by_card(sandbox: Sandbox, charge_id: str) -> None:
    """The test card of this charge disputes it."""
    charge = sandbox.get("charge", charge_id)
    card = card_of(sandbox, sandbox.get("payment_method", charge["payment_method"]))
    open_(sandbox, charge, reason=card.dispute, inquiry=card.inquiry)


@timer("dispute.verdict")
def _verdict(sandbox: Sandbox, dispute_id: str) -> None:
    dispute = sandbox.get("dispute", dispute_id)
    verdict = _VERDICTS[dispute["evidence"]["uncategorized_text"]]
    if dispute["status"] not in _CLOSED:
        resolve(sandbox, dispute, "warning_closed" if _inquiry(dispute) and verdict != "escalate" else verdict)


@timer("dispute.due")
def _past_due(sandbox: Sandbox, dispute_id: str) -> None:
    dispute = sandbox.get("dispute", dispute_id)
    if dispute["status"] in ("needs_response", "warning_needs_response"):
        dispute["evidence_details"]["past_due"] = True
        resolve(sandbox, dispute, "warning_closed" if _inquiry(dispute) else "lost")


def open_(
    sandbox: Sandbox, charge: Json, *, reason: str = "fraudulent", inquiry: bool = False, amount: int | None = None
) -> Json:
    """The cardholder's bank disputes a charge, or asks about it."""
    if open_of(sandbox, charge["id"]) is not None:
        raise StripeError(f"Charge {charge['id']} is already disputed.")
    due = sandbox.clock.now() + _ANSWER_WITHIN_S
    dispute = sandbox.create(
        "dispute", "du", amount=amount or charge["amount"] - charge["amount_refunded"], charge=charge["id"],
        currency=charge["currency"], payment_intent=charge["payment_intent"], reason=reason, metadata={},
        enhanced_eligibility_types=[], is_charge_refundable=inquiry,
        evidence_details={"due_by": due, "enhanced_eligibility": {}, "has_evidence": False, "past_due": False,
                          "submission_count": 0, "submission_method": None},
        network_reason_code=_NETWORK_REASON.get(reason, "10.4"),
        payment_method_details={"type": "card", "card": {
            "brand": charge["payment_method_details"]["card"]["brand"], "network": "visa",
            "case_type": "inquiry" if inquiry else "chargeback",
            "network_reason_code": _NETWORK_REASON.get(reason, "10.4")}},
        status="warning_needs_response" if inquiry else "needs_response",
    )  # fmt: skip
    sandbox.save(charge, disputed=True)
    sandbox.clock.schedule(due, "dispute.due", dispute["id"])
    if not inquiry:
        _withdraw(sandbox, dispute)
    sandbox.emit("charge.dispute.created", dispute)
    if not inquiry:
        sandbox.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def resolve(sandbox: Sandbox, dispute: Json, outcome: str, *, amount: int | None = None) -> None:
    """Decide: won (all of it, or a part given by `amount`), lost, warning_closed, or escalate."""
    if outcome == "escalate":
        _escalate(sandbox, dispute)
        return
    if outcome not in _CLOSED:
        raise StripeError(f"Unknown outcome {outcome}: use won, lost, warning_closed or escalate.", param="outcome")
    if outcome == "won":
        _reinstate(sandbox, dispute, amount or dispute["amount"])
    sandbox.clock.cancel("dispute.due", dispute["id"])
    sandbox.save(dispute, status=outcome, is_charge_refundable=outcome in ("won", "warning_closed"))
    sandbox.emit("charge.dispute.closed", dispute)
    if outcome == "won":
        sandbox.emit("charge.dispute.funds_reinstated", dispute)


def open_of(sandbox: Sandbox, charge_id: str) -> Json | None:
    """The dispute of a charge that forbids a refund: one that is undecided or lost (an inquiry does not)."""
    for dispute in sandbox.store.select("dispute", equal={"charge": charge_id}):
        if not dispute["is_charge_refundable"]:
            return dispute
    return None


def close_inquiry(sandbox: Sandbox, charge: Json) -> None:
    """A full refund answers an open inquiry (https://docs.stripe.com/disputes/how-disputes-work#inquiries)."""
    for dispute in sandbox.store.select("dispute", equal={"charge": charge["id"]}):
        if charge["refunded"] and _inquiry(dispute) and dispute["status"] not in _CLOSED:
            resolve(sandbox, dispute, "warning_closed")


def _submit(sandbox: Sandbox, dispute: Json) -> None:
    dispute["status"] = "warning_under_review" if _inquiry(dispute) else "under_review"
    dispute["evidence_details"]["submission_count"] += 1
    dispute["evidence_details"]["submission_method"] = "manual"
    if dispute["evidence"].get("uncategorized_text") in _VERDICTS:
        sandbox.clock.schedule(sandbox.clock.now_s(), "dispute.verdict", dispute["id"])


def _escalate(sandbox: Sandbox, dispute: Json) -> None:
    _withdraw(sandbox, dispute)
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    sandbox.save(dispute, status="needs_response", is_charge_refundable=False)
    sandbox.emit("charge.dispute.updated", dispute)
    sandbox.emit("charge.dispute.funds_withdrawn", dispute)


def _withdraw(sandbox: Sandbox, dispute: Json) -> None:
    """Take amount and fee (https://docs.stripe.com/reports/balance-transaction-types, adjustment)."""
    _move(sandbox, dispute, -dispute["amount"], fee_sign=1, reporting="dispute",
          description=f"Chargeback withdrawal for {dispute['charge']}")  # fmt: skip


def _reinstate(sandbox: Sandbox, dispute: Json, amount: int) -> None:
    _move(sandbox, dispute, amount, fee_sign=-1, reporting="dispute_reversal",
          description=f"Chargeback reversal for {dispute['charge']}")  # fmt: skip


def _move(sandbox: Sandbox, dispute: Json, amount: int, *, fee_sign: int, **about: Any) -> None:
    currency = money.settlement(dispute["currency"], sandbox.knobs)
    settled, rate = money.convert(amount, dispute["currency"], currency, sandbox.knobs)
    entry = ledger.enter(
        sandbox, amount=settled, currency=currency, kind="adjustment", source=dispute["id"], account="",
        fee=fee_sign * money.dispute_fee(currency, sandbox.knobs), fee_description="Dispute fee", exchange_rate=rate,
        **about,
    )  # fmt: skip
    dispute["balance_transactions"].append(entry)
    sandbox.save(dispute)


def _inquiry(dispute: Json) -> bool:
    return bool(dispute["payment_method_details"]["card"]["case_type"] == "inquiry")


def _require_open(dispute: Json) -> None:
    if dispute["status"] in _CLOSED:
        raise StripeError("This dispute is already closed.")


def _require_unanswered(dispute: Json) -> None:
    """Banks take one answer (https://docs.stripe.com/disputes/responding)."""
    _require_open(dispute)
    if dispute["status"] in ("under_review", "warning_under_review"):
        raise StripeError("Evidence has been submitted for this dispute and can no longer be changed.")
