"""What every part of a story reads: its world, its cast, and one of whatever there is."""

from contextlib import ExitStack
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from payouts.models import Sale
from tests.payouts.conftest import Shop
from tests.payouts.field.stage import Stage
from tests.payouts.field.world import World
from tests.payouts.stripe_driver import Workers

CARDS = ["4242424242424242", "4242424242424242", "4000000000000077", "4000000000000002", "4000000000005126"]
PRICES = {"USD": [100, 911, 1000, 2500, 9999], "EUR": [777, 1000], "JPY": [500, 1234], "KWD": [5000, 12_340]}
PRICED = [("USD", price) for price in PRICES["USD"]] * 2 + [(code, each) for code in PRICES for each in PRICES[code]]
ANY = st.integers(0, 10_000)


class Story(RuleBasedStateMachine):
    """One story. What may happen in it is said by its parts, `machine_*.py`.

    No rule has a precondition: what there is to refund differs by chance when a story is told again, and Hypothesis
    calls that flaky. A rule that finds nothing does nothing.
    """

    stage: Stage
    linus_id: UUID

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(self.stage.run())
        self.cast = self.stage.cast
        self.shop = Shop(sandbox=self.world.sandbox, workers=Workers(self.world.sandbox), linus_id=self.linus_id)

    def teardown(self) -> None:
        """Heal, and compare."""
        try:
            self.world.heal()
            self.world.verify()
        finally:
            self._open.close()

    def _sale(self, number: int, *states: str) -> Sale | None:
        """One of the sales in these states."""
        found = list(Sale.objects.filter(state__in=states).order_by("opened_at", "id"))
        return found[number % len(found)] if found else None

    def _charged(self, number: int) -> Sale:
        """One of the sales that were paid; every story begins with some."""
        found = list(Sale.objects.exclude(charge_id="").order_by("opened_at", "id"))
        return found[number % len(found)]

    def _pay(self, card_page: str, card: str | None) -> None:
        if card_page and card is not None:  # a fault may have kept the page from being made
            assert self.world.sandbox.pay(card_page, number=card) < 500

    def _listener(self, number: int) -> UUID:
        """Linus, Margaret or Alan."""
        return self.cast.listeners[number % len(self.cast.listeners)]
