"""Customers: who pays, as Stripe keeps them. Source: https://docs.stripe.com/api/customers"""

import json
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import stripe
from stripe.params import CustomerCreateParams

from payouts.gateway import canonical
from payouts.gateway.client import client, options
from payouts.gateway.facts import Fact
from payouts.gateway.failures import translated
from payouts.gateway.lookups import PAGE, made_by
from payouts.gateway.reading import raw_of
from payouts.gateway.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeCustomer(Fact):
    """A customer."""

    email: str


def _read(found: stripe.Customer) -> StripeCustomer:
    return StripeCustomer(id=found.id, raw=raw_of(found), email=found.email or "")


def body(*, outbox_id: UUID, customer_id: UUID, name: str, email: str) -> str:
    """A customer of ours; Stripe's own mails go to the address."""
    return canonical.text(
        CustomerCreateParams(
            name=name,
            email=email,
            metadata={"customer_id": str(customer_id), "outbox_id": str(outbox_id)},
        )
    )


def create(request: Request) -> StripeCustomer:
    """POST /v1/customers"""
    params = cast("CustomerCreateParams", json.loads(request.body))
    with translated():
        return _read(client().v1.customers.create(params, options(request)))


def find(*, outbox_id: UUID, email: str) -> StripeCustomer | None:
    """A customer that we made, among those of the address."""
    with translated():
        listed = client().v1.customers.list({"email": email, "limit": PAGE})
        found = made_by(listed.auto_paging_iter(), outbox_id)
    return None if found is None else _read(found)
