"""What banks and finance do: disputes and how they end, warnings, refunds and payouts that come back, the euro."""

from contextlib import suppress
from uuid import uuid4

import stripe
from hypothesis import strategies as st
from hypothesis.stateful import rule
from stripe.params import RefundCreateParams

from config import clock
from payouts.errors import RefundRefusedError
from payouts.models import Payout, RefundReason
from payouts.refunds.operations import ask_refund
from tests.payouts.field.story import ANY, Story

RATES = [1.08, 1.095, 1.02]
PARTS = [None, None, 30, 70]
"""Of a charge or a dispute, in percent; None is all that is left of it."""
DISPUTES, INQUIRIES = ["win", "win", "lose"], ["escalate", "close"]
VERDICTS = {
    "needs_response": DISPUTES,
    "under_review": DISPUTES,
    "warning_needs_response": INQUIRIES,
    "warning_under_review": INQUIRIES,
    "lost": ["overturn"],
}
"""What a dispute of each status may come to."""


def part_of(amount: int, percent: int | None) -> int | None:
    """So much of an amount of Stripe's, in a step that every currency has."""
    return None if percent is None else max(amount * percent // 1000 * 10, 10)


class Banking(Story):
    """The bank of the cardholder, the payees' banks, and finance."""

    @rule(number=ANY, percent=st.sampled_from(PARTS), only_asks=st.booleans())
    def dispute(self, number: int, percent: int | None, only_asks: bool) -> None:  # noqa: FBT001
        """The cardholder's bank takes the money back, for now, all of it or a part; or it asks first."""
        with suppress(stripe.StripeError):  # a fault may hit the bank instead of us
            charge = self.world.sandbox.client.v1.charges.retrieve(self._charged(number).charge_id)
            if charge.disputed or charge.refunded:
                return
            if only_asks:
                self._act(charge.id, "inquiry")
            else:
                self._act(charge.id, "dispute", part_of(charge.amount - charge.amount_refunded, percent))

    @rule(number=ANY, verdict=ANY, percent=st.sampled_from(PARTS))
    def decide(self, number: int, verdict: int, percent: int | None) -> None:
        """The bank decides, for a part perhaps; asks no more, or takes the money after all."""
        with suppress(stripe.StripeError):
            listed = self.world.sandbox.client.v1.disputes.list({"limit": 100}).data
            listed = [each for each in listed if each.status in VERDICTS]
            if listed:
                found = listed[number % len(listed)]
                action = VERDICTS[found.status][verdict % len(VERDICTS[found.status])]
                self._act(found.id, action, part_of(found.amount, percent) if action == "win" else None)

    @rule(number=ANY)
    def warn(self, number: int) -> None:
        """The issuer of a card suspects fraud; small amounts are refunded by themselves."""
        with suppress(stripe.StripeError):
            charge = self.world.sandbox.client.v1.charges.retrieve(self._charged(number).charge_id)
            if not charge.disputed:
                self._act(charge.id, "early_fraud_warning")

    @rule(number=ANY, amount_minor=st.one_of(st.none(), st.integers(1, 1200)))
    def refund(self, number: int, amount_minor: int | None) -> None:
        """Finance gives money back, a part or all that is left."""
        with suppress(RefundRefusedError):
            ask_refund(
                sale_id=self._charged(number).id, amount_minor=amount_minor, reason=RefundReason.REQUESTED,
                asked_by="user:finance", key=str(uuid4()), now=clock.now(),
            )  # fmt: skip

    @rule(number=ANY, amount_minor=st.one_of(st.none(), st.integers(1, 600)))
    def refund_by_hand(self, number: int, amount_minor: int | None) -> None:
        """Somebody gives money back in Stripe's dashboard."""
        charge: RefundCreateParams = {"charge": self._charged(number).charge_id}
        with suppress(stripe.StripeError):
            self.world.sandbox.client.v1.refunds.create(
                charge if amount_minor is None else {**charge, "amount": amount_minor}
            )

    @rule(number=ANY)
    def refuse(self, number: int) -> None:
        """A card does not take a refund, days after it was made."""
        with suppress(stripe.StripeError):
            made = self.world.sandbox.client.v1.refunds.list({"limit": 100}).data
            made = [each for each in made if each.status in {"pending", "succeeded"}]
            if made:
                self._act(made[number % len(made)].id, "fail")

    @rule(number=ANY)
    def send_back(self, number: int) -> None:
        """A payee's bank sends a payout back, perhaps when it was paid long ago."""
        sent = list(Payout.objects.exclude(stripe_payout_id="").select_related("payee").order_by("sent_at", "id"))
        if not sent:
            return
        payout = sent[number % len(sent)]
        with suppress(stripe.StripeError):
            found = self.world.sandbox.client.v1.payouts.retrieve(
                payout.stripe_payout_id, {}, {"stripe_account": payout.payee.stripe_account_id}
            )
            if found.status in {"pending", "in_transit", "paid"}:
                self._act(found.id, "fail")

    @rule(rate=st.sampled_from(RATES))
    def trade(self, rate: float) -> None:
        """The euro moves."""
        self.world.sandbox.control("settings", exchange_rates={"eur": rate})

    def _act(self, object_id: str, action: str, amount: int | None = None) -> None:
        self.world.sandbox.control(f"objects/{object_id}/act", action=action, amount=amount)
