"""Hints to open pages: told after the commit, missed without harm, caught up by id."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from payouts import handlers
from rooms.events import hints, stream
from rooms.events.stream import hints_of
from rooms.models import Room, User
from rooms.tickets.operations import buy_ticket
from tests.rooms.cast import NOW


def _kept(valkey: redis.Redis, user_id: UUID) -> list[dict[str, str]]:
    entries: Any = valkey.xrange(hints.stream_key(user_id))
    return [json.loads(fields[b"hint"]) for _, fields in entries]


@pytest.fixture(autouse=True)
def _client_of_this_test() -> None:
    hints._client.cache_clear()


def test_a_payment_hints_to_its_buyer_once_it_is_committed(
    evening: Room,
    linus: User,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        handlers.tell("sale.paid", sale_id=ticket.sale_id, now=NOW)
        assert _kept(valkey, linus.id) == []

    assert _kept(valkey, linus.id) == [{"kind": "ticket", "ref": str(ticket.id)}]
    assert 0 < valkey.ttl(hints.stream_key(linus.id)) <= hints.KEPT_FOR_S


def test_what_was_rolled_back_is_not_hinted(committed_db: object, valkey: redis.Redis) -> None:
    user_id = uuid4()
    with transaction.atomic():
        hints.tell(user_id=user_id, kind="ticket", ref="1")
        transaction.set_rollback(True)

    assert _kept(valkey, user_id) == []


def test_a_hint_that_nobody_takes_is_dropped(
    db: None,
    settings: object,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    nobody = redis.Redis.from_url("redis://127.0.0.1:9/0", socket_connect_timeout=0.5)
    monkeypatch.setattr(hints, "_client", lambda: nobody)

    with django_capture_on_commit_callbacks(execute=True) as called:
        hints.tell(user_id=uuid4(), kind="ticket", ref="1")

    assert len(called) == 1


async def _next(events: AsyncIterator[bytes]) -> str:
    return (await anext(events)).decode()


async def test_a_page_hears_ready_and_then_what_comes(valkey: redis.Redis) -> None:
    user_id = uuid4()
    hints._publish(key=hints.stream_key(user_id), kind="ticket", ref="before")
    async with aclosing(hints_of(user_id=user_id, after=None)) as events:
        assert await _next(events) == "retry: 2000\nevent: ready\ndata: {}\n\n"
        hints._publish(key=hints.stream_key(user_id), kind="ticket", ref="now")

        event = await _next(events)

    id_, name, data, *_ = event.splitlines()
    assert id_.startswith("id: ")
    assert (name, data) == ("event: hint", 'data: {"kind": "ticket", "ref": "now"}')


async def test_a_page_that_was_away_catches_up_by_id(valkey: redis.Redis) -> None:
    user_id = uuid4()
    for ref in ("1", "2", "3"):
        hints._publish(key=hints.stream_key(user_id), kind="ticket", ref=ref)
    entries: Any = valkey.xrange(hints.stream_key(user_id))
    first = entries[0]
    async with aclosing(hints_of(user_id=user_id, after=first[0].decode())) as events:
        await _next(events)

        seen = [json.loads((await _next(events)).splitlines()[2].removeprefix("data: "))["ref"] for _ in range(2)]

    assert seen == ["2", "3"]


@pytest.mark.parametrize("after", ["nonsense", "1-1\n", "$", ""])
async def test_an_id_that_is_none_of_ours_starts_from_now(valkey: redis.Redis, after: str) -> None:
    user_id = uuid4()
    hints._publish(key=hints.stream_key(user_id), kind="ticket", ref="before")
    async with aclosing(hints_of(user_id=user_id, after=after)) as events:
        await _next(events)
        hints._publish(key=hints.stream_key(user_id), kind="ticket", ref="now")

        assert '"ref": "now"' in await _next(events)


async def test_a_quiet_stream_says_that_it_is_still_there(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    async with aclosing(hints_of(user_id=uuid4(), after=None)) as events:
        await _next(events)

        assert await _next(events) == ": still here\n\n"


async def test_nobody_hears_the_hints_of_somebody_else(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    async with aclosing(hints_of(user_id=uuid4(), after=None)) as events:
        await _next(events)
        hints._publish(key=hints.stream_key(uuid4()), kind="ticket", ref="theirs")

        assert await _next(events) == ": still here\n\n"


async def test_a_stream_ends_so_that_the_page_is_asked_again_who_it_is(
    valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LIFE_S", 0)

    told = [event async for event in hints_of(user_id=uuid4(), after=None)]

    assert len(told) == 1


async def test_without_valkey_the_stream_ends_and_the_page_polls(settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"  # type: ignore[attr-defined]

    assert [event async for event in hints_of(user_id=uuid4(), after=None)] == []
