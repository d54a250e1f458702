"""The heart of the process: sessions by id, ufrag and address, and what to do with each datagram and each tick.

It does no input or output of its own: datagrams come in through `receive`, go out through `send` and the rooms'
outlet, and time is an argument. The process around it owns sockets and timers.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rooms.relay import rtcp, rtp
from rooms.relay.arrivals import Arrivals
from rooms.relay.demux import Kind as DatagramKind
from rooms.relay.demux import kind_of
from rooms.relay.dtls import DtlsError, is_closing_alert
from rooms.relay.events import Joined, Left, OnStage, Sink
from rooms.relay.ice import IceLite
from rooms.relay.log import log
from rooms.relay.room import Outlet, Room
from rooms.relay.session import HttpsSession, Kind, RtcSession, Session
from rooms.relay.srtp import SrtpError
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
    ice: IceLite = field(default_factory=IceLite)
    sessions: dict[str, Session] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    by_ufrag: dict[str, RtcSession] = field(default_factory=dict)
    by_address: dict[Address, RtcSession] = field(default_factory=dict)
    unready: set[RtcSession] = field(default_factory=set)
    tombstones: OrderedDict[str, str] = field(default_factory=OrderedDict)
    ssrc: int = field(default_factory=lambda: secrets.randbits(31) + 1)
    _stages: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # -- sessions ----------------------------------------------------------------------------------

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

    # -- datagrams ---------------------------------------------------------------------------------

    def receive(self, datagram: bytes, source: Address, now: float) -> None:
        """Handle one datagram. Nothing that a stranger sends raises, or makes anything grow."""
        kind = kind_of(datagram)
        if kind is DatagramKind.STUN:
            self._on_stun(datagram, source, now)
            return
        session = self.by_address.get(source)
        if session is None or kind is DatagramKind.UNKNOWN:
            self.outlet.metrics.counters.datagrams_unknown += 1
        elif kind is DatagramKind.RTP:
            self._on_srtp(session, datagram, now)
        elif kind is DatagramKind.RTCP:
            self._on_srtcp(session, datagram, now)
        else:
            self._on_dtls(session, datagram, source, now)

    def _on_stun(self, datagram: bytes, source: Address, now: float) -> None:
        self.outlet.metrics.counters.stun_checks += 1
        answer = self.ice.handle(datagram, source, now)
        if answer.datagram is not None:
            self.send(answer.datagram, source)
        session = self.by_ufrag.get(answer.ufrag or "")
        if session is None:
            return
        self.by_address[source] = session
        if answer.forgotten is not None:
            self.by_address.pop(answer.forgotten, None)
        if answer.moved and session.ready_at is not None:
            self.rooms[session.room].move_listener(session)

    def _on_dtls(self, session: RtcSession, datagram: bytes, source: Address, now: float) -> None:
        if session.handshake is None and is_closing_alert(datagram):
            session.ice.heard_at = min(session.ice.heard_at, now - CONSENT_S + CLOSING_S)
            return
        try:
            flight = session.hear_dtls(datagram)
        except DtlsError as error:
            self._fail(session, error, now)
            return
        for out in flight:
            self.send(out, source)
        self._maybe_ready(session, now)

    def _fail(self, session: RtcSession, error: Exception, now: float) -> None:
        self.outlet.metrics.counters.dtls_failures += 1
        log.info("handshake failed", session=session.id[:6], room=session.room, error=str(error)[:120])
        self.close(session, "handshake", now)

    def _maybe_ready(self, session: RtcSession, now: float) -> None:
        if session.srtp is None or session.ready_at is not None:
            return
        self.unready.discard(session)
        room = self.rooms[session.room]
        if session.kind is Kind.PUBLISH:
            room.add_publisher(session)
        else:
            room.add_listener(session)
        self.ready(session, now)

    def _on_srtp(self, session: RtcSession, datagram: bytes, now: float) -> None:
        counters = self.outlet.metrics.counters
        if session.kind is not Kind.PUBLISH or session.srtp is None or len(datagram) < rtp.FIXED.size:
            counters.packets_refused += 1
            return
        ssrc = int.from_bytes(datagram[8:12], "big")
        if not session.knows_ssrc(ssrc):
            counters.packets_refused += 1
            return
        try:
            packet = rtp.parse(session.srtp.inbound.unprotect(datagram), session.accepted.level_id)
        except (SrtpError, rtp.RtpError):
            counters.packets_refused += 1
            return
        session.ssrcs.add(ssrc)
        if packet.payload_type != session.accepted.opus or not 0 < len(packet.payload) <= rtp.MAX_PAYLOAD:
            counters.packets_refused += 1
            return
        counters.packets_in += 1
        if session.arrivals is None or session.arrivals.ssrc != ssrc:
            session.arrivals = Arrivals(ssrc)
        recovered = session.arrivals.recovered
        session.arrivals.see(packet, now)
        counters.recovered += session.arrivals.recovered - recovered
        # At once: what comes back within the listeners' jitter buffer is never missed.
        self._ask_again(session, now)
        room = self.rooms[session.room]
        room.forward(session, packet, now)
        self._tell_stage(room)

    def _on_srtcp(self, session: RtcSession, datagram: bytes, now: float) -> None:
        counters = self.outlet.metrics.counters
        if session.srtp is None or not session.knows_ssrc(rtcp.sender_of(datagram)):
            counters.packets_refused += 1
            return
        try:
            packets = rtcp.parse(session.srtp.inbound.unprotect_rtcp(datagram))
        except (SrtpError, rtcp.RtcpError):
            counters.packets_refused += 1
            return
        session.ssrcs.add(rtcp.sender_of(datagram))
        for packet in packets:
            self._on_rtcp(session, packet, now)

    def _on_rtcp(self, session: RtcSession, packet: rtcp.RtcpPacket, now: float) -> None:
        counters = self.outlet.metrics.counters
        if isinstance(packet, rtcp.Nack) and session.kind is Kind.LISTEN:
            counters.nacks_received += 1
            address = session.ice.selected
            if address is not None:
                room = self.rooms[session.room]
                counters.retransmitted += room.answer_nack(
                    session, packet, now, lambda datagram: self.send(datagram, address)
                )
        elif isinstance(packet, rtcp.SenderReport) and session.arrivals is not None:
            session.arrivals.hear_sender(packet, now)
        elif isinstance(packet, rtcp.ReceiverReport) and packet.reports:
            session.loss_fraction = max(report.fraction for report in packet.reports)

    # -- time --------------------------------------------------------------------------------------

    def tick_fast(self, now: float) -> None:
        """Every 20 ms: ask publishers for what is missing, repeat handshake flights that got lost."""
        for session in list(self.unready):
            self._retransmit_dtls(session, now)
        for room in self.rooms.values():
            for session in room.publishers.values():
                self._ask_again(session, now)

    def _retransmit_dtls(self, session: RtcSession, now: float) -> None:
        try:
            flight = session.retransmit_dtls()
        except DtlsError as error:
            self._fail(session, error, now)
            return
        if session.ice.selected is not None:
            for datagram in flight:
                self.send(datagram, session.ice.selected)

    def _ask_again(self, session: RtcSession, now: float) -> None:
        arrivals = session.arrivals
        if arrivals is None or not arrivals.missing:
            return
        missing = arrivals.due(now)
        if missing and session.accepted.nack:
            self.outlet.metrics.counters.nacks_sent += 1
            self._send_rtcp(session, rtcp.Nack(self.ssrc, arrivals.ssrc, tuple(missing)))

    def tick_heartbeat(self, now: float) -> None:
        """Every 250 ms: reports to publishers, signs of life to listeners of quiet rooms."""
        for room in self.rooms.values():
            room.heartbeat(now)
            for session in room.publishers.values():
                reports = () if session.arrivals is None else (session.arrivals.report(now),)
                self._send_rtcp(session, rtcp.ReceiverReport(self.ssrc, reports))
            self._tell_stage(room)

    def tick_slow(self, now: float) -> None:
        """Every 5 s: sender reports to listeners."""
        for room in self.rooms.values():
            room.report(now, self.wall())

    def expire(self, now: float) -> None:
        """Every second or less: end sessions without lease, without consent, or that never got ready."""
        for session in list(self.sessions.values()):
            reason = expiry(session, now)
            if reason is not None:
                self.close(session, reason, now)

    # -- small things ------------------------------------------------------------------------------

    def _send_rtcp(self, session: RtcSession, packet: rtcp.RtcpPacket) -> None:
        if session.srtp is None or session.ice.selected is None:
            return
        plain = rtcp.build(packet)
        if isinstance(packet, rtcp.Nack):
            # Outside reduced-size RTCP a compound packet begins with a report (RFC 3550 section 6.1).
            plain = rtcp.build(rtcp.ReceiverReport(self.ssrc)) + plain
        self.send(session.srtp.outbound.protect_rtcp(plain), session.ice.selected)

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

    def _tell_stage(self, room: Room) -> None:
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
