"""A room's server-sent events: hints by id, reactions in bunches, and nobody else's room."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest
import redis

from rooms.events import hints, room_stream
from rooms.events.room_stream import events_of_room
from rooms.models import User
from rooms.stage.reactions import react
from tests.rooms import cast
from tests.rooms.stage.conftest import Caller


async def _next(events: AsyncIterator[bytes]) -> str:
    return (await anext(events)).decode()


def hint(room_id: Any, kind: str) -> None:
    hints._publish(key=hints.room_key(room_id), kind=kind, ref="")


async def test_a_page_is_told_when_it_is_heard_and_then_what_comes(valkey: redis.Redis) -> None:
    room_id = uuid4()
    hint(room_id, "before")
    async with aclosing(events_of_room(room_id=room_id, after=None)) as events:
        assert await _next(events) == "retry: 2000\nevent: ready\ndata: {}\n\n"
        hint(uuid4(), "elsewhere")
        hint(room_id, "stage")

        id_, name, data, *_ = (await _next(events)).splitlines()

    assert id_.startswith("id: ")
    assert (name, data) == ("event: hint", 'data: {"kind": "stage", "ref": ""}')


async def test_a_page_that_was_away_catches_up_by_id(valkey: redis.Redis) -> None:
    room_id = uuid4()
    for kind in ("1", "2", "3"):
        hint(room_id, kind)
    entries: Any = valkey.xrange(hints.room_key(room_id))
    async with aclosing(events_of_room(room_id=room_id, after=entries[0][0].decode())) as events:
        await _next(events)

        seen = [(await _next(events)).splitlines()[2] for _ in range(2)]

    assert seen == ['data: {"kind": "2", "ref": ""}', 'data: {"kind": "3", "ref": ""}']


async def test_reactions_come_in_bunches_without_an_id_and_are_not_caught_up(valkey: redis.Redis) -> None:
    room_id = uuid4()
    react(room_id=room_id, emoji="😂")
    async with aclosing(events_of_room(room_id=room_id, after=None)) as events:
        await _next(events)
        with valkey.pipeline() as at_once:
            for emoji in ("🔥", "🔥", "❤️"):
                at_once.xadd(f"obole:reactions:{room_id}", {"emoji": emoji})
            at_once.execute()

        assert await _next(events) == 'event: reactions\ndata: {"🔥": 2, "❤️": 1}\n\n'


async def test_a_quiet_room_says_that_it_is_still_there(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_stream, "HEARTBEAT_S", 0.05)
    async with aclosing(events_of_room(room_id=uuid4(), after=None)) as events:
        await _next(events)

        assert await _next(events) == ": still here\n\n"


def test_only_who_may_hear_the_room_may_follow_it(
    host: Caller, page: Callable[[User], Caller], client: Any, db: None
) -> None:
    address = f"{host.room.get_absolute_url()}live/events/"

    for visitor in (client, page(cast.person("Mallory")).client):
        assert visitor.get(address).status_code == 403
    assert client.get("/rooms/nowhere/live/events/").status_code == 404
