"""What Stripe's events about cards and their charges do. Safe in any order and any number of times."""

from datetime import datetime

from django.db.models import QuerySet

from payouts.cards import charges
from payouts.cards.operations import refresh_cards
from payouts.gateway.cards import card_in, intent_in
from payouts.inbox.registry import handles
from payouts.models import Customer, StripeEvent
from payouts.sales import payments
from payouts.wake import wake_after_commit


@handles(
    "payment_method.attached",
    "payment_method.updated",
    "payment_method.automatically_updated",
    "payment_method.detached",
)
def card_changed(*, event: StripeEvent, now: datetime) -> None:
    """Fetch the list as it is now, so that an old event tells nothing old. Customers that are not ours are ignored."""
    card = card_in(bytes(event.raw))
    if card is None:
        return
    user_id = _owners(card.customer_id, card.id).values_list("user_id", flat=True).first()
    if user_id is not None:
        refresh_cards(user_id=user_id, now=now)


def _owners(stripe_customer_id: str, payment_method_id: str) -> QuerySet[Customer]:
    """Whose card it is, or was before it was taken away."""
    if stripe_customer_id:
        return Customer.objects.filter(stripe_customer_id=stripe_customer_id)
    return Customer.objects.filter(cards__payment_method_id=payment_method_id)


@handles("payment_intent.succeeded")
def intent_succeeded(*, event: StripeEvent, now: datetime) -> None:
    """A card was charged; the charge's own event says the same."""
    if charges.take_intent(intent=intent_in(bytes(event.raw)), now=now) is not None:
        wake_after_commit("payouts.tasks.import_balance_transactions")


@handles("payment_intent.payment_failed")
def intent_failed(*, event: StripeEvent, now: datetime) -> None:
    """A card was refused; told late, it changes nothing about a sale that was paid after all."""
    intent = intent_in(bytes(event.raw))
    sale = payments.sale_named(intent.sale_id, object_id=intent.id)
    if sale is not None:
        charges.decline(sale=sale, decline_code=intent.decline_code, message=intent.message, now=now)
