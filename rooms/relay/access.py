"""Applies Django's control messages (leases, revocations, mutes, ends); remembers what outlasts sessions."""

import math
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


ENDED = {
    "moved": "This seat was opened somewhere else, so it stopped here.",
    "room-ended": "The room has ended.",
    "demoted": "The host has taken you off the stage.",
    "removed": "The host has removed you from this room.",
    "refunded": "Your ticket was refunded, so the sound stopped here.",
    "lease": "The site has not renewed your access.",
    "left": "You left the room.",
}
"""What a person is told of the end of a session, by reason."""


@dataclass(slots=True)
class Access:
    """What Django has said, by room and identity. Times in messages are Unix seconds, `now` is monotonic."""

    relay: Relay
    wall: Callable[[], float]
    on_record: Callable[[Record], None]
    revoked: dict[tuple[str, str], Revoke] = field(default_factory=dict)
    muted: set[tuple[str, str]] = field(default_factory=set)
    mutes_at: dict[tuple[str, str], float] = field(default_factory=dict)
    demoted: dict[tuple[str, str], float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def check(self, room: str, identity: str, issued_at: float) -> None:
        """Whether a grant of that time lets the identity into the room at all; raises Revoked or RoomEnded."""
        revocation = self.revoked.get((room, identity))
        if revocation is not None and revocation.until_s > self.wall() and _is_void(issued_at, revocation):
            raise Revoked(ENDED.get(revocation.reason, ""), reason=revocation.reason)
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
                self.mutes_at[message.room, message.identity] = message.at_s
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
        self.mutes_at = {key: at for key, at in self.mutes_at.items() if wall - at < KEEP_S}

    def _lease(self, message: Lease, now: float) -> None:
        if message.at_s > self.ended.get(message.room, math.inf):
            del self.ended[message.room]  # it was put off, and takes place after all
        until = now + message.until_s - self.wall()
        allowed = None if message.identities is None else set(message.identities)
        for session in self._sessions(message.room):
            if allowed is None or session.identity in allowed:
                session.lease_until = max(session.lease_until, until)
            elif session.ready_at is not None:
                # The list heals a revocation that got lost. Newcomers may be younger than the list.
                self.relay.close(session, "not-listed", now)
        self._heal_stage(message, now)
        self.relay.tell_here(message.room)

    def _heal_stage(self, message: Lease, now: float) -> None:
        """Who is on stage and not listed goes, unless their grant is younger than the list; mutes are as listed."""
        if message.speakers is not None:
            allowed = set(message.speakers)
            speaking = [s for s in self._sessions(message.room) if s.kind is Kind.PUBLISH]
            unlisted = [s for s in speaking if s.identity not in allowed and s.grant.issued_at < message.at_s]
            self.relay.closing(unlisted, "demoted", now)
        if message.muted is not None:
            listed = set(message.muted)
            known = {identity for room, identity in self.muted if room == message.room}
            for identity in known ^ listed:
                if message.at_s > self.mutes_at.get((message.room, identity), 0.0):
                    self._mute(Mute(room=message.room, identity=identity, muted=identity in listed))

    def _revoke(self, message: Revoke, now: float) -> None:
        if message.until_s > self.wall() and len(self.revoked) < MAX_REVOCATIONS:
            self._remember(message)
        sessions = self._sessions(message.room, message.identity)
        void = [session for session in sessions if _is_void(session.grant.issued_at, message)]
        self.relay.closing(void, message.reason, now)

    def _remember(self, message: Revoke) -> None:
        """The one that voids most stays: those that come with the leases may be older."""
        known = self.revoked.get((message.room, message.identity))
        if known is None or _is_void(_at(known), message):
            self.revoked[message.room, message.identity] = message

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


def _at(revocation: Revoke) -> float:
    return math.inf if revocation.at_s is None else revocation.at_s


def _is_void(issued_at: float, revocation: Revoke) -> bool:
    return issued_at <= _at(revocation)
