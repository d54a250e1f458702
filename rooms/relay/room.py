"""A room: its stage, who speaks, who listens, and the forwarding of one to the other."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rooms.relay import rtcp, rtp
from rooms.relay.fanout import BATCH, Arena, Group, protect_rtcp
from rooms.relay.metrics import Metrics
from rooms.relay.opus import SILENCE
from rooms.relay.ring import Sent
from rooms.relay.session import Kind, RtcSession, Session
from rooms.relay.slots import Slot
from rooms.relay.sources import source_of
from rooms.relay.stage import Stage

QUIET_S = 0.2


class Tap(Protocol):
    """Something else that follows the room's audio: a recorder, or a listener over HTTPS."""

    def on_packet(self, identity: str, packet: rtp.Packet, now: float) -> None:
        """A speaker's packet, muted ones left out."""

    def on_sent(self, slot: int, sent: Sent, now: float) -> None:
        """A packet as it left on a slot."""

    def on_gone(self, identity: str) -> None:
        """A speaker has left."""

    def close(self) -> None:
        """The room is over."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where packets leave: the socket, its address family, and the arena of the event loop."""

    fd: int
    family: int
    arena: Arena
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class GroupKey:
    """Listeners with the same key get the same plain packet. `own` is whose voice they do not get back."""

    opus: int
    slots: int
    own: str


@dataclass(slots=True, eq=False)
class Room:
    """A live room of this process; it exists while somebody is in it."""

    id: str
    outlet: Outlet
    ssrc: int
    stage: Stage = field(default_factory=Stage)
    publishers: dict[str, RtcSession] = field(default_factory=dict)
    listeners: dict[RtcSession, GroupKey] = field(default_factory=dict)
    seats: dict[str, Session] = field(default_factory=dict)
    taps: dict[object, Tap] = field(default_factory=dict)
    groups: dict[GroupKey, Group] = field(default_factory=dict)
    sent_at: float = 0.0
    reports: deque[tuple[Slot, GroupKey, int]] = field(default_factory=deque)

    @property
    def is_empty(self) -> bool:
        return not self.seats

    @property
    def audience(self) -> int:
        """Who hears the room, over UDP or HTTPS. Presence is counted, not broadcast."""
        return sum(
            session.kind is not Kind.PUBLISH and session.ready_at is not None for session in self.seats.values()
        )

    def add_publisher(self, session: RtcSession) -> None:
        """A speaker is ready; their own listening session, if any, stops hearing them."""
        self.publishers[session.identity] = session
        self.stage.join(session.identity)
        self._regroup(session.identity)

    def remove_publisher(self, session: RtcSession) -> None:
        """A speaker is gone."""
        if self.publishers.get(session.identity) is session:
            del self.publishers[session.identity]
            self.stage.leave(session.identity)
            self._regroup(session.identity)
            for tap in self.taps.values():
                tap.on_gone(session.identity)

    def add_listener(self, session: RtcSession) -> None:
        """A listener is ready to be sent to."""
        address, srtp = session.ice.selected, session.srtp
        if address is None or srtp is None:
            raise ValueError("a listener without an address or keys")
        own = session.identity if session.identity in self.publishers else ""
        key = GroupKey(session.accepted.opus, len(session.accepted.indexes), own)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(self.outlet.arena, self.outlet.family)
        group.add(session, srtp.outbound, address)
        self.listeners[session] = key

    def remove_listener(self, session: RtcSession) -> None:
        """A listener is gone, or is about to change group."""
        key = self.listeners.pop(session, None)
        if key is None:
            return
        group = self.groups[key]
        group.remove(session)
        if not len(group):
            del self.groups[key]

    def move_listener(self, session: RtcSession) -> None:
        """The listener's address has changed."""
        key = self.listeners.get(session)
        if key is not None and session.ice.selected is not None:
            self.groups[key].move(session, session.ice.selected)

    def mute(self, identity: str, *, muted: bool) -> None:
        """Drop a speaker's packets at ingress, or let them through again, joined on without a gap."""
        session = self.publishers.get(identity)
        if session is None:
            return
        session.muted = muted
        slot = self.stage.slot_of(identity)
        if slot is not None:
            slot.pause()

    def forward(self, session: RtcSession, packet: rtp.Packet, now: float) -> None:
        """One packet of a speaker, to everybody who is to hear it."""
        counters = self.outlet.metrics.counters
        if session.muted:
            counters.packets_dropped_muted += 1
            return
        for tap in self.taps.values():
            tap.on_packet(session.identity, packet, now)
        slot = self.stage.slot_for(session.identity, packet, now)
        sent = slot.rewrite(packet, now) if slot is not None else None
        if slot is None or sent is None:
            counters.packets_dropped_unheard += 1
            return
        for tap in self.taps.values():
            tap.on_sent(slot.index, sent, now)
        self._send(slot, sent, now)

    def answer_nack(self, session: RtcSession, nack: rtcp.Nack, now: float, send: Callable[[bytes], None]) -> int:
        """Send again what a listener lacks; how many packets that was."""
        slot = next((slot for slot in self.stage.slots if slot.ssrc == nack.media), None)
        if slot is None or session.srtp is None or slot.index >= len(session.accepted.indexes):
            return 0
        count = 0
        for sequence in nack.missing:
            sent = slot.ring.get(sequence)
            if sent is not None and session.may_retransmit(now):
                plain = written(slot, sent, session.accepted.opus, session.identity)
                send(session.srtp.outbound.protect(plain))
                count += 1
        return count

    def heartbeat(self, now: float) -> None:
        """In silence tell listeners that the line is up, so that pages can tell silence from a dead line."""
        if now - self.sent_at >= QUIET_S:
            self._broadcast_rtcp(rtcp.ReceiverReport(self.ssrc))

    def plan_reports(self) -> None:
        """Sender reports for the slots in use are due: `report` sends them batch by batch, between packets."""
        slots = [slot for slot in self.stage.slots if slot.sent_at is not None]
        groups = [(key, start) for key, group in self.groups.items() for start in range(0, len(group), BATCH)]
        self.reports = deque((slot, key, start) for slot in slots for key, start in groups if key.slots > slot.index)

    def report(self, now: float, epoch_s: float) -> None:
        """Send the reports that are due to one batch of listeners."""
        if not self.reports:
            return
        slot, key, start = self.reports.popleft()
        group = self.groups.get(key)
        if group is not None and slot.sent_at is not None:
            timestamp = (slot.timestamp + round((now - slot.sent_at) * 48_000)) & 0xFFFFFFFF
            packets, octets = slot.packets & 0xFFFFFFFF, slot.octets & 0xFFFFFFFF
            plain = rtcp.SenderReport(slot.ssrc, rtcp.ntp_of(epoch_s), timestamp, packets, octets)
            group.send_batch(self.outlet.fd, rtcp.build(plain), start, protect_rtcp)

    def _send(self, slot: Slot, sent: Sent, now: float) -> None:
        metrics = self.outlet.metrics
        self.sent_at = now
        for key, group in self.groups.items():
            if key.slots > slot.index:
                plain = written(slot, sent, key.opus, key.own)
                out, failed = group.send(self.outlet.fd, plain)
                metrics.counters.packets_out += out
                metrics.counters.protect_failures += failed
                metrics.counters.packets_unsent += len(group) - out

    def _broadcast_rtcp(self, packet: rtcp.RtcpPacket) -> None:
        plain = rtcp.build(packet)
        for group in self.groups.values():
            group.send(self.outlet.fd, plain, protect_rtcp)

    def _regroup(self, identity: str) -> None:
        for session in [session for session in self.listeners if session.identity == identity]:
            self.remove_listener(session)
            self.add_listener(session)


def written(slot: Slot, sent: Sent, opus: int, own: str) -> bytes:
    """The plain packet for listeners of one kind. Speakers get silence for their own voice, so that no gap shows."""
    payload = SILENCE if own and sent.speaker == own else sent.payload
    return rtp.build(
        payload_type=opus,
        sequence=sent.sequence,
        timestamp=sent.timestamp,
        ssrc=slot.ssrc,
        payload=payload,
        marker=sent.marker,
        source=source_of(sent.speaker),
    )
