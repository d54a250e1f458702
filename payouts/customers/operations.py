"""Make somebody a customer, once."""

import uuid
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from payouts import handlers
from payouts.gateway import customers
from payouts.locks import lock_customer_of
from payouts.models import CallState, Customer, StripeCall
from payouts.outbox.operations import deliver, enqueue

CALLER_DELIVERS_WITHIN_S = 5.0
"""Most often a page waits for the answer: a worker that was woken too would hold the call while the page wants it."""


@transaction.atomic
def open_customer(*, user_id: UUID, name: str, email: str, now: datetime) -> Customer:
    """The person's customer, made if there is none; Stripe's follows through the outbox.

    After a definite no of Stripe's, asking again makes a new call.
    """
    Customer.objects.bulk_create(
        [Customer(user_id=user_id, name=name, email=email, created_at=now, updated_at=now)], ignore_conflicts=True
    )
    customer = lock_customer_of(user_id)
    if not customer.stripe_customer_id and not _calls(customer).exclude(state=CallState.FAILED).exists():
        _request(customer, now=now)
    return customer


def reach_customer(*, user_id: UUID, name: str, email: str, now: datetime) -> Customer:
    """The same, asking Stripe now, outside any transaction; `stripe_customer_id` is empty while Stripe is away."""
    customer = open_customer(user_id=user_id, name=name, email=email, now=now)
    if customer.stripe_customer_id:
        return customer
    call_id = _calls(customer).order_by("-created_at").values_list("id", flat=True)[0]
    deliver(call_id=call_id)
    return Customer.objects.get(id=customer.id)


def subject_of(customer_id: UUID) -> str:
    """How calls name a customer."""
    return f"customer:{customer_id}"


def _calls(customer: Customer) -> QuerySet[StripeCall]:
    return StripeCall.objects.filter(subject=subject_of(customer.id), operation="customer.create")


def _request(customer: Customer, *, now: datetime) -> None:
    call_id = uuid.uuid4()
    enqueue(
        call_id=call_id,
        operation="customer.create",
        subject=subject_of(customer.id),
        body=customers.body(outbox_id=call_id, customer_id=customer.id, name=customer.name, email=customer.email),
        left_to_caller_for_s=CALLER_DELIVERS_WITHIN_S,
        now=now,
    )


def learn_customer(*, customer: Customer, stripe_customer_id: str, now: datetime) -> None:
    """Keep Stripe's id of the locked customer, and tell."""
    customer.stripe_customer_id = stripe_customer_id
    customer.updated_at = now
    customer.save(update_fields=["stripe_customer_id", "updated_at"])
    handlers.tell("customer.ready", customer_id=customer.id, now=now)
