"""Subscribing, and what a subscriber decides about it afterwards."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from payouts.errors import SubscriptionChangeError
from payouts.models import BillingState
from payouts.subscriptions import changing, opening
from rooms import locks, shares
from rooms.errors import (
    AlreadySubscribedError,
    OwnPlanError,
    PlanNotSoldError,
    SubscriptionNotChangedError,
    SubscriptionNotFoundError,
)
from rooms.models import Plan, Subscription, User
from rooms.models.subscription import OPEN_STATES
from rooms.purchases.context import PurchaseContext
from rooms.purchases.operations import record_subscription


def subscribe(
    *, plan_id: UUID, subscriber_id: UUID, context: PurchaseContext | None = None, now: datetime
) -> Subscription:
    """Open a subscription and the card page that starts it; pressing twice gives the same one.

    The caller goes on with `rooms.subscriptions.checkout.open_now` after its commit. A trial is for those who never
    subscribed to this creator before.

    Raises:
        OwnPlanError, PlanNotSoldError: nothing was opened and nothing is charged.
        AlreadySubscribedError: there is one, which can change its plan; or an earlier card page is still open.
    """
    with transaction.atomic():
        subscriber = locks.lock_buyer(subscriber_id)
        plan = Plan.objects.select_related("creator__payee", "billing").get(id=plan_id)
        present = Subscription.objects.filter(creator=plan.creator, subscriber=subscriber, state__in=OPEN_STATES)
        found = present.select_related("billing", "plan").first()
        if found is not None:
            if found.state == BillingState.INCOMPLETE and found.plan_id == plan.id:
                return found
            raise AlreadySubscribedError(subscription_id=found.id, state=found.state)
        _check(plan, subscriber)
        opened = _open(plan, subscriber, now=now)
        record_subscription(subscription_id=opened.id, context=context, now=now)
        return opened


def _check(plan: Plan, subscriber: User) -> None:
    if plan.creator.user_id == subscriber.id:
        raise OwnPlanError(plan_id=plan.id)
    if plan.retired_at is not None or not plan.is_ready or not shares.is_ready(plan.creator):
        raise PlanNotSoldError(plan_id=plan.id, retired=plan.retired_at is not None)


def _open(plan: Plan, subscriber: User, *, now: datetime) -> Subscription:
    had_one = Subscription.objects.filter(
        creator=plan.creator, subscriber=subscriber, billing__started_at__isnull=False
    ).exists()
    subscription = Subscription(id=uuid4(), creator=plan.creator, plan=plan, subscriber=subscriber, opened_at=now)
    page = settings.PUBLIC_URL + reverse("subscription", kwargs={"subscription_id": subscription.id})
    subscription.billing = opening.open_subscription(
        subscription_id=uuid4(),
        payer_id=subscriber.id,
        payer_name=subscriber.display_name,
        payer_email=subscriber.email,
        price=plan.billing,
        trial_days=0 if had_one else plan.trial_days,
        return_url=f"{page}?from=checkout",
        cancel_url=f"{page}?from=back",
        now=now,
    )
    subscription.save(force_insert=True)
    return subscription


def give_up(*, subscription_id: UUID, subscriber_id: UUID, now: datetime) -> Subscription:
    """Close the card page of one that was not paid. Over once Stripe confirms it; nothing was charged.

    Raises:
        SubscriptionNotFoundError: not a subscription of this person.
    """
    found = own(subscription_id=subscription_id, subscriber_id=subscriber_id)
    opening.abandon_subscription(subscription_id=found.billing_id, now=now)
    return own(subscription_id=subscription_id, subscriber_id=subscriber_id)


def cancel(*, subscription_id: UUID, subscriber_id: UUID, at_period_end: bool, now: datetime) -> Subscription:
    """End a subscription with the month that is paid, or now. Outside any transaction.

    Nothing is given back for the rest of a month, as at Patreon and Ghost; a refund is the creator's to decide. While
    Stripe is away it is done as soon as it is back.

    Raises:
        SubscriptionNotFoundError: not a subscription of this person.
        SubscriptionNotChangedError: Stripe refused, or another change is under way.
    """
    found = own(subscription_id=subscription_id, subscriber_id=subscriber_id)
    billing_id = found.billing_id
    return carried_out(
        found,
        lambda: changing.end_subscription(subscription_id=billing_id, at_period_end=at_period_end, now=now),
    )


def resume(*, subscription_id: UUID, subscriber_id: UUID, now: datetime) -> Subscription:
    """Go on after all. Outside any transaction. Raises as `cancel`."""
    found = own(subscription_id=subscription_id, subscriber_id=subscriber_id)
    billing_id = found.billing_id
    return carried_out(found, lambda: changing.resume_subscription(subscription_id=billing_id, now=now))


def portal(*, subscription_id: UUID, subscriber_id: UUID) -> str:
    """A link to Stripe's customer portal, where the card is changed. Outside any transaction.

    Raises:
        SubscriptionNotFoundError: not a subscription of this person.
        SubscriptionNotChangedError: Stripe cannot be reached.
    """
    found = own(subscription_id=subscription_id, subscriber_id=subscriber_id)
    page = settings.PUBLIC_URL + found.get_absolute_url()
    try:
        return changing.portal_url(subscription_id=found.billing_id, return_url=page)
    except SubscriptionChangeError as error:
        raise SubscriptionNotChangedError(subscription_id=found.id, reason=error.reason) from error


def own(*, subscription_id: UUID, subscriber_id: UUID) -> Subscription:
    """A subscription of this person's, with what its pages read.

    Raises:
        SubscriptionNotFoundError: there is none.
    """
    mine = Subscription.objects.select_related("creator__payee", "plan", "billing__price")
    found = mine.filter(id=subscription_id, subscriber_id=subscriber_id).first()
    if found is None:
        raise SubscriptionNotFoundError(subscription_id=subscription_id)
    return found


def carried_out(found: Subscription, decide: Callable[[], UUID | None]) -> Subscription:
    """Decide, do it at Stripe, and answer the subscription as it is then."""
    try:
        changing.carry_out(call_id=decide())
    except SubscriptionChangeError as error:
        raise SubscriptionNotChangedError(subscription_id=found.id, reason=error.reason) from error
    return own(subscription_id=found.id, subscriber_id=found.subscriber_id)
