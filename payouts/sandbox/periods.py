"""Billing periods: calendar arithmetic from an anchor (https://docs.stripe.com/billing/subscriptions/billing-cycle)."""

import calendar
from datetime import UTC, datetime, timedelta

from payouts.sandbox.store import Json


def after(start: int, recurring: Json, *, anchor: int) -> int:
    """The end of the period that begins at `start`; months keep the anchor's day where they have it."""
    count = recurring["interval_count"]
    moment = datetime.fromtimestamp(start, UTC)
    if recurring["interval"] in ("day", "week"):
        days = count * (7 if recurring["interval"] == "week" else 1)
        return int((moment + timedelta(days=days)).timestamp())
    months = count * (12 if recurring["interval"] == "year" else 1)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(datetime.fromtimestamp(anchor, UTC).day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def share(amount: int, start: int, end: int, now: int) -> int:
    """What is left of an amount for the rest of a period, to the second, rounded half up."""
    return (2 * amount * max(0, end - now) + (end - start)) // (2 * (end - start))
