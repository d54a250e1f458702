"""The calls of subscriptions: prices, card pages, changes, and invoices that nobody has to pay any more."""

from datetime import datetime
from uuid import UUID

from payouts import handlers
from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import billing, calls, facts, lookups
from payouts.gateway.billing import StripeInvoice, StripePrice, StripeSubscription
from payouts.gateway.requests import Request
from payouts.locks import lock_billing_price, lock_billing_subscription
from payouts.models import BillingPrice, BillingState, BillingSubscription, StripeCall
from payouts.outbox.registry import Operation, register
from payouts.subscriptions import learning, opening
from payouts.subscriptions.invoices import learn_invoice
from payouts.subscriptions.prices import ask_to_retire


def _price(call: StripeCall) -> BillingPrice:
    return lock_billing_price(UUID(call.subject.removeprefix("price:")))


def _subscription(call: StripeCall) -> BillingSubscription:
    subscription = lock_billing_subscription(UUID(call.subject.removeprefix("subscription:")))
    if subscription is None:
        raise ContradictionError("the subscription of this call is gone", object_id=str(call.id))
    return subscription


@register
class CreatePrice(Operation[StripePrice]):
    """POST /v1/prices"""

    name = "price.create"

    def send(self, *, call: StripeCall, request: Request) -> StripePrice:
        """Make it, with its product if it is the first."""
        return billing.create_price(request)

    def find(self, *, call: StripeCall) -> StripePrice | None:
        """The price that an earlier attempt made."""
        return billing.find_price(outbox_id=call.id, decided_at=call.decided_at)

    def done(self, *, call: StripeCall, result: StripePrice, now: datetime) -> None:
        """It can be subscribed to, unless it was retired meanwhile."""
        price = _price(call)
        price.stripe_price_id, price.stripe_product_id = result.id, result.product_id
        price.save(update_fields=["stripe_price_id", "stripe_product_id"])
        if price.retired_at:
            ask_to_retire(price=price, now=now)
        handlers.tell("price.ready", price_id=price.id, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Its seller sees why."""
        price = _price(call)
        price.failure = error.message[:500]
        price.save(update_fields=["failure"])


@register
class RetirePrice(Operation[StripePrice]):
    """POST /v1/prices/{id}"""

    name = "price.retire"

    def send(self, *, call: StripeCall, request: Request) -> StripePrice:
        """Take it off sale."""
        return billing.update_price(call.target_id, request)

    def find(self, *, call: StripeCall) -> StripePrice | None:
        """The price, if it is off sale."""
        price, active = billing.price(call.target_id)
        return None if active else price

    def done(self, *, call: StripeCall, result: StripePrice, now: datetime) -> None:
        """Nothing more: it was retired here with the decision."""

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """It is off sale here, where alone it is sold; finance sees the refused call."""


@register
class CreateSession(Operation[facts.CheckoutSession]):
    """POST /v1/checkout/sessions, of mode subscription"""

    name = opening.SESSION

    def send(self, *, call: StripeCall, request: Request) -> facts.CheckoutSession:
        """Make the card page."""
        return calls.create_checkout_session(request)

    def find(self, *, call: StripeCall) -> facts.CheckoutSession | None:
        """The session that an earlier attempt made."""
        return lookups.find_checkout_session(outbox_id=call.id, decided_at=call.decided_at)

    def done(self, *, call: StripeCall, result: facts.CheckoutSession, now: datetime) -> None:
        """Keep where the payer pays; one that was given up meanwhile has its page closed."""
        subscription = _subscription(call)
        subscription.checkout_session_id, subscription.checkout_url = result.id, result.url
        subscription.save(update_fields=["checkout_session_id", "checkout_url"])
        if subscription.state == BillingState.ENDED:
            opening.ask_to_expire(subscription=subscription, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """There is no page, so nobody can pay."""
        opening.end_unpaid(subscription=_subscription(call), now=now, failure=error.message)


@register
class ExpireSession(Operation[facts.CheckoutSession]):
    """POST /v1/checkout/sessions/{id}/expire"""

    name = "subscription_session.expire"

    def send(self, *, call: StripeCall, request: Request) -> facts.CheckoutSession:
        """Expire it; when Stripe refuses, it is over already, and its present state tells how."""
        try:
            return calls.expire_checkout_session(call.target_id, request)
        except StripeRefusedError:
            session = lookups.checkout_session(call.target_id)
            if session.status == "open":
                raise
            return session

    def find(self, *, call: StripeCall) -> facts.CheckoutSession | None:
        """The session, if it is no longer open."""
        session = lookups.checkout_session(call.target_id)
        return None if session.status == "open" else session

    def done(self, *, call: StripeCall, result: facts.CheckoutSession, now: datetime) -> None:
        """Expired, or the payment won the race."""
        learning.take_session(session=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """The page stays open until Stripe ends it, and its event says so."""


@register
class UpdateSubscription(Operation[StripeSubscription]):
    """POST /v1/subscriptions/{id}"""

    name = "subscription.update"

    def send(self, *, call: StripeCall, request: Request) -> StripeSubscription:
        """Change it."""
        return billing.update_subscription(call.target_id, request)

    def find(self, *, call: StripeCall) -> StripeSubscription | None:
        """The subscription, if this was the last change that reached it."""
        found = billing.subscription(call.target_id)
        return found if found.outbox_id == str(call.id) else None

    def done(self, *, call: StripeCall, result: StripeSubscription, now: datetime) -> None:
        """Keep it as it is by now."""
        learning.refresh(subscription=_subscription(call), stripe_subscription_id=result.id, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Nothing was changed; whoever asked sees why."""


@register
class CancelSubscription(Operation[StripeSubscription]):
    """DELETE /v1/subscriptions/{id}"""

    name = "subscription.cancel"

    def send(self, *, call: StripeCall, request: Request) -> StripeSubscription:
        """End it; when Stripe refuses, it may have ended already."""
        try:
            return billing.cancel_subscription(call.target_id, request)
        except StripeRefusedError:
            found = billing.subscription(call.target_id)
            if found.status not in billing.ENDED_STATUSES:
                raise
            return found

    def find(self, *, call: StripeCall) -> StripeSubscription | None:
        """The subscription, if it is over."""
        found = billing.subscription(call.target_id)
        return found if found.status in billing.ENDED_STATUSES else None

    def done(self, *, call: StripeCall, result: StripeSubscription, now: datetime) -> None:
        """It is over, and so is what it gave."""
        learning.learn(subscription=_subscription(call), told=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """It goes on; finance sees the refused call."""


@register
class VoidInvoice(Operation[StripeInvoice]):
    """POST /v1/invoices/{id}/void"""

    name = "invoice.void"

    def send(self, *, call: StripeCall, request: Request) -> StripeInvoice:
        """Void it; when Stripe refuses, it may have been paid or voided already."""
        try:
            return billing.void_invoice(call.target_id, request)
        except StripeRefusedError:
            found = billing.invoice(call.target_id)
            if found.status == "open":
                raise
            return found

    def find(self, *, call: StripeCall) -> StripeInvoice | None:
        """The invoice, if it is no longer open."""
        found = billing.invoice(call.target_id)
        return None if found.status == "open" else found

    def done(self, *, call: StripeCall, result: StripeInvoice, now: datetime) -> None:
        """Void, or the payment won the race."""
        learn_invoice(subscription=_subscription(call), told=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """It can still be paid on its page; finance sees the refused call."""
