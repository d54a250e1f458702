"""The credit that a cheaper price leaves: whether it fits into the next invoice, told without asking Stripe.

Stripe's own figures decide in `previewing`; this is the same arithmetic, for pages that offer a change or do not.
"""

from datetime import datetime, timedelta
from fractions import Fraction
from math import floor

from payouts.models import BillingPrice, BillingState, BillingSubscription, CallState, StripeCall
from payouts.subscriptions.changing import UPDATE

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def fits(*, subscription: BillingSubscription, price: BillingPrice, now: datetime) -> bool:
    """Whether what is left of the month at the present price, less the same at this one, is at most a month of it.

    A trial leaves no credit, and a dearer price is charged at once. Reads `subscription.price`.
    """
    present_minor, running = subscription.price.amount_minor, subscription.state == BillingState.ACTIVE
    start, end = subscription.period_starts_at, subscription.period_ends_at
    if not running or start is None or end is None or price.amount_minor >= present_minor:
        return True
    left = Fraction((end - now) // SECOND, (end - start) // SECOND)
    return price.amount_minor + _rounded(price.amount_minor * left) >= _rounded(present_minor * left)


def fits_from(*, subscription: BillingSubscription, price: BillingPrice) -> datetime | None:
    """A day of this month from which it does; None when there is none, so that only the month's end is left."""
    start, end = subscription.period_starts_at, subscription.period_ends_at
    less_minor = subscription.price.amount_minor - price.amount_minor
    if less_minor <= 0 or start is None or end is None:
        return None
    day = end - (end - start) * (price.amount_minor / less_minor) + DAY
    return day if start < day < end else None


def is_owed(*, subscription: BillingSubscription) -> bool:
    """Whether an earlier change of this month is still to be credited on the next invoice. One query."""
    if subscription.state != BillingState.ACTIVE or subscription.period_starts_at is None:
        return False
    return StripeCall.objects.filter(
        subject=subscription.call_subject,
        operation=UPDATE,
        state=CallState.DONE,
        decided_at__gte=subscription.period_starts_at,
        body__contains="create_prorations",
    ).exists()


def _rounded(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))
