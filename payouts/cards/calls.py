"""The calls of saved cards: make the page that saves one, take one away, charge one."""

import json
from datetime import datetime
from uuid import UUID

from payouts.cards import charges, declines
from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import calls, cards, facts, lookups
from payouts.gateway.failures import PAYMENT_REQUIRED
from payouts.gateway.requests import Request
from payouts.locks import lock_sale
from payouts.models import Sale, StripeCall
from payouts.outbox.registry import Operation, register


@register
class CreateSetupSession(Operation[facts.CheckoutSession]):
    """POST /v1/checkout/sessions, mode setup"""

    name = "setup_session.create"

    def send(self, *, call: StripeCall, request: Request) -> facts.CheckoutSession:
        """Make the page."""
        return calls.create_checkout_session(request)

    def find(self, *, call: StripeCall) -> facts.CheckoutSession | None:
        """The page that an earlier attempt made."""
        return lookups.find_checkout_session(outbox_id=call.id, decided_at=call.decided_at)

    def done(self, *, call: StripeCall, result: facts.CheckoutSession, now: datetime) -> None:
        """Its address is in the call's result; the card that it saves is told by an event."""

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """The person who waits for it is told the reason."""


@register
class DetachCard(Operation[cards.Card]):
    """POST /v1/payment_methods/{id}/detach"""

    name = "payment_method.detach"

    def send(self, *, call: StripeCall, request: Request) -> cards.Card:
        """Take it away; when Stripe refuses because it is away already, that is as good."""
        try:
            return cards.detach_card(call.target_id, request)
        except StripeRefusedError:
            card = cards.card(call.target_id)
            if card.customer_id:
                raise
            return card

    def find(self, *, call: StripeCall) -> cards.Card | None:
        """The card, if it is nobody's by now."""
        card = cards.card(call.target_id)
        return None if card.customer_id else card

    def done(self, *, call: StripeCall, result: cards.Card, now: datetime) -> None:
        """It was taken away here when its owner asked."""

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Nothing here uses the card any more; finance sees the refused call."""


@register
class CreateIntent(Operation[cards.Intent]):
    """POST /v1/payment_intents, off session"""

    name = "payment_intent.create"

    def send(self, *, call: StripeCall, request: Request) -> cards.Intent:
        """Charge the card."""
        return cards.create_intent(request)

    def find(self, *, call: StripeCall) -> cards.Intent | None:
        """The intent that an earlier attempt made; a refused one raises as it did then."""
        return cards.find_intent(
            outbox_id=call.id, stripe_customer_id=json.loads(call.body)["customer"], decided_at=call.decided_at
        )

    def done(self, *, call: StripeCall, result: cards.Intent, now: datetime) -> None:
        """Paid."""
        charges.take_intent(intent=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """The bank's reason is for the buyer; a refusal that is not the bank's is ours to look at."""
        message = error.message if error.http_status == PAYMENT_REQUIRED else declines.NOT_THE_BANK
        charges.decline(sale=_locked(call), decline_code=error.decline_code or error.code, message=message, now=now)


def _locked(call: StripeCall) -> Sale:
    sale = lock_sale(UUID(call.subject.removeprefix("sale:")))
    if sale is None:
        raise ContradictionError("the sale of this call is gone", object_id=str(call.id))
    return sale
