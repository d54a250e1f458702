"""The heart of the process: sessions by id, ufrag and address, their rooms, their beginning and their end.

It does no input or output of its own: `ingress` brings datagrams, `ticks` the time, and what goes out goes through
`send` and the rooms' outlet. The process around it owns sockets and timers.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rooms.relay.events import HERE_AT_ONCE, Here, Joined, Left, OnStage, Sink, Watched
from rooms.relay.ice import IceLite
from rooms.relay.room import Outlet, Room
from rooms.relay.session import HttpsSession, Kind, RtcSession, Session
from rooms.relay.stun import Address

SETUP_S = 15.0  # from the answer to keys
CONSENT_S = 30.0  # RFC 7675: without a valid check for so long, stop sending
CLOSING_S = 6.0  # after an unauthenticated sign that the peer has gone
TOMBSTONES = 20_000


@dataclass(slots=True)
class Relay:
    """All sessions and rooms of one process."""

    outlet: Outlet
    send: Callable[[bytes, Address], None]
    events: Sink
    on_room: Callable[[Room], None] = lambda _room: None
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    ice: IceLite = field(default_factory=IceLite)
    sessions: dict[str, Session] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    by_ufrag: dict[str, RtcSession] = field(default_factory=dict)
    by_address: dict[Address, RtcSession] = field(default_factory=dict)
    unready: set[RtcSession] = field(default_factory=set)
    tombstones: OrderedDict[str, str] = field(default_factory=OrderedDict)
    ssrc: int = field(default_factory=lambda: secrets.randbits(31) + 1)
    _stages: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def open(self, session: Session) -> None:
        """Take a session in. It replaces the one that held its seat."""
        room = self.rooms.get(session.room)
        if room is None:
            room = self.rooms[session.room] = Room(session.room, self.outlet, self.ssrc)
            self.on_room(room)
        holder = room.seats.get(session.seat)
        room.seats[session.seat] = session
        if holder is not None:
            self.close(holder, "moved", session.created_at)
        self.sessions[session.id] = session
        if isinstance(session, RtcSession):
            self.ice.add(session.ice)
            self.by_ufrag[session.ice.credentials.local_ufrag] = session
            self.unready.add(session)

    def close(self, session: Session, reason: str, now: float) -> None:
        """End a session: from here on it is sent nothing. `reason` is told to whoever asks by its address."""
        if self.sessions.pop(session.id, None) is None:
            return
        self.outlet.metrics.counters.sessions_ended += 1
        self.tombstones[session.id] = reason
        if len(self.tombstones) > TOMBSTONES:
            self.tombstones.popitem(last=False)
        room = self.rooms[session.room]
        if room.seats.get(session.seat) is session:
            del room.seats[session.seat]
        if isinstance(session, RtcSession):
            self._close_rtc(session, room)
        self._tell_left(session, reason, now)
        if room.is_empty:
            self._drop_room(room)

    def closing(self, identity_sessions: Iterable[Session], reason: str, now: float) -> int:
        """End several sessions; how many."""
        sessions = list(identity_sessions)
        for session in sessions:
            self.close(session, reason, now)
        return len(sessions)

    def ready(self, session: Session, now: float) -> None:
        """Sound can flow."""
        session.ready_at = now
        self.outlet.metrics.join_s.observe(now - session.created_at)
        self.events.tell(
            Joined(
                room=session.room,
                identity=session.identity,
                session=session.id,
                way=session.kind.value,
                at_s=self.wall(),
            )
        )

    def restart_ice(self, session: RtcSession, old_ufrag: str) -> None:
        """Answer checks for a session's new credentials, and no longer for the old ones."""
        self.ice.drop(old_ufrag)
        self.by_ufrag.pop(old_ufrag, None)
        self.ice.add(session.ice)
        self.by_ufrag[session.ice.credentials.local_ufrag] = session
        self.outlet.metrics.counters.ice_restarts += 1

    def expire(self, now: float) -> None:
        """Every second or less: end sessions without lease, without consent, or that never got ready."""
        for session in list(self.sessions.values()):
            reason = expiry(session, now)
            if reason is not None:
                self.close(session, reason, now)

    def _close_rtc(self, session: RtcSession, room: Room) -> None:
        self.unready.discard(session)
        ufrag = session.ice.credentials.local_ufrag
        self.ice.drop(ufrag)
        self.by_ufrag.pop(ufrag, None)
        for address in session.ice.addresses:
            if self.by_address.get(address) is session:
                del self.by_address[address]
        room.remove_publisher(session)
        room.remove_listener(session)

    def _tell_left(self, session: Session, reason: str, now: float) -> None:
        if session.ready_at is None:
            return
        self.events.tell(
            Left(
                room=session.room,
                identity=session.identity,
                session=session.id,
                way=session.kind.value,
                at_s=self.wall(),
                seconds=round(now - session.ready_at, 3),
                reason=reason,
            )
        )

    def tell_here(self, room_id: str) -> None:
        """Tell who is in a room, so that what is known of their attendance is never old, and that we looked."""
        room = self.rooms.get(room_id)
        sessions = [] if room is None else [s.id for s in room.seats.values() if s.ready_at is not None]
        for start in range(0, len(sessions), HERE_AT_ONCE):
            some = tuple(sessions[start : start + HERE_AT_ONCE])
            self.events.tell(Here(room=room_id, sessions=some, at_s=self.wall()))
        self.events.tell(Watched(room=room_id, speakers=self._speakers(room), at_s=self.wall()))

    def _speakers(self, room: Room | None) -> int:
        seats = [] if room is None else room.seats.values()
        return sum(1 for session in seats if session.kind is Kind.PUBLISH and session.ready_at is not None)

    def tell_stage(self, room: Room) -> None:
        """Tell who holds which slot, when that has changed."""
        slots = tuple(slot.speaker for slot in room.stage.slots)
        if self._stages.get(room.id) != slots:
            self._stages[room.id] = slots
            self.events.tell(OnStage(room=room.id, slots=slots, at_s=self.wall()))

    def _drop_room(self, room: Room) -> None:
        for tap in room.taps.values():
            tap.close()
        self.rooms.pop(room.id, None)
        self._stages.pop(room.id, None)


def expiry(session: Session, now: float) -> str | None:
    """Why a session has run out, None while it has not."""
    if now >= session.lease_until:
        return "lease"
    if isinstance(session, HttpsSession):
        return "consent" if not session.streams and now - session.heard_at > SETUP_S else None
    if not isinstance(session, RtcSession):
        return None
    if session.ready_at is None:
        return "setup" if now - session.created_at > SETUP_S else None
    return "consent" if now - session.ice.heard_at > CONSENT_S else None
