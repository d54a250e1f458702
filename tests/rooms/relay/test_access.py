"""What Django says is done at once: leases, revocations, mutes, the end of a room."""

import datetime as dt
import json
import time

import pytest

from rooms.relay import control, events, grants
from rooms.relay.control import ControlError, decode, encode
from rooms.relay.events import EventError, Here, Joined, Left, OnStage, Watched
from rooms.relay.relay import CLOSING_S, CONSENT_S, SETUP_S
from tests.rooms.relay.house import KEY, ROOM, House, grant
from tests.rooms.relay.peer import Peer, offer

MESSAGES = [
    control.Lease(room="r", until_s=5.5),
    control.Lease(room="r", until_s=5.5, identities=("a", "b")),
    control.Lease(room="r", until_s=5.5, speakers=("a",), muted=(), at_s=1.5),
    control.Revoke(room="r", identity="a", until_s=9.0, at_s=1.5),
    control.Revoke(room="r", identity="a", until_s=9.0, reason="refunded"),
    control.Readmit(room="r", identity="a"),
    control.Demote(room="r", identity="a", at_s=1.0),
    control.Mute(room="r", identity="a", muted=True),
    control.End(room="r"),
    control.Record(room="r", on=True),
]


def say(peer: Peer, count: int = 1, *, start: int = 0) -> None:
    for step in range(start, start + count):
        peer.speak(sequence=step, timestamp=960 * step, payload=b"\xfctalking", level=10)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_messages_survive_the_stream(message: control.Control) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "unknown", "body": "{}"},
        {"kind": "end"},
        {"kind": "end", "body": "[]"},
        {"kind": "end", "body": "{"},
        {"kind": "end", "body": json.dumps({"room": "r", "more": 1})},
    ],
)
def test_a_broken_message_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ControlError):
        decode(fields)


@pytest.mark.parametrize(
    "event",
    [
        Joined(room="r", identity="a", session="s", way="listen", at_s=1.5),
        Here(room="r", sessions=("s", "t"), at_s=1.5),
        Watched(room="r", speakers=2, at_s=1.5),
        Left(room="r", identity="a", session="s", way="webm", at_s=1.5, seconds=1.0, reason="left"),
        OnStage(room="r", slots=("a", "", "", ""), at_s=1.5),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_survive_their_stream_and_broken_ones_are_refused(event: events.Event) -> None:
    fields = events.encode(event)

    assert events.decode(fields) == event
    for broken in ({"kind": "unknown"}, {"body": "{"}, {"body": "[]"}, {"body": "{}"}):
        with pytest.raises(EventError):
            events.decode(fields | broken)


async def test_with_the_leases_it_is_told_who_is_here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.speaker("ada")
    await house.listener("linus")
    await house.post("whep", grant("not ready yet"), offer(sends=False))
    monkeypatch.setattr("rooms.relay.relay.HERE_AT_ONCE", 1)

    house.tell(control.Lease(room=ROOM, until_s=time.time() + 60))
    house.tell(control.Lease(room="empty", until_s=time.time() + 60))

    told = [event for event in house.events.events if isinstance(event, Here)]
    ready = [session.id for session in house.relay.sessions.values() if session.ready_at is not None]
    assert [event.sessions for event in told] == [(session,) for session in ready]
    assert len(ready) == 2
    looked = [(event.room, event.speakers) for event in house.events.events if isinstance(event, Watched)]
    assert looked == [(ROOM, 1), ("empty", 0)]


async def test_a_revoked_listener_gets_no_further_packet_and_cannot_come_back(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, made = await house.listener("linus")
    fin, _ = await house.listener("fin")

    house.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60, reason="refunded"))
    say(ada)
    house.pump()

    assert linus.packets() == []
    assert len(fin.packets()) == 1
    for token in (grant("linus"), made.headers["resume-token"]):
        refused = await house.post("whep", token, offer(sends=False))
        assert (refused.status_code, refused.json()["reason"]) == (403, "refunded")
    left = [event for event in house.events.events if isinstance(event, Left)]
    assert [(event.identity, event.reason, event.way) for event in left] == [("linus", "refunded", "listen")]


async def test_who_buys_again_comes_back(house: House) -> None:
    house.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60))
    house.tell(control.Readmit(room=ROOM, identity="linus"))

    await house.listener("linus")

    assert len(house.relay.sessions) == 1


async def test_a_revocation_voids_the_grants_from_before_it_and_no_later_one(house: House) -> None:
    _, made = await house.listener("linus")
    revoked_at = dt.datetime.now(dt.UTC)
    revoke = control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60, at_s=revoked_at.timestamp())
    house.tell(revoke)
    before = grant("linus", now=revoked_at - dt.timedelta(seconds=1))

    for token in (before, made.headers["resume-token"]):
        assert (await house.post("whep", token, offer(sends=False))).status_code == 403
    later = grant("linus", now=revoked_at + dt.timedelta(seconds=1))
    assert (await house.post("whep", later, offer(sends=False))).status_code == 201

    # It comes again with every lease, and does not end who was let in since.
    house.tell(revoke)
    assert len(house.relay.sessions) == 1


async def test_of_two_revocations_the_later_one_stays(house: House) -> None:
    now = dt.datetime.now(dt.UTC)
    for at_s in (now.timestamp() + 2, now.timestamp()):
        house.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60, at_s=at_s))

    between = grant("linus", now=now + dt.timedelta(seconds=1))
    assert (await house.post("whep", between, offer(sends=False))).status_code == 403


async def test_a_resume_token_is_as_old_as_its_grant(house: House) -> None:
    """Else a page that resumed after a revocation got lost would come back for ever."""
    _, made = await house.listener("linus")
    state = (await house.http.get(f"{made.headers['location']}/state")).json()
    (session,) = house.relay.sessions.values()

    resumed = grants.verify(token=state["resume"], keys={"obole": KEY}, room=ROOM, now=dt.datetime.now(dt.UTC))

    assert resumed.issued_at == session.grant.issued_at


async def test_leases_put_right_who_is_on_stage_and_who_is_muted(house: House) -> None:
    for name in ("ada", "grace", "linus"):
        await house.speaker(name)
    house.tell(control.Mute(room=ROOM, identity="ada", muted=True))

    lease = control.Lease(
        room=ROOM, until_s=time.time() + 60, speakers=("ada", "grace"), muted=("grace",), at_s=time.time() + 1
    )
    house.tell(lease)

    speakers = {session.identity: session.muted for session in house.relay.sessions.values()}
    assert speakers == {"ada": False, "grace": True}
    (gone,) = [event for event in house.events.events if isinstance(event, Left)]
    assert (gone.identity, gone.reason) == ("linus", "demoted")


async def test_a_list_leaves_alone_what_was_decided_since(house: House) -> None:
    await house.speaker("linus")
    house.tell(control.Mute(room=ROOM, identity="linus", muted=True, at_s=time.time()))

    house.tell(
        control.Lease(room=ROOM, until_s=time.time() + 60, speakers=(), muted=(), at_s=time.time() - 5),
    )

    assert [session.muted for session in house.relay.sessions.values()] == [True]


async def test_a_room_that_is_let_again_after_its_end_takes_place(house: House) -> None:
    house.tell(control.End(room=ROOM))
    house.tell(control.Lease(room=ROOM, until_s=time.time() + 60, at_s=time.time() - 5))
    assert (await house.post("whep", grant("linus"), offer(sends=False))).status_code == 403

    house.tell(control.Lease(room=ROOM, until_s=time.time() + 60, at_s=time.time() + 5))
    await house.listener("linus")


async def test_no_lease_no_audio(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    now = time.monotonic()
    house.tell(control.Lease(room=ROOM, until_s=time.time() + 120, identities=("ada",)))
    assert [session.identity for session in house.relay.sessions.values()] == ["ada"]

    (session,) = house.relay.by_ufrag.values()
    session.ice.heard_at = now + 110  # its checks go on
    house.relay.expire(now + 119)
    assert len(house.relay.sessions) == 1
    house.relay.expire(now + 121)

    assert house.relay.sessions == {}
    say(ada)
    house.pump()
    assert linus.packets() == []


async def test_a_renewed_lease_goes_on(house: House) -> None:
    await house.listener("linus")
    now = time.monotonic()
    house.tell(control.Lease(room=ROOM, until_s=time.time() + 120))
    house.tell(control.Lease(room=ROOM, until_s=time.time() + 1))  # an old message, late: takes nothing back

    for session in house.relay.sessions.values():
        assert session.lease_until == pytest.approx(now + 120, abs=1)


async def test_a_lease_list_leaves_alone_who_is_just_coming_in(house: House) -> None:
    await house.post("whep", grant("linus"), offer(sends=False))
    house.tell(control.Lease(room=ROOM, until_s=time.time() + 60, identities=()))

    assert len(house.relay.sessions) == 1


async def test_a_muted_speaker_is_dropped_at_the_door_and_joined_on_without_a_gap(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    say(ada, 3)
    house.pump()

    house.tell(control.Mute(room=ROOM, identity="ada", muted=True))
    say(ada, 3, start=3)
    house.pump()
    house.tell(control.Mute(room=ROOM, identity="ada", muted=False))
    say(ada, 3, start=6)
    house.pump()

    numbers = [packet.sequence for packet in linus.packets()]
    assert numbers == [(numbers[0] + step) & 0xFFFF for step in range(6)]
    assert house.metrics.packets_dropped_muted == 3


async def test_a_mute_outlasts_a_reconnect(house: House) -> None:
    await house.speaker("ada")
    house.tell(control.Mute(room=ROOM, identity="ada", muted=True))
    again, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")

    say(again)
    house.pump()

    assert linus.packets() == []


async def test_off_the_stage_is_still_in_the_room(house: House) -> None:
    ada, made = await house.speaker("ada")
    ears, _ = await house.listener("ada")
    old_grant = grant("ada", speak=True)

    house.tell(control.Demote(room=ROOM, identity="ada", at_s=time.time()))
    say(ada)
    house.pump()

    assert [session.kind.value for session in house.relay.sessions.values()] == ["listen"]
    assert ears.packets() == []
    for token in (old_grant, made.headers["resume-token"]):
        assert (await house.post("whip", token, offer(sends=True))).status_code == 403
    assert (await house.post("whip", grant("ada", speak=True), offer(sends=True))).status_code == 201


async def test_the_end_is_for_everybody_and_stays(house: House) -> None:
    await house.speaker("ada")
    await house.listener("linus")

    house.tell(control.End(room=ROOM))

    assert house.relay.sessions == {}
    assert house.relay.rooms == {}
    assert (await house.post("whep", grant("fin"), offer(sends=False))).status_code == 403


async def test_a_shared_seat_moves_and_does_not_multiply(house: House) -> None:
    ada, _ = await house.speaker("ada")
    first, made = await house.listener("linus")
    second, _ = await house.listener("linus")

    say(ada)
    house.pump()

    assert first.packets() == []
    assert len(second.packets()) == 1
    gone = await house.http.get(f"{made.headers['location']}/state")
    assert (gone.status_code, gone.json()["reason"]) == (410, "moved")


async def test_attendance_is_told(house: House) -> None:
    await house.listener("linus")
    (joined,) = [event for event in house.events.events if isinstance(event, Joined)]
    session = house.relay.sessions[joined.session]
    assert session.ready_at is not None

    house.relay.close(session, "left", session.ready_at + 90.5)

    (left,) = [event for event in house.events.events if isinstance(event, Left)]
    assert (left.identity, left.seconds, left.session) == ("linus", 90.5, joined.session)


async def test_the_stage_is_told_when_it_changes(house: House) -> None:
    ada, _ = await house.speaker("ada")
    await house.listener("linus")
    say(ada, 5)
    house.pump()

    assert [e.slots for e in house.events.events if isinstance(e, OnStage)] == [("ada", "", "", "")]


async def test_who_never_gets_ready_is_forgotten(house: House) -> None:
    await house.post("whep", grant("linus"), offer(sends=False))
    house.relay.expire(time.monotonic() + SETUP_S + 1)

    assert house.relay.sessions == {}
    assert house.relay.unready == set()
    assert not any(isinstance(event, Left) for event in house.events.events)


async def test_who_stops_checking_is_dropped(house: House) -> None:
    linus, _ = await house.listener("linus")
    now = time.monotonic()
    house.relay.expire(now + CONSENT_S - 1)
    assert len(house.relay.sessions) == 1
    linus.send(b"\x15\xfe\xfd\x00\x01" + bytes(30))  # what a closing page sends: a hint, no proof
    house.pump()
    house.relay.expire(now + CLOSING_S - 1)
    assert len(house.relay.sessions) == 1

    house.relay.expire(now + CLOSING_S + 1)

    assert house.relay.sessions == {}


async def test_a_forged_goodbye_ends_nobody_who_goes_on_checking(house: House) -> None:
    linus, _ = await house.listener("linus")
    linus.send(b"\x15\xfe\xfd\x00\x01" + bytes(30))
    house.pump()
    linus.check()
    house.pump()

    house.relay.expire(time.monotonic() + CLOSING_S + 1)

    assert len(house.relay.sessions) == 1
