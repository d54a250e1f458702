"""Applies Django's control messages (leases, revocations, mutes, ends); remembers what outlasts sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from rooms.relay.control import Control, Demote, End, Lease, Mute, Readmit, Record, Revoke
from rooms.relay.problems import Forbidden
from rooms.relay.relay import Relay
from rooms.relay.session import Kind, Session

MAX_REVOCATIONS = 100_000
KEEP_S = 86_400


class Revoked(Forbidden):
    """The identity has lost this room."""

    code = "revoked"
    detail = "Your access to this room has ended."


class Demoted(Forbidden):
    """The grant to speak is older than the host's decision to take the person off the stage."""

    code = "demoted"
    detail = "The host has taken you off the stage."


class RoomEnded(Forbidden):
    """The room is over."""

    code = "room-ended"
    detail = "This room has ended."


@dataclass(slots=True)
class Access:
    """What Django has said, by room and identity. Times in messages are Unix seconds, `now` is monotonic."""

    relay: Relay
    wall: Callable[[], float]
    on_record: Callable[[Record], None]
    revoked: dict[tuple[str, str], Revoke] = field(default_factory=dict)
    muted: set[tuple[str, str]] = field(default_factory=set)
    demoted: dict[tuple[str, str], float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def check(self, room: str, identity: str) -> None:
        """Whether the identity may be in the room at all; raises Revoked or RoomEnded."""
        revocation = self.revoked.get((room, identity))
        if revocation is not None and revocation.until_s > self.wall():
            raise Revoked(reason=revocation.reason)
        if room in self.ended:
            raise RoomEnded

    def check_speaker(self, room: str, identity: str, issued_at: float) -> None:
        """Whether a grant to speak is younger than the last demotion; raises Demoted."""
        if issued_at <= self.demoted.get((room, identity), 0.0):
            raise Demoted

    def is_muted(self, room: str, identity: str) -> bool:
        """Whether a new speaking session of this identity begins muted."""
        return (room, identity) in self.muted

    def apply(self, message: Control, now: float) -> None:
        """Do what a message says, at once."""
        match message:
            case Lease():
                self._lease(message, now)
            case Revoke():
                self._revoke(message, now)
            case Readmit():
                self.revoked.pop((message.room, message.identity), None)
            case Demote():
                self.demoted[message.room, message.identity] = message.at_s
                speaking = [s for s in self._sessions(message.room, message.identity) if s.kind is Kind.PUBLISH]
                self.relay.closing(speaking, "demoted", now)
            case Mute():
                self._mute(message)
            case End():
                self.ended[message.room] = self.wall()
                self.muted = {key for key in self.muted if key[0] != message.room}
                self.relay.closing(self._sessions(message.room), "room-ended", now)
            case Record():
                self.on_record(message)
            case _:
                assert_never(message)

    def forget(self) -> None:
        """Drop revocations past their time, and demotions and rooms' ends of more than a day ago."""
        wall = self.wall()
        self.revoked = {key: value for key, value in self.revoked.items() if value.until_s > wall}
        self.ended = {room: at for room, at in self.ended.items() if wall - at < KEEP_S}
        self.demoted = {key: at for key, at in self.demoted.items() if wall - at < KEEP_S}

    def _lease(self, message: Lease, now: float) -> None:
        until = now + message.until_s - self.wall()
        allowed = None if message.identities is None else set(message.identities)
        for session in self._sessions(message.room):
            if allowed is None or session.identity in allowed:
                session.lease_until = max(session.lease_until, until)
            elif session.ready_at is not None:
                # The list heals a revocation that got lost. Newcomers may be younger than the list.
                self.relay.close(session, "not-listed", now)
        self.relay.tell_here(message.room)

    def _revoke(self, message: Revoke, now: float) -> None:
        if message.until_s > self.wall() and len(self.revoked) < MAX_REVOCATIONS:
            self.revoked[message.room, message.identity] = message
        self.relay.closing(self._sessions(message.room, message.identity), message.reason, now)

    def _mute(self, message: Mute) -> None:
        key = (message.room, message.identity)
        if message.muted:
            self.muted.add(key)
        else:
            self.muted.discard(key)
        room = self.relay.rooms.get(message.room)
        if room is not None:
            room.mute(message.identity, muted=message.muted)

    def _sessions(self, room_id: str, identity: str | None = None) -> list[Session]:
        room = self.relay.rooms.get(room_id)
        if room is None:
            return []
        return [session for session in room.seats.values() if identity is None or session.identity == identity]
