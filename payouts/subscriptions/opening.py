"""Open a subscription with the card page that starts it, and give up one that nobody paid."""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from config import clock
from payouts import handlers
from payouts.customers.operations import open_customer, reach_customer
from payouts.gateway import billing_bodies
from payouts.locks import lock_billing_subscription
from payouts.models import BillingPrice, BillingState, BillingSubscription, CallState, StripeCall
from payouts.outbox.operations import deliver, enqueue
from payouts.sales.operations import SENDING_MAY_TAKE, SESSION_LIVES_AT_LEAST

SESSION_LIVES = SESSION_LIVES_AT_LEAST + SENDING_MAY_TAKE
LOOK_AFTER = timedelta(minutes=5)
"""So long after its end we look at what became of a session whose event did not come."""
CALLER_DELIVERS_WITHIN_S = 5.0
SESSION = "subscription_session.create"
NEVER_PAID = "never_paid"


@transaction.atomic
def open_subscription(
    *,
    subscription_id: UUID,
    payer_id: UUID,
    payer_name: str,
    payer_email: str,
    price: BillingPrice,
    trial_days: int,
    return_url: str,
    cancel_url: str,
    now: datetime,
) -> BillingSubscription:
    """Write a subscription down in the caller's transaction, which follows its commit with `start_checkout`.

    The card page is asked for once the payer is a customer at Stripe, which `start_checkout` or the sweeper sees to.
    """
    customer = open_customer(user_id=payer_id, name=payer_name, email=payer_email, now=now)
    ends = now + SESSION_LIVES
    subscription = BillingSubscription.objects.create(
        id=subscription_id,
        payer_id=payer_id,
        customer=customer,
        price=price,
        trial_days=trial_days,
        return_url=return_url,
        cancel_url=cancel_url,
        session_expires_at=ends,
        opened_at=now,
        check_at=ends + LOOK_AFTER,
    )
    if customer.stripe_customer_id:
        ask_for_session(subscription=subscription, now=now)
    return subscription


def ask_for_session(*, subscription: BillingSubscription, now: datetime) -> None:
    """Write down that the locked subscription's card page is to be made; only one ever is."""
    if StripeCall.objects.filter(subject=subscription.call_subject, operation=SESSION).exists():
        return
    # A customer that took long to reach must not have eaten the time that Stripe asks for.
    ends = max(subscription.session_expires_at, now + SESSION_LIVES)
    subscription.session_expires_at, subscription.check_at = ends, ends + LOOK_AFTER
    subscription.save(update_fields=["session_expires_at", "check_at"])
    call_id = uuid.uuid4()
    body = billing_bodies.checkout_session(
        outbox_id=call_id,
        subscription_id=subscription.id,
        customer_id=subscription.customer.stripe_customer_id,
        stripe_price_id=subscription.price.stripe_price_id,
        trial_days=subscription.trial_days,
        expires_at=ends,
        return_url=subscription.return_url,
        cancel_url=subscription.cancel_url,
    )
    enqueue(
        call_id=call_id,
        operation=SESSION,
        subject=subscription.call_subject,
        body=body,
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )


@handlers.on("customer.ready")
def customer_ready(*, customer_id: UUID, now: datetime, **_: object) -> None:
    """The subscriptions that waited for their customer get their card pages."""
    waiting = BillingSubscription.objects.filter(customer_id=customer_id, state=BillingState.INCOMPLETE)
    for subscription_id in waiting.order_by("id").values_list("id", flat=True):
        subscription = lock_billing_subscription(subscription_id)
        if subscription is not None and subscription.state == BillingState.INCOMPLETE:
            ask_for_session(subscription=subscription, now=now)


def start_checkout(*, subscription_id: UUID, now: datetime) -> BillingSubscription:
    """Make the card page now, outside any transaction, right after the commit of `open_subscription`.

    The subscription as it is then: `checkout_url` is empty while Stripe cannot be reached (the sweeper goes on
    trying), and it has ended when Stripe refused.
    """
    subscription = BillingSubscription.objects.select_related("customer").get(id=subscription_id)
    customer = subscription.customer
    if not customer.stripe_customer_id:
        reach_customer(user_id=customer.user_id, name=customer.name, email=customer.email, now=now)
    calls = StripeCall.objects.filter(subject=subscription.call_subject, operation=SESSION)
    call_id = calls.values_list("id", flat=True).first()
    if call_id is not None:
        deliver(call_id=call_id)
    return BillingSubscription.objects.get(id=subscription_id)


@transaction.atomic
def abandon_subscription(*, subscription_id: UUID, now: datetime) -> BillingSubscription | None:
    """Give up one that is not paid; it has ended once Stripe confirms that nobody can pay on its card page any more.

    One that Stripe was never asked about ends at once; one that has started is left as it is.
    """
    subscription = lock_billing_subscription(subscription_id)
    if subscription is None or subscription.state != BillingState.INCOMPLETE:
        return subscription
    if subscription.checkout_session_id:
        ask_to_expire(subscription=subscription, now=now)
    elif never_sent(subscription=subscription):
        end_unpaid(subscription=subscription, now=now)
    return subscription


def never_sent(*, subscription: BillingSubscription) -> bool:
    """Take back the locked subscription's call for its card page, unless somebody has claimed it."""
    calls = StripeCall.objects.filter(subject=subscription.call_subject, operation=SESSION)
    calls.filter(state=CallState.PENDING, attempts=0).update(
        state=CallState.FAILED,
        error="Taken back before it was sent: the subscription was given up",
        error_code="taken_back",
        finished_at=clock.real_now(),
    )
    return not calls.exclude(state=CallState.FAILED).exists()


def ask_to_expire(*, subscription: BillingSubscription, now: datetime) -> None:
    """Write down, once, that the locked subscription's card page is to be closed."""
    call_id = uuid.uuid5(subscription.id, "subscription_session.expire")
    if not StripeCall.objects.filter(id=call_id).exists():
        enqueue(
            call_id=call_id,
            operation="subscription_session.expire",
            subject=subscription.call_subject,
            target_id=subscription.checkout_session_id,
            body="{}",
            now=now,
        )


def end_unpaid(*, subscription: BillingSubscription, now: datetime, failure: str = "") -> None:
    """The locked subscription was never paid and cannot be any more: tell so, once."""
    if subscription.state != BillingState.INCOMPLETE:
        return
    subscription.state = BillingState.ENDED
    subscription.end_reason = NEVER_PAID
    subscription.ended_at, subscription.check_at = now, None
    subscription.failure = failure[:500]
    subscription.save()
    handlers.tell("subscription.updated", subscription_id=subscription.id, now=now)
