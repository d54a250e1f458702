"""What pages, access and the studio read about subscriptions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from payouts.models import LIVE_STATES, BillingInvoice, BillingState
from rooms.models import Gift, Plan, Subscription

PAYING = (BillingState.ACTIVE, BillingState.PAST_DUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """What recurs each month in one currency: gross, before anybody's part is taken."""

    currency: str
    amount_minor: int
    subscribers: int


def grants_access(*, user_id: UUID, creator_id: UUID, now: datetime) -> bool:
    """Whether a person's subscription, or a gift, opens this creator's rooms now: one query, or two."""
    mine = Subscription.objects.filter(subscriber_id=user_id, creator_id=creator_id)
    if mine.filter(access_until__gt=now, cut_off_at__isnull=True).exists():
        return True
    given = Gift.objects.filter(claimed_by_id=user_id, creator_id=creator_id, cut_off_at__isnull=True)
    return given.filter(starts_at__lte=now, ends_at__gt=now).exists()


def gifts_to(*, user_id: UUID) -> QuerySet[Gift]:
    """The gifts that a person has claimed, the last to end first: one query."""
    claimed = Gift.objects.filter(claimed_by_id=user_id).select_related("creator", "plan", "buyer")
    return claimed.order_by("-ends_at", "id")


def plans_on_sale(*, creator_id: UUID) -> QuerySet[Plan]:
    """A creator's plans that can be subscribed to, cheapest first: one query."""
    on_sale = Plan.objects.filter(creator_id=creator_id, retired_at__isnull=True)
    return on_sale.exclude(billing__stripe_price_id="").select_related("creator", "billing")


def plans_on_sale_of(*, handle: str) -> QuerySet[Plan]:
    """The same by the creator's handle."""
    on_sale = Plan.objects.filter(creator__handle=handle.lower(), retired_at__isnull=True)
    return on_sale.exclude(billing__stripe_price_id="")


def with_billing() -> QuerySet[Subscription]:
    """Subscriptions with all that their documents read: one query."""
    return Subscription.objects.select_related("creator", "plan", "billing__price")


def plans_with_subscribers(*, creator_id: UUID) -> QuerySet[Plan]:
    """Every plan of a creator's, those on sale first, each with `subscribers`, who have it now: one query."""
    now_there = Count("subscriptions", filter=Q(subscriptions__state__in=LIVE_STATES))
    plans = Plan.objects.filter(creator_id=creator_id).select_related("billing").annotate(subscribers=now_there)
    return plans.order_by(F("retired_at").desc(nulls_first=True), "price_minor", "opened_at")


def monthly_of(*, creator_id: UUID) -> list[Monthly]:
    """What recurs each month, by currency: one query. Trials pay nothing yet, those who cancelled nothing more."""
    paying = Subscription.objects.filter(
        creator_id=creator_id, state__in=PAYING, billing__ends_at__isnull=True, cut_off_at__isnull=True
    )
    sums = (
        paying.order_by()
        .values_list("billing__price__currency")
        .annotate(amount=Sum("billing__price__amount_minor"), n=Count("id"))
        .order_by("billing__price__currency")
    )
    return [Monthly(currency=currency, amount_minor=amount, subscribers=n) for currency, amount, n in sums]


def subscribers_of(*, creator_id: UUID) -> int:
    """How many subscribe now, trials included: one query."""
    return Subscription.objects.filter(creator_id=creator_id, state__in=LIVE_STATES).count()


def subscriptions_of(*, user_id: UUID) -> QuerySet[Subscription]:
    """A person's subscriptions, newest first, with creator, plan and billing: one query."""
    return with_billing().filter(subscriber_id=user_id).order_by("-opened_at", "id")


def invoices_of(*, billing_id: UUID) -> QuerySet[BillingInvoice]:
    """The invoices of a subscription, latest first: one query."""
    invoices = BillingInvoice.objects.filter(subscription_id=billing_id)
    return invoices.select_related("subscription__membership").order_by("-created_at", "id")


def invoice_of(*, billing_id: UUID, invoice_id: UUID) -> BillingInvoice | None:
    """One invoice of a subscription, with its sale: one query."""
    invoices = BillingInvoice.objects.filter(subscription_id=billing_id).select_related("sale")
    return invoices.filter(id=invoice_id).first()


def due_to_lapse(*, now: datetime, limit: int) -> list[UUID]:
    """Subscriptions whose access has run out without a word from Stripe."""
    due = Subscription.objects.filter(access_until__lte=now, lapsed_at__isnull=True)
    return list(due.order_by("access_until", "id").values_list("id", flat=True)[:limit])
