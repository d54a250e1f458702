"""Saved cards: the page that saves one, the list, taking one away, and charging one without its owner.

Every call raises StripeUnavailableError (try again with the same request) or StripeRefusedError (never will).
Source: https://docs.stripe.com/payments/save-and-reuse
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import stripe
from stripe.params import PaymentIntentCreateParams, PaymentMethodDetachParams
from stripe.params.checkout import SessionCreateParams

from payouts.gateway import canonical, reading
from payouts.gateway.amounts import from_stripe, to_stripe
from payouts.gateway.client import client, options
from payouts.gateway.events import inside
from payouts.gateway.facts import Fact
from payouts.gateway.failures import refusal_of, translated
from payouts.gateway.lookups import PAGE, made_by, since
from payouts.gateway.requests import Request

_TEXT_MAX = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(Fact):
    """A card kept at Stripe; `customer_id` is empty once it was taken from its owner."""

    customer_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Fact):
    """A payment of a saved card; `decline_code` says why it was refused, when it was."""

    status: str
    amount_minor: int
    currency: str
    charge_id: str
    sale_id: str
    decline_code: str
    message: str


def setup_session_body(
    *, outbox_id: UUID, stripe_customer_id: str, currency: str, return_url: str, cancel_url: str
) -> str:
    """A hosted page that saves a card and charges nothing; the bank may ask its owner there, once for all.

    The currency only chooses which ways to pay are offered.

    Source: https://docs.stripe.com/payments/checkout/save-and-reuse
    """
    return canonical.text(
        SessionCreateParams(
            mode="setup",
            customer=stripe_customer_id,
            currency=currency.lower(),
            success_url=return_url,
            cancel_url=cancel_url,
            metadata={"outbox_id": str(outbox_id)},
        )
    )


def detach_body() -> str:
    """Detaching takes no parameters. Source: https://docs.stripe.com/api/payment_methods/detach"""
    return canonical.text(PaymentMethodDetachParams())


def intent_body(
    *,
    outbox_id: UUID,
    sale_id: UUID,
    title: str,
    amount_minor: int,
    currency: str,
    stripe_customer_id: str,
    payment_method_id: str,
    receipt_email: str,
) -> str:
    """Charge a saved card now, without its owner: it succeeds or is refused, it never waits for somebody.

    Source: https://docs.stripe.com/payments/save-and-reuse?platform=web&ui=stripe-hosted#charge-saved-payment-method
    """
    return canonical.text(
        PaymentIntentCreateParams(
            amount=to_stripe(amount_minor, currency),
            currency=currency.lower(),
            customer=stripe_customer_id,
            payment_method=payment_method_id,
            automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
            off_session=True,
            confirm=True,
            description=title[:_TEXT_MAX],
            receipt_email=receipt_email,
            metadata={"sale_id": str(sale_id), "outbox_id": str(outbox_id)},
            transfer_group=f"sale_{sale_id}",
        )
    )


def detach_card(payment_method_id: str, request: Request) -> Card:
    """POST /v1/payment_methods/{id}/detach"""
    params = cast("PaymentMethodDetachParams", json.loads(request.body))
    with translated():
        return _card(client().v1.payment_methods.detach(payment_method_id, params, options(request)))


def create_intent(request: Request) -> Intent:
    """POST /v1/payment_intents. A refused card is a StripeRefusedError with the bank's `decline_code`."""
    params = cast("PaymentIntentCreateParams", json.loads(request.body))
    with translated():
        return _intent(client().v1.payment_intents.create(params, options(request)))


def find_intent(*, outbox_id: UUID, stripe_customer_id: str, decided_at: datetime) -> Intent | None:
    """An intent that we made, among its customer's since the decision.

    Raises:
        StripeRefusedError: there is one, and its card was refused.
    """
    with translated():
        listed = client().v1.payment_intents.list(
            {"customer": stripe_customer_id, "created": {"gte": since(decided_at)}, "limit": PAGE}
        )
        found = made_by(listed.auto_paging_iter(), outbox_id)
    if found is None:
        return None
    if found.status == "requires_payment_method" and found.last_payment_error is not None:
        raise refusal_of(found.last_payment_error)
    return _intent(found)


def card(payment_method_id: str) -> Card:
    """GET /v1/payment_methods/{id}"""
    with translated():
        return _card(client().v1.payment_methods.retrieve(payment_method_id))


def cards_of(stripe_customer_id: str) -> tuple[Card, ...]:
    """GET /v1/customers/{id}/payment_methods, oldest first"""
    with translated():
        listed = client().v1.customers.payment_methods.list(stripe_customer_id, {"type": "card", "limit": PAGE})
        return tuple(_card(found) for found in listed.auto_paging_iter())[::-1]


def card_in(raw: bytes) -> Card | None:
    """The card of a `payment_method.*` event, or None when it is another method of payment."""
    method = inside(raw, stripe.PaymentMethod)
    return _card(method) if method.type == "card" else None


def intent_in(raw: bytes) -> Intent:
    """The intent of a `payment_intent.*` event."""
    return _intent(inside(raw, stripe.PaymentIntent))


def _card(found: stripe.PaymentMethod) -> Card:
    looks = found.card
    return Card(
        id=found.id,
        raw=reading.raw_of(found),
        customer_id=reading.id_of(found.customer),
        brand=(looks.display_brand or looks.brand) if looks else "",
        last4=(looks.last4 or "") if looks else "",
        exp_month=looks.exp_month if looks else 1,
        exp_year=looks.exp_year if looks else 1970,
    )


def _intent(found: stripe.PaymentIntent) -> Intent:
    currency = found.currency.upper()
    error = found.last_payment_error
    return Intent(
        id=found.id,
        raw=reading.raw_of(found),
        status=found.status,
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        charge_id=reading.id_of(found.latest_charge),
        sale_id=reading.metadata(found.metadata, "sale_id"),
        decline_code=(error.decline_code or error.code or "") if error else "",
        message=(error.message or "") if error else "",
    )
