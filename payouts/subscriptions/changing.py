"""Change a running subscription: end it now or with the paid month, go on after all, take another price.

Each is decided in one transaction and done at Stripe right after it; what Stripe then says of it is kept.
"""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from payouts.errors import StripeUnavailableError, SubscriptionChangeError, UnknownSubscriptionError
from payouts.gateway import billing, billing_bodies
from payouts.locks import lock_billing_subscription
from payouts.models import LIVE_STATES, BillingPrice, BillingState, BillingSubscription, CallState, StripeCall
from payouts.models.call import OPEN_STATES
from payouts.outbox.operations import deliver, enqueue
from payouts.subscriptions.opening import CALLER_DELIVERS_WITHIN_S

UPDATE, CANCEL = "subscription.update", "subscription.cancel"
PREVIEW_HOLDS = timedelta(minutes=15)
CANNOT_NOW: dict[str, str] = {
    BillingState.PAST_DUE: "Pay what is open first; then the plan can be changed.",
    BillingState.INCOMPLETE: "Pay the first month first; then the plan can be changed.",
}


@transaction.atomic
def end_subscription(*, subscription_id: UUID, at_period_end: bool, now: datetime) -> UUID | None:
    """Decide to end it: with the month that is paid, or now. The call that does so, or None when it is over already.

    Nothing is given back for the rest of the month; a refund is a decision of its own.

    Raises:
        UnknownSubscriptionError: there is no such subscription.
    """
    subscription = _locked(subscription_id)
    if subscription.state not in LIVE_STATES:
        return None
    if at_period_end:
        return None if subscription.ends_at else _ask_to_end(subscription, at_period_end=True, now=now)
    return ask_to_cancel(subscription=subscription, now=now)


@transaction.atomic
def resume_subscription(*, subscription_id: UUID, now: datetime) -> UUID | None:
    """Decide to go on after all; None when no end was decided, or it is over.

    Raises:
        UnknownSubscriptionError: there is no such subscription.
    """
    subscription = _locked(subscription_id)
    if subscription.state not in LIVE_STATES or not subscription.ends_at:
        return None
    return _ask_to_end(subscription, at_period_end=False, now=now)


@transaction.atomic
def change_price(*, subscription_id: UUID, price_id: UUID, prorated_at: datetime, now: datetime) -> UUID | None:
    """Decide to take another price of the same payee: a dearer one charges the difference for the rest of the month
    now, a cheaper one is credited on the next invoice. None when it has that price.

    The rest of the month counts from `prorated_at`, for which `previewing.preview_change` says what it costs.

    Raises:
        UnknownSubscriptionError: there is no such subscription.
        SubscriptionChangeError: it is over, its last month is not paid, or the price is not to be had.
    """
    subscription = _locked(subscription_id)
    price = BillingPrice.objects.get(id=price_id)
    if price.id == subscription.price_id:
        return None
    check_change(subscription, price)
    check_moment(subscription, prorated_at, now=now)
    running = subscription.state == BillingState.ACTIVE
    call_id = uuid.uuid4()
    body = billing_bodies.change_of_price(
        outbox_id=call_id,
        item_id=subscription.stripe_item_id,
        stripe_price_id=price.stripe_price_id,
        charge_now=running and price.amount_minor > subscription.price.amount_minor,
        prorated_at=prorated_at if running else None,
    )
    return _update(subscription, call_id, body, now=now)


def check_change(subscription: BillingSubscription, price: BillingPrice) -> None:
    """Raise SubscriptionChangeError for what is in the way of taking this price. Reads `subscription.price`."""
    present = subscription.price
    if subscription.state not in {BillingState.TRIALING, BillingState.ACTIVE}:
        raise SubscriptionChangeError(CANNOT_NOW.get(subscription.state, "It is over. Subscribe to this plan anew."))
    if subscription.ends_at:
        raise SubscriptionChangeError("Its end is decided. Keep your subscription first; then change the plan.")
    if price.retired_at or not price.stripe_price_id:
        raise SubscriptionChangeError("This plan cannot be had just now.")
    if (price.payee_id, price.currency) != (present.payee_id, present.currency):
        raise SubscriptionChangeError("A subscription keeps its creator and its currency; start another one instead.")


def check_moment(subscription: BillingSubscription, prorated_at: datetime, *, now: datetime) -> None:
    """Raise SubscriptionChangeError when figures as of that moment no longer hold."""
    started = subscription.period_starts_at
    if not now - PREVIEW_HOLDS <= prorated_at <= now or (started is not None and prorated_at < started):
        raise SubscriptionChangeError("These figures are no longer current. Look at the new ones, then confirm.")


def ask_to_cancel(*, subscription: BillingSubscription, now: datetime) -> UUID:
    """Write down, once, that the locked subscription is to be ended now."""
    call_id = uuid.uuid5(subscription.id, CANCEL)
    if not StripeCall.objects.filter(id=call_id).exists():
        enqueue(
            call_id=call_id,
            operation=CANCEL,
            subject=subscription.call_subject,
            target_id=subscription.stripe_subscription_id,
            body=billing_bodies.cancellation(),
            left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
            now=now,
        )
    return call_id


def _ask_to_end(subscription: BillingSubscription, *, at_period_end: bool, now: datetime) -> UUID:
    call_id = uuid.uuid4()
    body = billing_bodies.end_of_subscription(outbox_id=call_id, at_period_end=at_period_end)
    return _update(subscription, call_id, body, now=now)


def _update(subscription: BillingSubscription, call_id: UUID, body: str, *, now: datetime) -> UUID:
    """One change at a time: two under way at once could reach Stripe in either order."""
    under_way = StripeCall.objects.filter(
        subject=subscription.call_subject, operation__in=[UPDATE, CANCEL], state__in=OPEN_STATES
    )
    if under_way.exists():
        raise SubscriptionChangeError("Another change is still under way at Stripe. Try again in a minute.")
    enqueue(
        call_id=call_id,
        operation=UPDATE,
        subject=subscription.call_subject,
        target_id=subscription.stripe_subscription_id,
        body=body,
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )
    return call_id


def carry_out(*, call_id: UUID | None) -> bool:
    """Do what was decided, outside any transaction. False while Stripe is away: the sweeper goes on trying.

    Raises:
        SubscriptionChangeError: Stripe refused it (a card that was declined, say), and nothing was changed.
    """
    if call_id is None:
        return True
    call = deliver(call_id=call_id)
    if call.state == CallState.FAILED:
        raise SubscriptionChangeError(call.error)
    return call.state == CallState.DONE


def portal_url(*, subscription_id: UUID, return_url: str) -> str:
    """A link to Stripe's customer portal, good for minutes. Outside any transaction.

    Raises:
        UnknownSubscriptionError: there is no such subscription.
        SubscriptionChangeError: Stripe cannot be reached.
    """
    subscription = BillingSubscription.objects.select_related("customer").filter(id=subscription_id).first()
    if subscription is None:
        raise UnknownSubscriptionError(subscription_id)
    customer_id = subscription.customer.stripe_customer_id
    try:
        return billing.portal_url(customer_id=customer_id, return_url=return_url)
    except StripeUnavailableError as error:
        raise SubscriptionChangeError("Stripe cannot be reached just now. Try again in a minute.") from error


def _locked(subscription_id: UUID) -> BillingSubscription:
    subscription = lock_billing_subscription(subscription_id)
    if subscription is None:
        raise UnknownSubscriptionError(subscription_id)
    return subscription
