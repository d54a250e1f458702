"""What the network and the machines do: news in any order, faults, workers that work and workers that die."""

from collections.abc import Callable
from contextlib import suppress

import stripe
from hypothesis import strategies as st
from hypothesis.stateful import rule

from config import clock
from payouts.runs.operations import run_payouts
from tests.payouts.field.killing import dying_after
from tests.payouts.field.story import ANY, Story

FAULTS = ["timeout_before", "timeout_after", "rate_limit", "server_error", "conflict"]
CALLS = ["POST /v1/checkout/sessions", "POST /v1/transfers", "POST /v1/payouts", "POST /v1/refunds", "GET *", "*"]
WORK = ["process", "process_together", "call", "learn", "tend", "catch_up", "pay_out"]


class Running(Story):
    """Stripe's news, the calls that go wrong, and Obole's workers."""

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
        self.world.tend()
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
    def tend(self) -> None:
        """A worker does what is due by the clock."""
        self.world.tend()

    @rule()
    def catch_up(self) -> None:
        """A worker looks for news that never came."""
        self.world.catch_up()

    @rule()
    def pay_out(self) -> None:
        """Today's payout run."""
        run_payouts(now=clock.now())

    @rule(what=st.sampled_from(WORK), statements=st.integers(0, 120))
    def die(self, what: str, statements: int) -> None:
        """A worker is killed in the middle of its work."""
        work: Callable[[], None] = getattr(self, what)
        with dying_after(statements):
            work()

    @rule(hours=st.sampled_from([0.1, 1, 30, 80]))
    def time_passes(self, hours: float) -> None:
        """The clock moves."""
        self.world.later(hours=hours)
