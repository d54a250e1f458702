"""What a creator sees of disputes: what is reserved for them, why, and what becomes of it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from payouts.models import Dispute, DisputeShare, DisputeStatus, EvidenceState
from rooms.currencies import money_text
from rooms.studio.steps import Step

CLAIMS = {
    "fraudulent": "the cardholder says that they did not pay it",
    "product_not_received": "the cardholder says that they did not get what they paid for",
    "product_unacceptable": "the cardholder says that it was not what was promised",
    "duplicate": "the cardholder says that they paid twice",
    "credit_not_processed": "the cardholder says that a refund is due",
    "subscription_canceled": "the cardholder says that they had cancelled",
    "unrecognized": "the cardholder does not know the charge",
}


def reserved_shares(*, payee_id: UUID, currency: str) -> QuerySet[DisputeShare]:
    """What is reserved of a payee's money, dispute by dispute, the latest first."""
    shares = DisputeShare.objects.filter(
        payee_id=payee_id, reserved_minor__gt=0, dispute__settlement_currency=currency
    )
    return shares.select_related("dispute__sale").order_by("-dispute__opened_at", "id")


def reason_words(dispute: Dispute) -> str:
    """Why it is reserved, and where our answer is."""
    claim = CLAIMS.get(dispute.reason, "the cardholder's bank has taken it back")
    answer = "Obole has answered the bank." if dispute.evidence_state == EvidenceState.SUBMITTED else (
        f"Obole answers the bank by {dispute.due_by:%-d %b %Y}." if dispute.due_by else "Obole answers the bank."
    )  # fmt: skip
    return f"Disputed: {claim}. {answer}"


def steps_of(disputes: Iterable[Dispute]) -> tuple[Step, ...]:
    """The disputes of a sale as steps of its trail; inquiries, which move nothing, are left out."""
    return tuple(_step(dispute) for dispute in disputes if not dispute.is_inquiry)


def _step(dispute: Dispute) -> Step:
    if dispute.is_open:
        return Step(title="Disputed: your part is reserved", look="now", at=dispute.opened_at,
                    note=reason_words(dispute))  # fmt: skip
    if dispute.status == DisputeStatus.WON:
        kept = "All of it is yours again."
        if dispute.lost_minor:
            kept = f"{money_text(dispute.lost_minor, dispute.currency)} of the payment stayed with the bank."
        return Step(title="Dispute won", look="done", at=dispute.closed_at, note=kept)
    amount = money_text(dispute.amount_minor, dispute.currency)
    return Step(title="Dispute lost", look="done", at=dispute.closed_at, note=f"{amount} went back to the listener.")
