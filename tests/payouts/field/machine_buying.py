"""What listeners do: buy, give, type cards, change their minds."""

from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from config import clock
from payouts.cards.charges import charge_now, open_card_sale
from payouts.errors import NotEnoughStarsError, WalletFrozenError
from payouts.models import SaleState, SavedCard
from payouts.sales.operations import ShareSpec, abandon_sale
from payouts.wallets.operations import spend
from tests.payouts.field.killing import dying_after
from tests.payouts.field.stage import PACK
from tests.payouts.field.story import ANY, CARDS, PRICED, Story

POLICIES = {"ticket": "obole-standard", "tip": "clubhouse", "donation": "donation-fee-covered"}


class Buying(Story):
    """Linus and what he pays."""

    @rule(
        product=st.sampled_from(list(POLICIES)), price=st.sampled_from(PRICED), both=st.booleans(),
        days=st.integers(0, 5), card=st.one_of(st.none(), st.sampled_from(CARDS)),
    )  # fmt: skip
    def buy(self, product: str, price: tuple[str, int], both: bool, days: int, card: str | None) -> None:  # noqa: FBT001
        """Linus wants a ticket, or to give something, and perhaps pays at once."""
        sale = self.shop.open(
            *self.world.payees[: 2 if both else 1], product=product, subject=f"{product}:{uuid4()}",
            policy_slug=POLICIES[product], currency=price[0], price_minor=price[1], hold=timedelta(days=days),
        )  # fmt: skip
        self._pay(sale.checkout_url, card)

    @rule(price=st.sampled_from(PRICED), number=ANY, statements=st.integers(20, 120))
    def tap(self, price: tuple[str, int], number: int, statements: int) -> None:
        """Linus gives a tip with a saved card, in the middle of which the process may die."""
        now = clock.now()
        payees = self.world.payees[: 1 + number % 3]
        mine = SavedCard.objects.filter(customer__user_id=self.linus_id, removed_at__isnull=True).order_by("added_at")
        cards = list(mine.values_list("payment_method_id", flat=True))
        sale = open_card_sale(
            product="tip", subject=f"tip:{uuid4()}", title="Tip", buyer_id=self.linus_id,
            buyer_email="linus@example.org", price_minor=price[1], currency=price[0],
            shares=[ShareSpec(payee_id=payee.id, weight=1) for payee in payees], policy_slug="clubhouse",
            hold_until=now, payment_method_id=cards[number % len(cards)], now=now,
        )  # fmt: skip
        with dying_after(statements):
            charge_now(sale_id=sale.id)

    @rule(number=ANY, card=st.sampled_from(CARDS))
    def pay(self, number: int, card: str) -> None:
        """He types a card, perhaps when it is too late."""
        if sale := self._sale(number, SaleState.OPEN, SaleState.EXPIRING, SaleState.EXPIRED):
            self._pay(sale.checkout_url, card)

    @rule(number=ANY)
    def give_up(self, number: int) -> None:
        """His seat's hold ends."""
        if sale := self._sale(number, SaleState.OPEN):
            abandon_sale(sale_id=sale.id, now=clock.now())

    @rule(card=st.sampled_from(CARDS))
    def buy_a_pack(self, card: str) -> None:
        """Linus wants 1000 Stars (E8)."""
        self._pay(self.shop.open(**PACK).checkout_url, card)

    @rule(stars=st.integers(1, 400), both=st.booleans())
    def give_stars(self, stars: int, both: bool) -> None:  # noqa: FBT001
        """Linus gives Stars, if he has any."""
        now = clock.now()
        shares = [ShareSpec(payee_id=payee.id, weight=1) for payee in self.world.payees[: 2 if both else 1]]
        with suppress(NotEnoughStarsError, WalletFrozenError):
            spend(
                user_id=self.linus_id, stars=stars, subject=f"tip:{uuid4()}", title="Stars", shares=shares,
                hold_until=now, now=now,
            )  # fmt: skip
