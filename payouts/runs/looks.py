"""When to look at Stripe's side of a payout, whose events may have been lost. Pure.

Stripe keeps events for 30 days: after a longer silence their list does not have them any more, the payout itself does.
A bank may send a payout back within some days of its being paid, so it is looked at twice afterwards: once soon after
those days, and once when an event that was missed at the first look could not be listed any longer.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from payouts.models import Payout, PayoutState

OVERDUE_AFTER: Final = timedelta(days=3)
"""After the day on which it should have arrived: banks have holidays."""
AGAIN_EVERY: Final = timedelta(days=1)
AFTER_PAID: Final = (timedelta(days=10), timedelta(days=40))


def first_look(payout: Payout) -> datetime | None:
    """Of a payout that was sent to the bank: its news should have come by then."""
    if payout.arrives_on is None:
        return payout.sent_at
    return datetime.combine(payout.arrives_on, time(), tzinfo=UTC) + OVERDUE_AFTER


def next_look(payout: Payout, *, now: datetime) -> datetime | None:
    """After what was learnt now; None when nothing can come any more."""
    if payout.state == PayoutState.SENT and payout.paid_at is None:
        return now + AGAIN_EVERY
    if payout.paid_at is None:
        return None
    return next((payout.paid_at + after for after in AFTER_PAID if payout.paid_at + after > now), None)
