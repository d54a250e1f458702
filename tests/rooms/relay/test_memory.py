"""Full collections wait for a quiet moment, and not for ever."""

import gc
from collections.abc import Iterator

import pytest

from rooms.relay.memory import AT_LAST_S, EVERY_S, NEVER, Collector


@pytest.fixture(autouse=True)
def _own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_python_begins_no_full_collection_by_itself() -> None:
    young, middle, _ = gc.get_threshold()

    Collector.take_over()

    assert gc.get_threshold() == (young, middle, NEVER)


def test_it_collects_when_nobody_speaks() -> None:
    collector = Collector(collected_at=0.0)

    assert not collector.tidy(EVERY_S - 1, sent_at=0.0)  # not yet
    assert not collector.tidy(EVERY_S, sent_at=EVERY_S - 0.02)  # somebody speaks
    assert collector.tidy(EVERY_S + 2, sent_at=EVERY_S)
    assert not collector.tidy(EVERY_S + 3, sent_at=EVERY_S)


def test_where_somebody_always_speaks_it_collects_once_an_hour() -> None:
    collector = Collector(collected_at=0.0)

    moments = [number * 60.0 for number in range(1, 181)]
    collected = [now for now in moments if collector.tidy(now, sent_at=now)]

    assert collected == [AT_LAST_S, 2 * AT_LAST_S, 3 * AT_LAST_S]
