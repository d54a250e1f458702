"""Stage slots: fixed outgoing streams that speakers take over, so that listeners never renegotiate."""

import secrets
from dataclasses import dataclass, field

from rooms.relay.ring import Ring, Sent
from rooms.relay.rtp import Packet, sequence_after

CLOCK_HZ = 48_000
FRAME = 960  # 20 ms, the step between Opus packets in practice
MAX_JUMP = 1000  # a larger jump in a speaker's sequence numbers is a new stream, not loss


@dataclass(slots=True)
class Slot:
    """One outgoing stream of a room. Sequence numbers only ever move forward, whoever speaks (RFC 3711 section 9.1).

    The SSRC is drawn afresh in every process, so that no key stream is ever used for two payloads.
    """

    index: int
    ssrc: int = field(default_factory=lambda: secrets.randbits(31) + 1)
    speaker: str = ""
    taken_at: float = 0.0
    spoke_at: float = float("-inf")
    sequence: int = field(default_factory=lambda: secrets.randbits(14))
    timestamp: int = field(default_factory=lambda: secrets.randbits(31))
    sent_at: float | None = None
    packets: int = 0
    octets: int = 0
    ring: Ring = field(default_factory=Ring)
    _first_in: int | None = None
    _sequence_offset: int = 0
    _timestamp_offset: int = 0

    def take(self, speaker: str, now: float) -> None:
        """Give the slot to a speaker; the next packet begins a talk spurt."""
        self.speaker = speaker
        self.taken_at = now
        self.spoke_at = now
        self._first_in = None

    def release(self) -> None:
        """Leave the slot empty."""
        self.speaker = ""
        self._first_in = None

    def pause(self) -> None:
        """What comes next from the same speaker is joined on without a gap (after a mute)."""
        self._first_in = None

    def rewrite(self, packet: Packet, now: float) -> Sent | None:
        """Move a speaker's packet into this slot's numbering; None for one from before the take-over."""
        starts = self._first_in is None or abs(sequence_after(packet.sequence, self._last_in)) > MAX_JUMP
        if starts:
            self._join(packet, now)
        elif self._first_in is not None and sequence_after(packet.sequence, self._first_in) < 0:
            return None
        sequence = (packet.sequence + self._sequence_offset) & 0xFFFF
        timestamp = (packet.timestamp + self._timestamp_offset) & 0xFFFFFFFF
        if sequence_after(sequence, self.sequence) > 0 or starts:
            self.sequence, self.timestamp, self.sent_at = sequence, timestamp, now
        sent = Sent(sequence, timestamp, packet.marker or starts, packet.payload, self.speaker)
        self.ring.put(sent)
        self.packets += 1
        self.octets += len(packet.payload)
        return sent

    @property
    def _last_in(self) -> int:
        return (self.sequence - self._sequence_offset) & 0xFFFF

    def _join(self, packet: Packet, now: float) -> None:
        """Set the offsets: next sequence number, and a timestamp ahead by the time that has passed."""
        passed = 0 if self.sent_at is None else round((now - self.sent_at) * CLOCK_HZ)
        timestamp = self.timestamp + max(FRAME, passed)
        self._sequence_offset = (self.sequence + 1 - packet.sequence) & 0xFFFF
        self._timestamp_offset = (timestamp - packet.timestamp) & 0xFFFFFFFF
        self._first_in = packet.sequence
