"""What a buyer is told about the refunds of what they paid."""

from dataclasses import dataclass
from datetime import datetime

from payouts.models import Refund, RefundReason, RefundState, Sale
from payouts.refunds.queries import refunds_of
from payouts.refunds.standing import RefundStanding, since, standing_of

WORDS = {
    RefundStanding.ASKED: "being sent to your card since",
    RefundStanding.PENDING: "being sent to your card by Stripe since",
    RefundStanding.ACTION: "wait for you: Stripe has written to you by e-mail to ask where to send them,",
    RefundStanding.SENT: "on the way to your card since",
    RefundStanding.GIVEN_BACK: "given back on",
    RefundStanding.FAILED: "came back to us, since your card did not take them,",
}
"""Between the amount and the day."""
REASONS: dict[str, str] = {
    RefundReason.HOST: "The host gave it back.",
    RefundReason.CANCELLED: "The room was cancelled.",
    RefundReason.NO_SHOW: "Nobody came to speak in the room.",
    RefundReason.LATE: "It came after your hold had ended.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundShown:
    """One refund in the buyer's words, which end before the day, `at`. `has_arrived` once any bank has shown it."""

    amount_minor: int
    currency: str
    words: str
    reason: str
    reference: str
    at: datetime
    failed: bool
    has_arrived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsShown:
    """All of them; `back_minor` is what is back or on its way, `stuck` is one that nothing has replaced."""

    lines: tuple[RefundShown, ...]
    back_minor: int
    currency: str
    stuck: RefundShown | None

    @property
    def have_arrived(self) -> bool:
        """Whether none of them is on its way any more."""
        return all(line.has_arrived for line in self.lines if not line.failed)


def refunds_shown(sale: Sale, *, now: datetime) -> RefundsShown:
    """The refunds of a sale: one query. Those that Stripe refused at once are nothing to the buyer."""
    refunds = refunds_of(sale_id=sale.id)
    at_stripe = [each for each in refunds if each.state != RefundState.REFUSED]
    lines = tuple(_line(each, now=now) for each in at_stripe)
    back_minor = sum(line.amount_minor for line in lines if not line.failed)
    failed = [line for line in lines if line.failed]
    whole = sale.charge_minor
    stuck = failed[-1] if failed and back_minor < whole and not _asked_again(at_stripe) else None
    return RefundsShown(lines=lines, back_minor=back_minor, currency=sale.currency, stuck=stuck)


def _asked_again(refunds: list[Refund]) -> bool:
    """Whether the latest one did not fail: finance has tried again."""
    return refunds[-1].state != RefundState.FAILED


def _line(refund: Refund, *, now: datetime) -> RefundShown:
    standing = standing_of(refund, now=now)
    return RefundShown(
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        words=WORDS[standing],
        reason=REASONS.get(refund.reason, ""),
        reference=refund.refund_id,
        at=since(refund),
        failed=standing is RefundStanding.FAILED,
        has_arrived=standing is RefundStanding.GIVEN_BACK,
    )
