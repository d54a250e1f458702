"""Billing: prices, subscriptions, invoices. Source: https://docs.stripe.com/api/subscriptions and /invoices"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import stripe
from stripe.params import (
    InvoiceVoidInvoiceParams,
    PriceCreateParams,
    PriceUpdateParams,
    SubscriptionCancelParams,
    SubscriptionUpdateParams,
)

from payouts.gateway.amounts import from_stripe
from payouts.gateway.client import client, options
from payouts.gateway.events import inside
from payouts.gateway.facts import Fact
from payouts.gateway.failures import translated
from payouts.gateway.lookups import PAGE, made_by, since
from payouts.gateway.reading import id_of, metadata, moment, raw_of
from payouts.gateway.requests import Request

ENDED_STATUSES = frozenset({"canceled", "incomplete_expired"})
WITH_PAYMENTS = ["payments.data.payment.payment_intent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StripePrice(Fact):
    """A price of a product; what it costs never changes."""

    product_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeSubscription(Fact):
    """A subscription; `subscription_id` comes from the metadata that we gave it, `status` is Stripe's word."""

    subscription_id: str
    outbox_id: str
    status: str
    customer_id: str
    item_id: str
    price_id: str
    period_starts_at: datetime
    period_ends_at: datetime
    trial_ends_at: datetime | None
    ends_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    end_reason: str
    latest_invoice_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeInvoice(Fact):
    """An invoice of a subscription. Intent and charge are those that paid it, where it was fetched with payments."""

    subscription_id: str
    stripe_subscription_id: str
    status: str
    reason: str
    due_minor: int
    paid_minor: int
    currency: str
    period_starts_at: datetime
    period_ends_at: datetime
    attempts: int
    next_attempt_at: datetime | None
    pay_url: str
    created_at: datetime
    paid_at: datetime | None
    payment_intent_ids: tuple[str, ...]
    charge_id: str


def create_price(request: Request) -> StripePrice:
    """POST /v1/prices"""
    params = cast("PriceCreateParams", json.loads(request.body))
    with translated():
        return _price(client().v1.prices.create(params, options(request)))


def update_price(price_id: str, request: Request) -> StripePrice:
    """POST /v1/prices/{id}"""
    params = cast("PriceUpdateParams", json.loads(request.body))
    with translated():
        return _price(client().v1.prices.update(price_id, params, options(request)))


def find_price(*, outbox_id: UUID, decided_at: datetime) -> StripePrice | None:
    """A price that we made, among those created since the decision."""
    with translated():
        listed = client().v1.prices.list({"created": {"gte": since(decided_at)}, "limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else _price(found)


def price(price_id: str) -> tuple[StripePrice, bool]:
    """GET /v1/prices/{id}, and whether it can be subscribed to"""
    with translated():
        found = client().v1.prices.retrieve(price_id)
    return _price(found), found.active


def update_subscription(subscription_id: str, request: Request) -> StripeSubscription:
    """POST /v1/subscriptions/{id}"""
    params = cast("SubscriptionUpdateParams", json.loads(request.body))
    with translated():
        return _subscription(client().v1.subscriptions.update(subscription_id, params, options(request)))


def cancel_subscription(subscription_id: str, request: Request) -> StripeSubscription:
    """DELETE /v1/subscriptions/{id}, which takes no key: a second time it is refused."""
    params = cast("SubscriptionCancelParams", json.loads(request.body))
    with translated():
        cancelled = client().v1.subscriptions.cancel(subscription_id, params, {"stripe_version": request.api_version})
        return _subscription(cancelled)


def subscription(subscription_id: str) -> StripeSubscription:
    """GET /v1/subscriptions/{id}"""
    with translated():
        return _subscription(client().v1.subscriptions.retrieve(subscription_id))


def subscription_in(raw: bytes) -> StripeSubscription:
    """The subscription of a `customer.subscription.*` event.

    Raises:
        ContradictionError: the event carries something else.
    """
    return _subscription(inside(raw, stripe.Subscription))


def void_invoice(invoice_id: str, request: Request) -> StripeInvoice:
    """POST /v1/invoices/{id}/void"""
    params = cast("InvoiceVoidInvoiceParams", json.loads(request.body))
    with translated():
        return _invoice(client().v1.invoices.void_invoice(invoice_id, params, options(request)))


def invoice(invoice_id: str) -> StripeInvoice:
    """GET /v1/invoices/{id}, with what paid it"""
    with translated():
        return _invoice(client().v1.invoices.retrieve(invoice_id, {"expand": WITH_PAYMENTS}))


def invoice_in(raw: bytes) -> StripeInvoice:
    """The invoice of an `invoice.*` event. Raises ContradictionError as above."""
    return _invoice(inside(raw, stripe.Invoice))


def invoice_paid_by(payment_intent_id: str) -> StripeInvoice | None:
    """The invoice that a payment intent pays: charges and intents of Billing name neither.

    Source: https://docs.stripe.com/api/invoice-payment/list
    """
    with translated():
        listed = client().v1.invoice_payments.list(
            {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}, "limit": 1}
        )
    return invoice(id_of(listed.data[0].invoice)) if listed.data else None


def invoices_since(*, subscription_id: str, since_: datetime) -> Sequence[StripeInvoice]:
    """The invoices of a subscription made since a moment, oldest first, with what paid them."""
    with translated():
        listed = client().v1.invoices.list(
            {
                "subscription": subscription_id,
                "created": {"gte": since(since_)},
                "limit": PAGE,
                "expand": ["data.payments"],
            }
        )
        return [_invoice(found) for found in listed.auto_paging_iter()][::-1]


def portal_url(*, customer_id: str, return_url: str) -> str:
    """POST /v1/billing_portal/sessions: a link for minutes that moves nothing, so it needs no outbox row."""
    with translated():
        made = client().v1.billing_portal.sessions.create({"customer": customer_id, "return_url": return_url})
    return made.url


def _price(found: stripe.Price) -> StripePrice:
    return StripePrice(id=found.id, raw=raw_of(found), product_id=id_of(found.product))


def _moment(epoch_s: int | None) -> datetime | None:
    return None if epoch_s is None else moment(epoch_s)


def _subscription(found: stripe.Subscription) -> StripeSubscription:
    item = cast("stripe.ListObject[stripe.SubscriptionItem]", found["items"]).data[0]
    details = found.cancellation_details
    return StripeSubscription(
        id=found.id,
        raw=raw_of(found),
        subscription_id=metadata(found.metadata, "subscription_id"),
        outbox_id=metadata(found.metadata, "outbox_id"),
        status=found.status,
        customer_id=id_of(found.customer),
        item_id=item.id,
        price_id=item.price.id,
        period_starts_at=moment(item.current_period_start),
        period_ends_at=moment(item.current_period_end),
        trial_ends_at=_moment(found.trial_end),
        ends_at=_moment(found.cancel_at),
        started_at=moment(found.start_date),
        ended_at=_moment(found.ended_at),
        end_reason=(details.reason or "") if details else "",
        latest_invoice_id=id_of(found.latest_invoice),
    )


def _invoice(found: stripe.Invoice) -> StripeInvoice:
    currency = found.currency.upper()
    details = found.parent.subscription_details if found.parent else None
    periods = [line.period for line in found.lines.data]
    intents = _intents(found)
    return StripeInvoice(
        id=found.id,
        raw=raw_of(found),
        subscription_id=metadata(details.metadata, "subscription_id") if details else "",
        stripe_subscription_id=id_of(details.subscription) if details else "",
        status=found.status or "",
        reason=found.billing_reason or "",
        due_minor=from_stripe(found.amount_due, currency),
        paid_minor=from_stripe(found.amount_paid, currency),
        currency=currency,
        period_starts_at=moment(max((period.start for period in periods), default=found.period_start)),
        period_ends_at=moment(max((period.end for period in periods), default=found.period_end)),
        attempts=found.attempt_count,
        next_attempt_at=_moment(found.next_payment_attempt),
        pay_url=found.hosted_invoice_url or "",
        created_at=moment(found.created),
        paid_at=_moment(found.status_transitions.paid_at),
        payment_intent_ids=tuple(id_of(intent) for intent in intents),
        charge_id=_charge_of(intents),
    )


def _intents(found: stripe.Invoice) -> list["str | stripe.PaymentIntent"]:
    """What paid it, in intents; money that went past Stripe is not among them."""
    payments = found.payments.data if found.payments else []
    return [
        payment.payment.payment_intent
        for payment in payments
        if payment.status == "paid" and payment.payment.payment_intent is not None
    ]


def _charge_of(intents: Sequence["str | stripe.PaymentIntent"]) -> str:
    return next((id_of(each.latest_charge) for each in intents if isinstance(each, stripe.PaymentIntent)), "")
