"""Processing: any order, any number of times, one effect; trouble waits, backs off, and ends with a person."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from config import clock
from payouts.errors import ContradictionError, UnknownObjectError
from payouts.inbox import operations as inbox
from payouts.inbox import registry
from payouts.inbox.operations import ATTEMPTS_MAX, WAITS_MAX
from payouts.inbox.replay import Selection, count_by_type, replay, replay_selection
from payouts.models import EventState, Payee, StripeEvent
from tests.payouts.stripe_driver import post_event
from tests.payouts.test_webhooks import EVENT

pytestmark = pytest.mark.django_db


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A handler of `charge.pending` that leaves a mark, then does what the last item says."""
    script: list[Any] = []

    def handler(*, event: StripeEvent, now: datetime) -> None:
        Payee.objects.create(display_name="Mark", email="m@example.org", country="US", created_at=now, updated_at=now)
        if script:
            raise script[-1]

    monkeypatch.setitem(registry._handlers, "charge.pending", handler)
    return script


def received() -> StripeEvent:
    post_event(EVENT)
    return StripeEvent.objects.get()


def run(event: StripeEvent) -> StripeEvent:
    inbox.process(event_id=event.id, now=clock.now())
    event.refresh_from_db()
    return event


def test_effect_and_state_come_together_and_once(handled: list[Any]) -> None:
    event = run(received())
    assert (event.state, event.attempts, event.next_attempt_at) == (EventState.DONE, 1, None)
    assert inbox.process(event_id=event.id, now=clock.now()) is None
    assert Payee.objects.count() == 1


def test_a_type_that_changes_nothing_here_is_done() -> None:
    assert run(received()).state == EventState.DONE


def test_a_failure_leaves_no_effect_and_backs_off(handled: list[Any]) -> None:
    handled.append(RuntimeError("broken"))
    before = clock.real_now()
    event = run(received())
    assert (event.state, event.attempts, event.last_error) == (EventState.RECEIVED, 1, "RuntimeError: broken")
    assert event.next_attempt_at is not None
    assert event.next_attempt_at - before >= timedelta(seconds=2)
    assert not Payee.objects.exists()
    assert inbox.due_events(real_now=before, limit=10) == []
    assert inbox.due_events(real_now=event.next_attempt_at, limit=10) == ["evt_1"]


def test_failures_end_in_the_admin_list_and_replay_starts_afresh(handled: list[Any]) -> None:
    handled.append(RuntimeError("broken"))
    event = received()
    for _ in range(ATTEMPTS_MAX):
        run(event)
    assert (event.state, event.attempts, event.next_attempt_at) == (EventState.FAILED, ATTEMPTS_MAX, None)
    run(event)
    assert event.attempts == ATTEMPTS_MAX
    handled.clear()
    assert replay(event_ids=["evt_1"]) == ["evt_1"]
    assert replay(event_ids=["evt_1"]) == []
    assert run(event).state == EventState.DONE
    assert Payee.objects.count() == 1


def test_an_unknown_object_is_waited_for_with_a_limit(handled: list[Any]) -> None:
    handled.append(UnknownObjectError("ch_1"))
    event = run(received())
    assert (event.state, event.last_error) == (EventState.WAITING, "ch_1 is not known here yet")
    for _ in range(WAITS_MAX - 1):
        run(event)
    assert (event.state, event.attempts, event.next_attempt_at) == (EventState.QUARANTINED, WAITS_MAX, None)
    assert not Payee.objects.exists()


def test_a_waiting_event_goes_on_when_its_object_is_there(handled: list[Any]) -> None:
    handled.append(UnknownObjectError("ch_1"))
    event = run(received())
    handled.clear()
    assert run(event).state == EventState.DONE
    assert event.last_error == ""


def test_a_contradiction_goes_to_a_person_at_once(handled: list[Any]) -> None:
    handled.append(ContradictionError("wrong amount", object_id="ch_1"))
    event = run(received())
    assert (event.state, event.attempts) == (EventState.QUARANTINED, 1)
    assert event.last_error == "ch_1: wrong amount"
    assert not Payee.objects.exists()


def test_replay_leaves_events_alone_that_did_not_fail(handled: list[Any], settings: Settings) -> None:
    event = run(received())
    assert replay(event_ids=[event.id, "evt_unknown"]) == []
    event.refresh_from_db()
    assert event.state == EventState.DONE


def many(count: int, *, event_type: str = "charge.pending") -> list[str]:
    ids = [f"evt_{event_type}_{n}" for n in range(count)]
    for event_id in ids:
        post_event(EVENT | {"id": event_id, "type": event_type})
    return ids


def test_a_selection_is_counted_and_replayed_by_type_state_and_time(
    handled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payouts.inbox.replay.BATCH", 2)
    handled.append(ContradictionError("wrong", object_id="ch_1"))
    failed, done = many(5), many(2, event_type="charge.updated.unknown")
    for event_id in [*failed, *done]:
        inbox.process(event_id=event_id, now=clock.now())
    middle = clock.real_now()
    StripeEvent.objects.filter(id=failed[0]).update(received_at=middle - timedelta(days=2))
    everything = Selection(states=[EventState.QUARANTINED, EventState.DONE])
    assert count_by_type(everything) == {"charge.pending": 5, "charge.updated.unknown": 2}
    recent = Selection(
        states=[EventState.QUARANTINED], types=["charge.pending"],
        received_from=middle - timedelta(days=1), received_to=middle,
    )  # fmt: skip
    assert count_by_type(recent) == {"charge.pending": 4}
    assert count_by_type(Selection(states=[EventState.RECEIVED])) == {}
    assert replay_selection(recent) == 4
    assert inbox.due_events(real_now=clock.real_now(), limit=10) == failed[1:]
    assert replay_selection(recent) == 0
    handled.clear()
    for event_id in failed[1:]:
        assert inbox.process(event_id=event_id, now=clock.now()) == EventState.DONE
