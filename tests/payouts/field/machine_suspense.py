"""Money that nobody asked for, or that comes too late, and what finance does with it at the suspense desk."""

from contextlib import suppress
from uuid import uuid4

import stripe
from hypothesis import strategies as st
from hypothesis.stateful import rule

from config import clock
from payouts import handlers
from payouts.errors import CannotMatchError, RefundRefusedError
from payouts.gateway.amounts import to_stripe
from payouts.models import RefundReason, Sale, SaleState
from payouts.refunds.operations import ask_refund
from payouts.suspense.operations import match_to_sale, take_after_all
from payouts.suspense.queries import parked
from tests.payouts.field.story import ANY, CARDS, PRICED, Story


class Suspending(Story):
    """Strays, latecomers and the desk."""

    @rule(price=st.sampled_from(PRICED))
    def stray(self, price: tuple[str, int]) -> None:
        """Somebody charges a card in Stripe's dashboard, for nothing that is known here."""
        currency, amount_minor = price
        with suppress(stripe.StripeError):
            self.world.sandbox.client.v1.payment_intents.create(
                {
                    "amount": to_stripe(amount_minor, currency), "currency": currency.lower(),
                    "payment_method": "pm_card_visa", "confirm": True,
                }
            )  # fmt: skip

    @rule(number=ANY, card=st.sampled_from(CARDS))
    def come_too_late(self, number: int, card: str) -> None:
        """Linus pays in the very moment in which his hold ends: the end is written before the payment is heard of."""
        sale = self._sale(number, SaleState.OPEN)
        if sale is not None:
            self._pay(sale.checkout_url, card)
            Sale.objects.filter(id=sale.id).update(state=SaleState.EXPIRED, expired_at=clock.now())
            handlers.tell("sale.expired", sale_id=sale.id, now=clock.now())

    @rule()
    def park(self) -> None:
        """Finance puts what matches nothing into suspense."""
        self.world.park()

    @rule(number=ANY)
    def give_back(self, number: int) -> None:
        """Finance gives a payment in suspense back."""
        if sale := self._sale(number, SaleState.PARKED):
            with suppress(RefundRefusedError):
                ask_refund(
                    sale_id=sale.id, reason=RefundReason.SUSPENSE, asked_by="staff:1", key=f"suspense:{uuid4()}",
                    now=clock.now(),
                )  # fmt: skip

    @rule(number=ANY)
    def take(self, number: int) -> None:
        """Finance lets a late payment pay for what it was meant for."""
        if sale := self._sale(number, SaleState.PARKED):
            with suppress(CannotMatchError):
                take_after_all(sale_id=sale.id, actor="staff:1", now=clock.now())

    @rule(number=ANY)
    def match(self, number: int) -> None:
        """Finance finds the sale that a stray charge was for."""
        rows = [row for row in parked(now=clock.now()) if row.matches]
        if rows:
            row = rows[number % len(rows)]
            with suppress(CannotMatchError):
                match_to_sale(
                    parked_id=row.sale.id, sale_id=row.matches[number % len(row.matches)].id, actor="staff:1",
                    now=clock.now(),
                )  # fmt: skip
