"""What Django says is what LiveKit does, at once, and again when a call or a message was lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from livekit.api import TokenVerifier

from rooms.livekit import tokens
from rooms.livekit.engine import Engine
from rooms.livekit.server import Server, ServerAwayError
from rooms.livekit.settings import complaint
from rooms.relay.control import Demote, End, Lease, Mute, Readmit, Record, Revoke
from rooms.relay.events import Here, Joined, Left, MemorySink, Watched
from tests.rooms.livekit.standin import KEY, SECRET, StandIn

ROOM = "salon"


@pytest.fixture
async def livekit() -> AsyncIterator[StandIn]:
    async with StandIn() as running:
        yield running


@pytest.fixture
async def engine(livekit: StandIn) -> AsyncIterator[Engine]:
    server = Server(livekit.url, KEY, SECRET)
    made = Engine(server, MemorySink())
    made.take(Lease(room=ROOM, until_s=time.time() + 60))
    made.acting = True
    yield made
    await server.close()


async def settle(engine: Engine) -> None:
    """Act on everything that was said."""
    while not engine._due.empty():
        await engine._act(engine._due.get_nowait())


def told(engine: Engine) -> list[object]:
    assert isinstance(engine.events, MemorySink)
    return list(engine.events.events)


def test_a_grant_is_one_seat_with_no_more_rights_than_it_needs() -> None:
    issued = {}
    for speaks in (False, True):
        token = tokens.issue(
            key=KEY, secret=SECRET, identity="user:ada", room=ROOM, speaks=speaks, now=datetime.now(UTC)
        )
        issued[speaks] = TokenVerifier(KEY, SECRET).verify(token)

    for speaks, claims in issued.items():
        assert claims.video is not None
        assert (claims.video.room, claims.video.room_join) == (ROOM, True)
        assert (claims.video.can_publish, claims.video.can_subscribe) == (speaks, not speaks)
        assert not claims.video.can_publish_data
        assert claims.video.room_admin is None
    assert [claims.identity for claims in issued.values()] == ["user:ada", "user:ada|stage"]
    assert tokens.identity_of("user:ada|stage") == ("user:ada", True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"url": ""}, "LIVEKIT_URL"),
        ({"url": "livekit.example"}, "LIVEKIT_URL"),
        ({"key": ""}, "LIVEKIT_API_KEY"),
        ({"secret": "short"}, "LIVEKIT_API_SECRET"),
    ],
)
def test_settings_that_cannot_work_are_named(changes: dict[str, str], named: str) -> None:
    good = {"url": "wss://livekit.example", "key": KEY, "secret": SECRET}

    assert complaint(**good) is None
    assert (complaint(**(good | changes)) or "").startswith(named)


async def test_a_revoked_seat_is_emptied_ears_and_voice(engine: Engine, livekit: StandIn) -> None:
    for speaks in (False, True):
        livekit.let_in("user:grace", room=ROOM, speaks=speaks)
    livekit.let_in("ticket:linus", room=ROOM)

    engine.take(Revoke(room=ROOM, identity="user:grace", until_s=time.time() + 600, at_s=time.time()))
    await settle(engine)

    assert livekit.names(ROOM) == {"ticket:linus"}


async def test_who_comes_back_with_an_old_token_is_removed_and_with_a_new_grant_is_not(
    engine: Engine, livekit: StandIn
) -> None:
    now = time.time()
    engine.take(Revoke(room=ROOM, identity="ticket:linus", until_s=now + 600, at_s=now))
    livekit.let_in("ticket:linus", room=ROOM, at=now - 30)
    await engine.look_at(ROOM)
    assert livekit.names(ROOM) == set()

    livekit.let_in("ticket:linus", room=ROOM, at=now + 1)
    await engine.look_at(ROOM)
    assert livekit.names(ROOM) == {"ticket:linus"}

    engine.take(Revoke(room=ROOM, identity="ticket:linus", until_s=now + 600))
    await engine.look_at(ROOM)
    assert livekit.names(ROOM) == set()
    engine.take(Readmit(room=ROOM, identity="ticket:linus"))
    livekit.let_in("ticket:linus", room=ROOM, at=now + 2)
    await engine.look_at(ROOM)
    assert livekit.names(ROOM) == {"ticket:linus"}


async def test_off_the_stage_is_still_in_the_room(engine: Engine, livekit: StandIn) -> None:
    for speaks in (False, True):
        livekit.let_in("user:grace", room=ROOM, speaks=speaks)

    engine.take(Demote(room=ROOM, identity="user:grace", at_s=time.time() + 1))
    await settle(engine)

    assert livekit.names(ROOM) == {"user:grace"}
    assert livekit.calls == [("UpdateParticipant", "user:grace|stage"), ("RemoveParticipant", "user:grace|stage")]
    livekit.let_in("user:grace", room=ROOM, speaks=True)  # with the token of before
    await engine.look_at(ROOM)
    assert livekit.names(ROOM) == {"user:grace"}


async def test_a_mute_mutes_and_outlasts_a_reconnect(engine: Engine, livekit: StandIn) -> None:
    livekit.let_in("user:ada", room=ROOM, speaks=True)
    engine.take(Mute(room=ROOM, identity="user:ada", muted=True, at_s=time.time()))
    await settle(engine)
    assert livekit.rooms[ROOM]["user:ada|stage"].tracks[0].muted

    livekit.let_in("user:ada", room=ROOM, speaks=True)
    await engine.look_at(ROOM)
    assert livekit.rooms[ROOM]["user:ada|stage"].tracks[0].muted

    engine.take(Mute(room=ROOM, identity="user:ada", muted=False, at_s=time.time()))
    await settle(engine)
    assert not livekit.rooms[ROOM]["user:ada|stage"].tracks[0].muted


async def test_the_end_is_for_everybody(engine: Engine, livekit: StandIn) -> None:
    livekit.let_in("ticket:linus", room=ROOM)
    engine.take(End(room=ROOM))
    await settle(engine)
    assert ROOM not in livekit.rooms

    livekit.let_in("ticket:linus", room=ROOM)  # LiveKit makes a room anew for whoever has a token
    await engine.look_at_all()
    assert ROOM not in livekit.rooms


async def test_no_lease_no_audio(engine: Engine, livekit: StandIn) -> None:
    livekit.let_in("ticket:linus", room=ROOM)
    engine.wall = lambda: time.time() + 61

    await engine.look_at_all()

    assert ROOM not in livekit.rooms


async def test_the_lists_of_a_lease_heal_what_was_lost(engine: Engine, livekit: StandIn) -> None:
    now = time.time()
    for identity in ("user:ada", "user:grace"):
        livekit.let_in(identity, room=ROOM, speaks=True, at=now - 60)
    livekit.let_in("ticket:linus", room=ROOM, at=now - 60)
    livekit.let_in("ticket:new", room=ROOM, at=now + 1)  # younger than the list
    engine.take(
        Lease(
            room=ROOM,
            until_s=now + 60,
            identities=("user:ada", "user:grace"),
            speakers=("user:ada",),
            muted=("user:ada",),
            at_s=now,
        )
    )

    await engine.look_at_all()

    assert livekit.names(ROOM) == {"user:ada|stage", "ticket:new"}
    assert livekit.rooms[ROOM]["user:ada|stage"].tracks[0].muted


async def test_what_failed_is_made_up_for(engine: Engine, livekit: StandIn) -> None:
    livekit.let_in("ticket:linus", room=ROOM)
    livekit.broken = True
    engine.take(Revoke(room=ROOM, identity="ticket:linus", until_s=time.time() + 600))
    await settle(engine)
    await engine.look_at_all()
    with pytest.raises(ServerAwayError):
        await engine.look_at(ROOM)
    assert livekit.names(ROOM) == {"ticket:linus"}

    livekit.broken = False
    await engine.look_at_all()

    assert livekit.names(ROOM) == set()


async def test_who_is_there_is_told_even_when_no_webhook_came(engine: Engine, livekit: StandIn) -> None:
    linus = livekit.let_in("ticket:linus", room=ROOM)
    voice = livekit.let_in("user:ada", room=ROOM, speaks=True)
    await engine.look_at(ROOM)
    del livekit.rooms[ROOM]["ticket:linus"]
    await engine.look_at(ROOM)

    events = told(engine)
    came = [event for event in events if isinstance(event, Joined)]
    assert {(event.identity, event.way, event.session) for event in came} == {
        ("ticket:linus", "listen", linus.sid),
        ("user:ada", "publish", voice.sid),
    }
    assert [event.sessions for event in events if isinstance(event, Here)] == [(linus.sid, voice.sid), (voice.sid,)]
    assert [event.session for event in events if isinstance(event, Left)] == [linus.sid]
    engine.take(End(room=ROOM))
    await engine.look_at(ROOM)  # over: nobody looks any more
    assert [event.speakers for event in told(engine) if isinstance(event, Watched)] == [1, 1]


async def test_it_acts_at_once_and_settles_first_what_was_said_before_it_began(
    engine: Engine, livekit: StandIn
) -> None:
    engine.acting = False
    engine.take(Revoke(room=ROOM, identity="ticket:eve", until_s=time.time() + 600))
    engine.take(Record(room=ROOM, on=True))
    livekit.let_in("ticket:eve", room=ROOM)
    livekit.let_in("ticket:linus", room=ROOM)
    running = asyncio.create_task(engine.run())
    async with asyncio.timeout(10):
        while livekit.names(ROOM) != {"ticket:linus"}:
            await asyncio.sleep(0.01)
        engine.take(Revoke(room=ROOM, identity="ticket:linus", until_s=time.time() + 600))
        while livekit.names(ROOM):
            await asyncio.sleep(0.01)
    running.cancel()


async def test_a_wrong_secret_is_not_taken_for_an_empty_room(livekit: StandIn) -> None:
    server = Server(livekit.url, KEY, "another secret of at least thirty-two bytes")
    with pytest.raises(ServerAwayError):
        await server.participants(ROOM)
    await server.close()
