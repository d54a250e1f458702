"""Until when a subscription opens the creator's rooms: paid time, and the grace of a renewal that failed. Pure."""

from datetime import datetime, timedelta

from django.conf import settings

from payouts.models import LIVE_STATES, BillingState, BillingSubscription


def grace() -> timedelta:
    """How long access is kept after the paid time, while a failed renewal is tried again."""
    return timedelta(days=settings.SUBSCRIPTION_GRACE_DAYS)


def access_until(billing: BillingSubscription) -> datetime | None:
    """The end of access as things stand; None while nothing was paid.

    An active one is renewed before it runs out: it keeps the grace too, should Stripe's news be late.
    """
    if billing.state == BillingState.PAST_DUE and billing.period_starts_at is not None:
        return billing.period_starts_at + grace()
    if billing.state in LIVE_STATES and billing.period_ends_at is not None:
        return billing.ends_at or billing.period_ends_at + grace()
    return billing.ended_at if billing.started_at is not None else None
