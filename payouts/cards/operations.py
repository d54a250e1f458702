"""Lead somebody to the page that saves a card, keep the list in step with Stripe's, and take a card away."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from payouts.customers.operations import reach_customer, subject_of
from payouts.errors import CustomerUnavailableError, UnknownCardError
from payouts.gateway import cards as gateway
from payouts.locks import lock_customer
from payouts.models import CallState, Customer, SavedCard
from payouts.outbox.operations import deliver, enqueue

TRY_AGAIN = "Stripe cannot be reached just now. Nothing was charged; please try again in a minute."
CALLER_DELIVERS_WITHIN_S = 5.0


def setup_url(*, user_id: UUID, name: str, email: str, return_url: str, cancel_url: str, now: datetime) -> str:
    """Where the person saves a card: a hosted page, good for a day. Outside any transaction.

    Raises:
        CustomerUnavailableError: Stripe cannot be reached, or refused; the reason is for the person.
    """
    customer = reach_customer(user_id=user_id, name=name, email=email, now=now)
    if not customer.stripe_customer_id:
        raise CustomerUnavailableError(TRY_AGAIN)
    call_id = uuid.uuid4()
    body = gateway.setup_session_body(
        outbox_id=call_id,
        stripe_customer_id=customer.stripe_customer_id,
        currency=settings.DEFAULT_CURRENCY,
        return_url=return_url,
        cancel_url=cancel_url,
    )
    enqueue(
        call_id=call_id,
        operation="setup_session.create",
        subject=subject_of(customer.id),
        body=body,
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )
    call = deliver(call_id=call_id)
    if call.state != CallState.DONE or call.result is None:
        raise CustomerUnavailableError(call.error if call.state == CallState.FAILED else TRY_AGAIN)
    return str(call.result["url"])


@transaction.atomic
def remove_card(*, user_id: UUID, payment_method_id: str, now: datetime) -> SavedCard:
    """Take a card from the person, here at once and at Stripe through the outbox; a second time does nothing.

    Raises:
        UnknownCardError: the person has no such card.
    """
    customer = _lock_owner(user_id, payment_method_id)
    card = customer.cards.get(payment_method_id=payment_method_id)
    if card.removed_at is not None:
        return card
    _take_away(card, now=now)
    _choose_another(customer)
    enqueue(
        call_id=uuid.uuid4(),
        operation="payment_method.detach",
        subject=subject_of(customer.id),
        target_id=payment_method_id,
        body=gateway.detach_body(),
        now=now,
    )
    return card


@transaction.atomic
def choose_card(*, user_id: UUID, payment_method_id: str) -> SavedCard:
    """The card that one tap charges from now on.

    Raises:
        UnknownCardError: the person has no such card, or removed it.
    """
    customer = _lock_owner(user_id, payment_method_id)
    card = customer.cards.filter(payment_method_id=payment_method_id, removed_at__isnull=True).first()
    if card is None:
        raise UnknownCardError(payment_method_id)
    customer.cards.filter(is_default=True).exclude(payment_method_id=payment_method_id).update(is_default=False)
    card.is_default = True
    card.save(update_fields=["is_default"])
    return card


@transaction.atomic
def refresh_cards(*, user_id: UUID, now: datetime) -> None:
    """Ask Stripe which cards the person has, under the lock of the customer, so that an older answer never wins.

    Raises:
        StripeUnavailableError, StripeRefusedError: what we knew stays.
    """
    customer_id = Customer.objects.filter(user_id=user_id).values_list("id", flat=True).first()
    customer = None if customer_id is None else lock_customer(customer_id)
    if customer is not None and customer.stripe_customer_id:
        learn_cards(customer=customer, cards=gateway.cards_of(customer.stripe_customer_id), now=now)


def learn_cards(*, customer: Customer, cards: Sequence[gateway.Card], now: datetime) -> None:
    """Bring the locked customer's cards in step with Stripe's list. A card that was removed never comes back."""
    known = {card.payment_method_id: card for card in customer.cards.all()}
    for fact in cards:
        card = known.pop(fact.id, None) or SavedCard(payment_method_id=fact.id, customer=customer, added_at=now)
        card.brand, card.last4 = fact.brand, fact.last4
        card.exp_month, card.exp_year = fact.exp_month, fact.exp_year
        card.save()
    for card in known.values():
        if card.removed_at is None:
            _take_away(card, now=now)
    _choose_another(customer)


def _lock_owner(user_id: UUID, payment_method_id: str) -> Customer:
    owners = Customer.objects.filter(user_id=user_id, cards__payment_method_id=payment_method_id)
    owner_id = owners.values_list("id", flat=True).first()
    customer = None if owner_id is None else lock_customer(owner_id)
    if customer is None:
        raise UnknownCardError(payment_method_id)
    return customer


def _take_away(card: SavedCard, *, now: datetime) -> None:
    card.removed_at = now
    card.is_default = False
    card.save(update_fields=["removed_at", "is_default"])


def _choose_another(customer: Customer) -> None:
    """Somebody with cards has one that is charged by default: the newest, where none was chosen."""
    cards = customer.cards.filter(removed_at__isnull=True)
    newest = cards.order_by("-added_at", "-payment_method_id").first()
    if newest is not None and not cards.filter(is_default=True).exists():
        newest.is_default = True
        newest.save(update_fields=["is_default"])
