"""The way to the card page, right after a subscription was opened."""

from datetime import datetime
from uuid import UUID

from payouts.models import BillingState
from payouts.subscriptions.opening import start_checkout
from rooms.errors import AlreadySubscribedError
from rooms.models import Subscription
from rooms.purchases.context import PurchaseContext
from rooms.subscriptions import operations


def start(
    *, plan_id: UUID, subscriber_id: UUID, context: PurchaseContext | None = None, now: datetime
) -> Subscription:
    """Subscribe and ask Stripe for the card page, outside any transaction; the subscription as it is then.

    A card page that is open for another plan of the creator's is closed first, so that nobody pays for two.

    Raises:
        And what `operations.subscribe` raises.
    """
    try:
        found = operations.subscribe(plan_id=plan_id, subscriber_id=subscriber_id, context=context, now=now)
    except AlreadySubscribedError as error:
        if error.state != BillingState.INCOMPLETE:
            raise
        operations.give_up(subscription_id=error.subscription_id, subscriber_id=subscriber_id, now=now)
        found = operations.subscribe(plan_id=plan_id, subscriber_id=subscriber_id, context=context, now=now)
    return open_now(found, now=now)


def open_now(found: Subscription, *, now: datetime) -> Subscription:
    """Ask Stripe for the card page if nobody has; it stays empty while Stripe cannot be reached."""
    if not found.billing.checkout_url:
        found.billing = start_checkout(subscription_id=found.billing_id, now=now)
    return found


def card_page_of(found: Subscription) -> str:
    """Where to pay now; nothing once there is nothing to pay, or while the page is not ready."""
    return found.billing.checkout_url if found.state == BillingState.INCOMPLETE else ""
