"""The call of a customer: make it at Stripe."""

import json
from datetime import datetime
from uuid import UUID

from payouts.customers.operations import learn_customer
from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import customers
from payouts.gateway.customers import StripeCustomer
from payouts.gateway.requests import Request
from payouts.locks import lock_customer
from payouts.models import StripeCall
from payouts.outbox.registry import Operation, register


@register
class CreateCustomer(Operation[StripeCustomer]):
    """POST /v1/customers"""

    name = "customer.create"

    def send(self, *, call: StripeCall, request: Request) -> StripeCustomer:
        """Make it."""
        return customers.create(request)

    def find(self, *, call: StripeCall) -> StripeCustomer | None:
        """The customer that an earlier attempt made."""
        return customers.find(outbox_id=call.id, email=json.loads(call.body)["email"])

    def done(self, *, call: StripeCall, result: StripeCustomer, now: datetime) -> None:
        """Keep its id."""
        customer = lock_customer(UUID(call.subject.removeprefix("customer:")))
        if customer is None:
            raise ContradictionError("the customer of this call is gone", object_id=str(call.id))
        if not customer.stripe_customer_id:
            learn_customer(customer=customer, stripe_customer_id=result.id, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Whoever waits for it sees the reason on the call; the next try is a new call."""
