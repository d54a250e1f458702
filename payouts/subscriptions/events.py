"""What Stripe's events do to subscriptions. Each only says where to look: the present state is fetched.

So they come in any order and any number of times, and an old one tells nothing old.
"""

from datetime import datetime

from payouts import handlers
from payouts.gateway import billing
from payouts.inbox.registry import handles
from payouts.models import BillingSubscription, StripeEvent
from payouts.subscriptions import learning
from payouts.subscriptions.invoices import learn_invoice


@handles(
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
)
def subscription_changed(*, event: StripeEvent, now: datetime) -> None:
    """It began, changed or is over."""
    _refreshed(event, now=now)


@handles("customer.subscription.trial_will_end")
def trial_will_end(*, event: StripeEvent, now: datetime) -> None:
    """Three days are left before the first charge."""
    subscription = _refreshed(event, now=now)
    if subscription is not None:
        handlers.tell("subscription.trial_will_end", subscription_id=subscription.id, now=now)


def _refreshed(event: StripeEvent, *, now: datetime) -> BillingSubscription | None:
    told = billing.subscription_in(bytes(event.raw))
    subscription = learning.locked_by(subscription_id=told.subscription_id, stripe_subscription_id=told.id)
    if subscription is not None:
        learning.refresh(subscription=subscription, stripe_subscription_id=told.id, now=now)
    return subscription


@handles(
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.voided",
    "invoice.marked_uncollectible",
)
def invoice_changed(*, event: StripeEvent, now: datetime) -> None:
    """It was paid, an attempt failed, or nobody has to pay it any more."""
    told = billing.invoice_in(bytes(event.raw))
    subscription = learning.locked_by(
        subscription_id=told.subscription_id, stripe_subscription_id=told.stripe_subscription_id
    )
    if subscription is not None:
        learn_invoice(subscription=subscription, told=billing.invoice(told.id), now=now)
