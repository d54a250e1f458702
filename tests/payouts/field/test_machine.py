"""Any story: what people buy, rooms and months, what banks take and give back; news late, twice or never; deaths.

Tickets, taps, Stars, gifts, subscriptions with changes of plan and their ends, rooms called off, refunds that a card
does not take, early fraud warnings, inquiries and disputes won whole or in part, payouts sent back, strays and
latecomers and finance's suspense desk, with workers killed before any statement. After each run, once nothing fails
any more, the ledger is the sandbox's to the cent, every transaction balances, no event is troubled, nothing is left to
reconcile, and nobody may come in whose money went back. A failure prints its steps and its seed: `SEED=n` plays the
same stories again, `SHRINK=1` has Hypothesis look for the shortest one that fails.
"""

import os
import secrets
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from tests.payouts.field.machine import Machine
from tests.payouts.field.stage import Stage, set_up

SHRINKS = os.environ.get("SHRINK") == "1"
PHASES = (Phase.explicit, Phase.generate, *((Phase.shrink,) if SHRINKS else ()))
SHORT = settings(
    max_examples=6, stateful_step_count=40, deadline=None, phases=PHASES, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
LONG = settings(SHORT, max_examples=150, stateful_step_count=80)


def play(tmp_path: Path, pytest_settings: Settings, linus: UUID, how: settings) -> None:
    """Play stories from a seed, which a failure tells."""
    stage = Stage(tmp_path, pytest_settings, lambda sandbox: set_up(sandbox, linus))
    chosen = int(os.environ.get("SEED") or secrets.randbelow(2**32))
    staged = seed(chosen)(type("StagedMachine", (Machine,), {"stage": stage, "linus_id": linus}))
    try:
        run_state_machine_as_test(staged, settings=how)
    except BaseException as error:
        error.add_note(f"SEED={chosen} plays these stories again")
        raise


def test_any_story_ends_with_the_ledger_equal_to_stripe(tmp_path: Path, settings: Settings, linus: UUID) -> None:
    play(tmp_path, settings, linus, SHORT)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_any_long_story_ends_with_the_ledger_equal_to_stripe(tmp_path: Path, settings: Settings, linus: UUID) -> None:
    play(tmp_path, settings, linus, LONG)
