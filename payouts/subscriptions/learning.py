"""What Stripe says of a subscription, kept and told. Always its present state, fetched under the row's lock."""

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from payouts import handlers
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.gateway import billing, billing_bodies, facts
from payouts.gateway.billing import StripeSubscription
from payouts.locks import lock_billing_subscription
from payouts.models import (
    LIVE_STATES,
    BillingInvoice,
    BillingPrice,
    BillingState,
    BillingSubscription,
    InvoiceState,
    StripeCall,
)
from payouts.outbox.operations import enqueue
from payouts.subscriptions.opening import end_unpaid

# Source: https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
STATES = {
    "incomplete": BillingState.INCOMPLETE,
    "trialing": BillingState.TRIALING,
    "active": BillingState.ACTIVE,
    "past_due": BillingState.PAST_DUE,
    "unpaid": BillingState.PAST_DUE,
    "paused": BillingState.PAST_DUE,
    "canceled": BillingState.CANCELLED,
    "incomplete_expired": BillingState.ENDED,
}
LOST_ITS_PAYER = "payment_failed"
RENEWAL_TAKES = timedelta(hours=3)
"""A renewal's invoice is a draft for an hour; by then its events should have come."""
LOOK_EVERY = timedelta(hours=6)
"""How often we look at a subscription whose news is overdue."""


def locked_by(*, subscription_id: str, stripe_subscription_id: str) -> BillingSubscription | None:
    """The subscription that something of Stripe's is about, locked. None when it is not ours.

    Raises:
        UnknownObjectError: it says that it is ours and is not known yet.
        ContradictionError: it names one of ours that is another one at Stripe.
    """
    if not subscription_id:
        known = BillingSubscription.objects.filter(stripe_subscription_id=stripe_subscription_id)
        found = known.values_list("id", flat=True).first() if stripe_subscription_id else None
        return None if found is None else lock_billing_subscription(found)
    subscription = lock_billing_subscription(_uuid(subscription_id, object_id=stripe_subscription_id))
    if subscription is None:
        raise UnknownObjectError(f"subscription:{subscription_id}")
    known_as = subscription.stripe_subscription_id
    if known_as and stripe_subscription_id and known_as != stripe_subscription_id:
        raise ContradictionError(f"the subscription is {known_as} already", object_id=stripe_subscription_id)
    return subscription


def _uuid(text: str, *, object_id: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ContradictionError(f"its subscription_id is {text!r}", object_id=object_id) from error


def refresh(*, subscription: BillingSubscription, stripe_subscription_id: str, now: datetime) -> None:
    """Fetch the locked subscription as it is at Stripe now, and keep it.

    Raises:
        StripeUnavailableError, StripeRefusedError: nothing was learned.
    """
    learn(subscription=subscription, told=billing.subscription(stripe_subscription_id), now=now)


def learn(*, subscription: BillingSubscription, told: StripeSubscription, now: datetime) -> None:
    """Keep what Stripe says of the locked subscription, and tell.

    Raises:
        ContradictionError: it has a price that is not of the same payee's.
    """
    subscription.stripe_subscription_id = told.id
    state = _state(told)
    if state == BillingState.INCOMPLETE:
        subscription.save(update_fields=["stripe_subscription_id"])
        return
    if subscription.state == BillingState.INCOMPLETE and state == BillingState.ENDED:
        end_unpaid(subscription=subscription, now=now)
        return
    subscription.price = _price(subscription, told)
    subscription.stripe_item_id = told.item_id
    subscription.state = state
    subscription.period_starts_at, subscription.period_ends_at = told.period_starts_at, told.period_ends_at
    subscription.trial_ends_at = told.trial_ends_at
    subscription.started_at = told.started_at
    live = state in LIVE_STATES
    subscription.ends_at = told.ends_at if live else None
    subscription.ended_at = None if live else told.ended_at or now
    subscription.end_reason = "" if live else told.end_reason or "unknown"
    subscription.check_at = max(told.period_ends_at + RENEWAL_TAKES, now + LOOK_EVERY) if live else None
    if state == BillingState.PAST_DUE:
        subscription.check_at = now + LOOK_EVERY
    subscription.save()
    if not live:
        void_open_invoices(subscription=subscription, now=now)
    handlers.tell("subscription.updated", subscription_id=subscription.id, now=now)


def _state(told: StripeSubscription) -> BillingState:
    state = STATES.get(told.status)
    if state is None:
        raise ContradictionError(f"its status is {told.status!r}", object_id=told.id)
    if state == BillingState.CANCELLED and told.end_reason == LOST_ITS_PAYER:
        return BillingState.ENDED
    return state


def _price(subscription: BillingSubscription, told: StripeSubscription) -> BillingPrice:
    if subscription.price.stripe_price_id == told.price_id:
        return subscription.price
    price = BillingPrice.objects.filter(stripe_price_id=told.price_id).first()
    if price is None:
        raise UnknownObjectError(told.price_id)
    if price.payee_id != subscription.price.payee_id:
        raise ContradictionError(f"{told.price_id} is sold by another payee", object_id=told.id)
    return price


def void_open_invoices(*, subscription: BillingSubscription, now: datetime) -> None:
    """Nobody may pay for a subscription that is over: its open invoices have pages of their own at Stripe."""
    for invoice in BillingInvoice.objects.filter(subscription=subscription, state=InvoiceState.OPEN).order_by("id"):
        call_id = uuid.uuid5(invoice.id, "invoice.void")
        if not StripeCall.objects.filter(id=call_id).exists():
            enqueue(
                call_id=call_id,
                operation="invoice.void",
                subject=subscription.call_subject,
                target_id=invoice.stripe_invoice_id,
                body=billing_bodies.void(),
                now=now,
            )


def take_session(*, session: facts.CheckoutSession, now: datetime) -> None:
    """Learn from a card page of ours that it was completed, or that nobody can pay on it any more.

    Raises:
        UnknownObjectError: the subscription is not known yet.
    """
    subscription = locked_by(subscription_id=session.subscription_id, stripe_subscription_id="")
    if subscription is None:
        return
    if session.status == "complete":
        refresh(subscription=subscription, stripe_subscription_id=session.stripe_subscription_id, now=now)
    elif session.status == "expired":
        end_unpaid(subscription=subscription, now=now)
