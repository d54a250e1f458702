"""The other plans that somebody who subscribes can change to, and why not, where one would be refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from payouts.models import BillingSubscription
from payouts.subscriptions import credit
from rooms.models import Plan, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOffer:
    """A plan to change to; `why_not` says from when, or how else, it is to be had."""

    plan: Plan
    is_dearer: bool
    why_not: str


def offers(*, subscription: Subscription, plans: Iterable[Plan], now: datetime) -> list[PlanOffer]:
    """Each plan with whether it can be taken now (decision 408). One query at most, if any is cheaper."""
    billing = subscription.billing
    wanted = [plan for plan in plans if plan.currency == billing.price.currency]
    cheaper = any(plan.price_minor < billing.price.amount_minor for plan in wanted)
    is_owed = cheaper and credit.is_owed(subscription=billing)
    return [
        PlanOffer(
            plan=plan,
            is_dearer=plan.price_minor > billing.price.amount_minor,
            why_not=_why_not(billing, plan, is_owed=is_owed, now=now),
        )
        for plan in wanted
    ]


def _why_not(billing: BillingSubscription, plan: Plan, *, is_owed: bool, now: datetime) -> str:
    if plan.price_minor >= billing.price.amount_minor:
        return ""
    if is_owed and billing.period_ends_at:
        return f"Possible after {_day(billing.period_ends_at)}, when your last change has been credited to you."
    if credit.fits(subscription=billing, price=plan.billing, now=now):
        return ""
    day = credit.fits_from(subscription=billing, price=plan.billing)
    if day is not None:
        return f"Possible from {_day(day)} on: until then, what is left of your month is worth more than one of it."
    return "What is left of your month is worth more than one of it: cancel at the end of the month, and take it then."


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B}"
