"""What may happen in a story: what people, Stripe, the network and the machines do, in any order."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from uuid import UUID, uuid4

import stripe
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from config import clock
from payouts.cards.charges import charge_now, open_card_sale
from payouts.errors import NotEnoughStarsError, RefundRefusedError, WalletFrozenError
from payouts.models import BillingPrice, BillingSubscription, Dispute, RefundReason, Sale, SaleState, SavedCard
from payouts.refunds.operations import ask_refund
from payouts.runs.operations import run_payouts
from payouts.sales.operations import ShareSpec, abandon_sale
from payouts.wallets.operations import spend
from tests.payouts.conftest import Shop
from tests.payouts.field.stage import PACK, Stage
from tests.payouts.field.world import World, dying_after
from tests.payouts.patrons import Patrons
from tests.payouts.stripe_driver import Workers

CARDS = ["4242424242424242", "4242424242424242", "4000000000000077", "4000000000000002", "4000000000005126"]
FAULTS = ["timeout_before", "timeout_after", "rate_limit", "server_error", "conflict"]
CALLS = ["POST /v1/checkout/sessions", "POST /v1/transfers", "POST /v1/payouts", "POST /v1/refunds", "GET *", "*"]
PRICES = {"USD": [100, 911, 1000, 2500, 9999], "EUR": [777, 1000], "JPY": [500, 1234], "KWD": [5000, 12_340]}
PRICED = [("USD", price) for price in PRICES["USD"]] * 2 + [(code, each) for code in PRICES for each in PRICES[code]]
POLICIES = {"ticket": "obole-standard", "tip": "clubhouse", "donation": "donation-fee-covered"}
WORK = ["process", "process_together", "call", "learn", "catch_up", "pay_out"]
RATES = [1.08, 1.095, 1.02]
SUBSCRIPTIONS_MAX = 3
ANY = st.integers(0, 10_000)


class Machine(RuleBasedStateMachine):
    """One story.

    No rule has a precondition: what there is to refund differs by chance when a story is told again, and Hypothesis
    calls that flaky. A rule that finds nothing does nothing.
    """

    stage: Stage
    linus_id: UUID

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(self.stage.run())
        self.patrons = Patrons(self.world.sandbox, Workers(self.world.sandbox), self.linus_id)
        self.prices = list(BillingPrice.objects.all())
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

    # People

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
        if card is not None:
            self._pay(sale, card)

    @rule(price=st.sampled_from(PRICED), number=ANY, statements=st.integers(20, 120))
    def tap(self, price: tuple[str, int], number: int, statements: int) -> None:
        """Linus gives a tip with a saved card, in the middle of which the process may die."""
        now = clock.now()
        payees = self.world.payees[: 1 + number % 3]
        cards = list(SavedCard.objects.order_by("added_at").values_list("payment_method_id", flat=True))
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
        self._pay(self._sale(number, SaleState.OPEN, SaleState.EXPIRING, SaleState.EXPIRED), card)

    def _pay(self, sale: Sale | None, card: str) -> None:
        if sale is not None and sale.checkout_url:  # a fault may have kept the page from being made
            assert self.world.sandbox.pay(sale.checkout_url, number=card) < 500

    @rule(number=ANY)
    def give_up(self, number: int) -> None:
        """His seat's hold ends."""
        if sale := self._sale(number, SaleState.OPEN):
            abandon_sale(sale_id=sale.id, now=clock.now())

    @rule(number=ANY)
    def dispute(self, number: int) -> None:
        """His bank takes the money back, for now."""
        with suppress(stripe.StripeError):  # a fault may hit the bank instead of us
            charge = self.world.sandbox.client.v1.charges.retrieve(self._charged(number).charge_id)
            if not charge.disputed and not charge.refunded and not charge.amount_refunded:
                self.world.sandbox.control(f"objects/{charge.id}/act", action="dispute")

    @rule(number=ANY, verdict=st.sampled_from(["win", "lose"]))
    def decide(self, number: int, verdict: str) -> None:
        """The bank decides."""
        known = list(Dispute.objects.order_by("id").values_list("id", flat=True))
        if not known:
            return
        with suppress(stripe.StripeError):
            found = self.world.sandbox.client.v1.disputes.retrieve(known[number % len(known)])
            if found.status not in {"won", "lost", "warning_closed"}:
                self.world.sandbox.control(f"objects/{found.id}/act", action=verdict)

    @rule(number=ANY, amount_minor=st.one_of(st.none(), st.integers(1, 1200)))
    def refund(self, number: int, amount_minor: int | None) -> None:
        """Finance gives money back, a part or all that is left."""
        with suppress(RefundRefusedError):
            ask_refund(
                sale_id=self._charged(number).id, amount_minor=amount_minor, reason=RefundReason.REQUESTED,
                asked_by="user:finance", key=str(uuid4()), now=clock.now(),
            )  # fmt: skip

    @rule(number=ANY, amount_minor=st.integers(1, 600))
    def refund_by_hand(self, number: int, amount_minor: int) -> None:
        """Somebody gives money back in Stripe's dashboard."""
        with suppress(stripe.StripeError):
            self.world.sandbox.client.v1.refunds.create(
                {"charge": self._charged(number).charge_id, "amount": amount_minor}
            )

    @rule(card=st.sampled_from(CARDS))
    def buy_a_pack(self, card: str) -> None:
        """Linus wants 1000 Stars (E8)."""
        sale = self.shop.open(**PACK)
        self._pay(sale, card)

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

    @rule(card=st.sampled_from(["4242424242424242", "4000000000000341"]))
    def subscribe(self, card: str) -> None:
        """Linus subscribes to Ada; the second card will fail at renewal."""
        if BillingSubscription.objects.count() >= SUBSCRIPTIONS_MAX:
            return
        subscription = self.patrons.open(self.prices[0])
        if subscription.checkout_url:
            assert self.world.sandbox.pay(subscription.checkout_url, number=card) < 500

    @rule(rate=st.sampled_from(RATES))
    def trade(self, rate: float) -> None:
        """The euro moves."""
        self.world.sandbox.control("settings", exchange_rates={"eur": rate})

    @rule(days=st.sampled_from([31, 3]))
    def renew(self, days: int) -> None:
        """A month passes, or the days until Stripe tries a card again. Stripe lists events for 30 days only."""
        for _ in range(2):
            self.world.later(days=days / 2)
            while not self.world.catch_up():  # it is done every few minutes, so no month passes without
                pass

    # Stripe and the network

    @rule()
    def listen(self) -> None:
        """Stripe sends its news."""
        with suppress(stripe.StripeError):
            self.world.listen()

    @rule(number=ANY, twice=st.booleans(), count=st.integers(1, 6))
    def deliver(self, number: int, twice: bool, count: int) -> None:  # noqa: FBT001
        """Some of it arrives, in any order, perhaps twice."""
        for each in range(min(count, len(self.world.bag))):
            self.world.deliver(number + each * 7, keep=twice)

    @rule(number=ANY)
    def lose(self, number: int) -> None:
        """Some of it never arrives."""
        if self.world.bag:
            self.world.bag.pop(number % len(self.world.bag))

    @rule(kind=st.sampled_from(FAULTS), pattern=st.sampled_from(CALLS))
    def fail(self, kind: str, pattern: str) -> None:
        """The next call to Stripe goes wrong."""
        self.world.sandbox.fault(kind, pattern, seconds=0)

    @rule()
    def forget_keys(self) -> None:
        """A day passes for Stripe's idempotency keys, and for ours."""
        self.world.forget_keys()

    # Workers

    @rule(hours=st.sampled_from([1, 80]))
    def work(self, hours: float) -> None:
        """Hours in which nothing goes wrong: all news arrives, and all workers work."""
        self.listen()
        while self.world.bag:
            self.world.deliver(0, keep=False)
        self.world.process()
        self.world.call()
        self.world.later(hours=hours)
        self.world.learn()
        self.pay_out()
        self.world.call()

    @rule()
    def process(self) -> None:
        """A worker goes through the inbox."""
        self.world.process()

    @rule()
    def process_together(self) -> None:
        """A sweeper goes through the inbox, many at a time."""
        self.world.process_together()

    @rule()
    def call(self) -> None:
        """A worker goes through the outbox."""
        self.world.call()

    @rule()
    def learn(self) -> None:
        """A worker imports what moved."""
        self.world.learn()

    @rule()
    def catch_up(self) -> None:
        """A worker looks for news that never came."""
        self.world.catch_up()

    @rule()
    def pay_out(self) -> None:
        """Today's payout run."""
        run_payouts(now=clock.now())

    @rule(
        what=st.sampled_from(["process", "process_together", "call", "learn", "catch_up", "pay_out"]),
        statements=st.integers(0, 120),
    )
    def die(self, what: str, statements: int) -> None:
        """A worker is killed in the middle of its work."""
        work: Callable[[], None] = getattr(self, what)
        with dying_after(statements):
            work()

    @rule(hours=st.sampled_from([0.1, 1, 30, 80]))
    def time_passes(self, hours: float) -> None:
        """The clock moves."""
        self.world.later(hours=hours)
