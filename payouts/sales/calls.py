"""The calls of a sale: make its Checkout Session, and expire it."""

from datetime import datetime
from uuid import UUID

from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import calls, facts, lookups
from payouts.gateway.requests import Request
from payouts.locks import lock_sale
from payouts.models import Sale, SaleState, StripeCall
from payouts.outbox.registry import Operation, register
from payouts.sales import payments
from payouts.sales.operations import ask_to_expire, expire


def _locked(call: StripeCall) -> Sale:
    sale = lock_sale(UUID(call.subject.removeprefix("sale:")))
    if sale is None:
        raise ContradictionError("the sale of this call is gone", object_id=str(call.id))
    return sale


@register
class CreateCheckoutSession(Operation[facts.CheckoutSession]):
    """POST /v1/checkout/sessions"""

    name = "checkout_session.create"

    def send(self, *, call: StripeCall, request: Request) -> facts.CheckoutSession:
        """Make the session."""
        return calls.create_checkout_session(request)

    def find(self, *, call: StripeCall) -> facts.CheckoutSession | None:
        """The session that an earlier attempt made."""
        return lookups.find_checkout_session(outbox_id=call.id, decided_at=call.decided_at)

    def done(self, *, call: StripeCall, result: facts.CheckoutSession, now: datetime) -> None:
        """Keep where the buyer pays; a sale that was given up meanwhile has the session expired."""
        sale = _locked(call)
        sale.checkout_session_id = result.id
        sale.checkout_url = result.url
        sale.save(update_fields=["checkout_session_id", "checkout_url"])
        if sale.state == SaleState.EXPIRING:
            ask_to_expire(sale=sale, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """There is no session, so nobody can pay: the seat is free."""
        expire(sale=_locked(call), now=now, failure=error.message[:500])


@register
class ExpireCheckoutSession(Operation[facts.CheckoutSession]):
    """POST /v1/checkout/sessions/{id}/expire"""

    name = "checkout_session.expire"

    def send(self, *, call: StripeCall, request: Request) -> facts.CheckoutSession:
        """Expire it; when Stripe refuses, it was paid or had expired already, and its present state tells which."""
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
        """Expired: the seat is free. Complete: the payment won the race."""
        if result.status == "expired":
            expire(sale=_locked(call), now=now)
        elif result.payment_status == "paid":
            payments.take_session(session=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """The session is open and stays so until Stripe ends it: `checkout.session.expired` will say so."""
