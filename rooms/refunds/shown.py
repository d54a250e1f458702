"""What a buyer is told about the refunds of what they paid."""

from dataclasses import dataclass
from datetime import datetime

from payouts.models import Refund, RefundReason, RefundState, Sale
from payouts.refunds.queries import refunds_of

WORDS = {
    RefundState.ASKED: "being sent to your card",
    RefundState.MADE: "on its way to your card",
    RefundState.POSTED: "on its way to your card",
}
REASONS: dict[str, str] = {
    RefundReason.HOST: "The host gave it back.",
    RefundReason.CANCELLED: "The room was cancelled.",
    RefundReason.NO_SHOW: "Nobody came to speak in the room.",
    RefundReason.LATE: "It came after your hold had ended.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundShown:
    """One refund in the buyer's words. `at` is when it was made, or asked for."""

    amount_minor: int
    currency: str
    words: str
    reason: str
    reference: str
    at: datetime
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsShown:
    """All of them; `back_minor` is what is back or on its way, `stuck` is one that nothing has replaced."""

    lines: tuple[RefundShown, ...]
    back_minor: int
    currency: str
    stuck: RefundShown | None


def refunds_shown(sale: Sale) -> RefundsShown:
    """The refunds of a sale: one query. Those that Stripe refused at once are nothing to the buyer."""
    refunds = refunds_of(sale_id=sale.id)
    at_stripe = [each for each in refunds if each.state != RefundState.REFUSED]
    lines = tuple(_line(each) for each in at_stripe)
    back_minor = sum(line.amount_minor for line in lines if not line.failed)
    failed = [line for line in lines if line.failed]
    whole = sale.charge_minor
    stuck = failed[-1] if failed and back_minor < whole and not _asked_again(at_stripe) else None
    return RefundsShown(lines=lines, back_minor=back_minor, currency=sale.currency, stuck=stuck)


def _asked_again(refunds: list[Refund]) -> bool:
    """Whether the latest one did not fail: finance has tried again."""
    return refunds[-1].state != RefundState.FAILED


def _line(refund: Refund) -> RefundShown:
    failed = refund.state == RefundState.FAILED
    return RefundShown(
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        words="your card did not take it" if failed else WORDS[RefundState(refund.state)],
        reason=REASONS.get(refund.reason, ""),
        reference=refund.refund_id,
        at=refund.made_at or refund.asked_at,
        failed=failed,
    )
