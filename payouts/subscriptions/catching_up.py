"""Look at Stripe's side of subscriptions whose news is overdue, so that a lost event costs hours and nothing else."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from payouts.errors import StripeError
from payouts.gateway import billing, lookups
from payouts.locks import lock_billing_subscription
from payouts.models import BillingState, BillingSubscription
from payouts.subscriptions import learning
from payouts.subscriptions.invoices import learn_invoice
from payouts.subscriptions.opening import end_unpaid, never_sent

log = structlog.get_logger(__name__)

LOOKS_BACK = timedelta(days=40)
"""Invoices of the present month and of the one before."""


def overdue(*, now: datetime, limit: int) -> list[UUID]:
    """The subscriptions to look at now, longest overdue first."""
    due = BillingSubscription.objects.filter(check_at__lte=now)
    return list(due.order_by("check_at", "id").values_list("id", flat=True)[:limit])


def catch_up(*, subscription_id: UUID, now: datetime) -> bool:
    """Fetch a subscription and its invoices as they are now. False when Stripe could not say: later again."""
    try:
        with transaction.atomic():
            subscription = lock_billing_subscription(subscription_id)
            if subscription is None or subscription.check_at is None or subscription.check_at > now:
                return True
            if subscription.stripe_subscription_id:
                _look(subscription, now=now)
            else:
                _look_at_session(subscription, now=now)
    except StripeError as error:
        log.warning("subscription.not_caught_up", subscription_id=str(subscription_id), error=str(error))
        later = BillingSubscription.objects.filter(id=subscription_id, check_at__isnull=False)
        later.update(check_at=now + learning.LOOK_EVERY / 6)
        return False
    return True


def _look(subscription: BillingSubscription, *, now: datetime) -> None:
    told = billing.invoices_since(subscription_id=subscription.stripe_subscription_id, since_=now - LOOKS_BACK)
    for invoice in told:
        learn_invoice(subscription=subscription, told=invoice, now=now)
    learning.refresh(subscription=subscription, stripe_subscription_id=subscription.stripe_subscription_id, now=now)
    if subscription.state == BillingState.INCOMPLETE:
        subscription.check_at = now + learning.LOOK_EVERY
        subscription.save(update_fields=["check_at"])


def _look_at_session(subscription: BillingSubscription, *, now: datetime) -> None:
    """The card page's time is over: it was completed, or nobody can pay on it any more."""
    if subscription.checkout_session_id:
        session = lookups.checkout_session(subscription.checkout_session_id)
        if session.status != "open":
            learning.take_session(session=session, now=now)
            return
    elif never_sent(subscription=subscription):
        end_unpaid(subscription=subscription, now=now)
        return
    subscription.check_at = now + learning.LOOK_EVERY
    subscription.save(update_fields=["check_at"])
