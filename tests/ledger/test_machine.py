"""A stateful machine: any interleaving of operations keeps the ledger equal to a small model in plain Python."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ledger import accounts
from ledger.errors import FloorCrossedError, HoldExceededError, KeyConflictError, UnknownAccountError
from ledger.fees.apportion import refund_parts
from ledger.operations import (
    Posted,
    PostingError,
    capture_hold,
    fold,
    place_hold,
    post,
    post_many,
    release_hold,
    reverse,
    seal,
)
from ledger.postings import Posting
from ledger.proof import verify
from ledger.queries import balance_minor_before, trial_balance
from tests.ledger.cast import ADA, AVAILABLE, GRACE, LINUS, NOON, S, move, p, sale
from tests.ledger.model import Model

PLACES = [
    p(ADA),
    p(ADA, "available"),
    p(GRACE, "available"),
    p(ADA, "in_transit"),
    S,
    AVAILABLE,
    accounts.wallet(LINUS),
]
KINDS = ["sale", "release", "refund", "payout.reserved"]
OUTCOMES: dict[type[Exception], str] = {FloorCrossedError: "floor", KeyConflictError: "conflict"}
postings = st.builds(
    lambda n, places, amount, kind, day: move(
        f"key:{n}", places[0], places[1], amount, kind=kind, effective_at=NOON + day * timedelta(hours=7)
    ),
    st.integers(0, 30),
    st.lists(st.sampled_from(PLACES), min_size=2, max_size=2, unique=True),
    st.integers(1, 500),
    st.sampled_from(KINDS),
    st.integers(-5, 5),
)


class LedgerMachine(RuleBasedStateMachine):
    """Each rule does the same to the ledger and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.model = Model()
        self.holds: dict[str, int] = {}
        self.steps = 0

    def teardown(self) -> None:
        """Check everything once more, then roll the example back."""
        try:
            assert verify().findings == ()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @rule(posting=postings)
    def post_one(self, posting: Posting) -> None:
        """Post, or be refused for the model's reason."""
        assert attempt(posting) == self.model.post(posting)

    @rule(batch=st.lists(postings, min_size=1, max_size=4, unique_by=lambda posting: posting.key))
    def post_each(self, batch: list[Posting]) -> None:
        """Post a batch, each for itself."""
        answers = post_many(postings=batch, atomic=False)
        # When all of them pass together they were posted together; the outcome is the same either way.
        expected = [self.model.post(posting) for posting in batch]
        assert [outcome(answer) for answer in answers] == expected

    @rule(amount=st.integers(1, 300))
    def hold(self, amount: int) -> None:
        """Place a hold on what Ada has available."""
        account = p(ADA, "available")
        self.steps += 1
        key = f"hold:{self.steps}"
        enough = self.model.available(account) >= amount
        try:
            with transaction.atomic():
                place_hold(key=key, account=account, currency="USD", amount_minor=amount, subject=key)
        except (FloorCrossedError, UnknownAccountError):  # unknown: nothing was ever posted to it
            assert not enough
        else:
            assert enough
            self.model.held[account] += amount
            self.holds[key] = amount

    @rule(data=st.data(), amount=st.integers(1, 300))
    def end_hold(self, data: st.DataObject, amount: int) -> None:
        """Capture or release part of a hold."""
        if not self.holds:
            return
        hold = data.draw(st.sampled_from(sorted(self.holds)))
        capture = data.draw(st.booleans())
        account = p(ADA, "available")
        self.steps += 1
        posting = move(f"end:{self.steps}", account, p(ADA, "in_transit"), amount)
        # A capture also meets the floor: a refund may have taken what was held.
        covered = not capture or self.model.available(account) >= 0
        try:
            with transaction.atomic():
                if capture:
                    capture_hold(hold=hold, posting=posting)
                else:
                    release_hold(hold=hold, key=f"end:{self.steps}", amount_minor=amount)
        except HoldExceededError:
            assert amount > self.holds[hold]
        except FloorCrossedError:
            assert not covered or amount > self.holds[hold]
        else:
            assert amount <= self.holds[hold]
            self.model.held[account] -= amount
            self.holds[hold] -= amount
            if capture:
                assert self.model.post(posting) == "posted"

    @rule(parts=st.lists(st.integers(1, 1058), min_size=1, max_size=4))
    def sell_and_take_back(self, parts: list[int]) -> None:
        """E1, taken back in parts; the last one takes what is left."""
        self.steps += 1
        one = sale(f"sale:{self.steps}")
        assert attempt(one) == self.model.post(one) == "posted"
        back = 0
        for nth, part in enumerate(parts):
            if back + part < 1059:
                reverse(key=f"back:{self.steps}:{nth}", original=one.key, effective_at=NOON, amount_minor=part)
                assert sum(refund_parts([1000, 59], back, part)) == part
                back += part
        reverse(key=f"back:{self.steps}", original=one.key, effective_at=NOON)
        for leg in one.legs:
            self.model.balances[leg.account] -= leg.amount_minor

    @rule()
    def keep(self) -> None:
        """Folding and sealing change no balance."""
        fold()
        seal()

    @invariant()
    def balances_agree(self) -> None:
        """Every balance is the model's, and a balance as of ever is a replay from scratch."""
        found = {line.account: line.balance_minor for line in trial_balance() if line.balance_minor}
        assert found == {account: amount for account, amount in self.model.balances.items() if amount}
        assert sum(found.values()) == 0

    @rule(hours=st.integers(-40, 40), account=st.sampled_from([S, AVAILABLE, p(GRACE, "available")]))
    def as_of(self, hours: int, account: str) -> None:
        """A balance before an instant equals adding up the postings before it (sales taken back add up to nothing)."""
        at = NOON + timedelta(hours=hours)
        total = sum(
            leg.amount_minor
            for posting in self.model.posted.values()
            if posting.effective_at < at and not posting.key.startswith("sale:")
            for leg in posting.legs
            if leg.account == account
        )
        assert balance_minor_before(account=account, currency="USD", instant=at) == total


def outcome(answer: Posted | PostingError) -> str:
    """What came of a posting of a batch."""
    if isinstance(answer, PostingError):
        return OUTCOMES[type(answer.error)]
    return "replayed" if answer.replayed else "posted"


def attempt(posting: Posting) -> str:
    """Post; what came of it."""
    try:
        with transaction.atomic():
            return "replayed" if post(posting=posting).replayed else "posted"
    except (FloorCrossedError, KeyConflictError) as error:
        return OUTCOMES[type(error)]


def profile(examples: int, steps: int) -> Any:
    """Settings of a run."""
    return settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )


@pytest.mark.django_db
def test_the_ledger_equals_its_model() -> None:
    run_state_machine_as_test(LedgerMachine, settings=profile(12, 25))
    assert connection.in_atomic_block


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.django_db
def test_the_ledger_equals_its_model_for_long() -> None:
    examples = int(os.environ.get("SOAK_EXAMPLES", "400"))
    run_state_machine_as_test(LedgerMachine, settings=profile(examples, 60))
