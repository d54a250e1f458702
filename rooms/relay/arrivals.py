"""What arrives from one publisher: loss, jitter, and what to ask for again (RFC 3550 appendix A, RFC 4585)."""

from dataclasses import dataclass, field

from rooms.relay.rtcp import Report, SenderReport
from rooms.relay.rtp import Packet, sequence_after
from rooms.relay.slots import CLOCK_HZ, MAX_JUMP

MAX_ASKS = 4
ASK_AGAIN_S = 0.04
MAX_MISSING = 64


@dataclass(slots=True)
class Missing:
    """A packet not seen yet: how often it was asked for, and when to ask next."""

    asks: int
    next_at: float


@dataclass(slots=True)
class Arrivals:
    """Reception state of one SSRC."""

    ssrc: int
    base: int | None = None
    cycles: int = 0
    highest: int = 0
    received: int = 0
    recovered: int = 0
    given_up: int = 0
    asked: int = 0
    jitter: float = 0.0
    missing: dict[int, Missing] = field(default_factory=dict)
    _transit: float | None = None
    _expected_before: int = 0
    _received_before: int = 0
    _sr_ntp: int = 0
    _sr_at: float = 0.0

    def see(self, packet: Packet, now: float) -> None:
        """Count a packet, and note the gap in front of it or the hole it fills."""
        self.received += 1
        self._follow_jitter(packet, now)
        ahead = MAX_JUMP + 1 if self.base is None else sequence_after(packet.sequence, self.highest)
        if abs(ahead) > MAX_JUMP:
            self._start(packet)
        elif ahead > 0:
            for step in range(1, min(ahead, MAX_MISSING + 1)):
                self.missing[(packet.sequence - step) & 0xFFFF] = Missing(0, now)
            self.cycles += 0x10000 if packet.sequence < self.highest else 0
            self.highest = packet.sequence
        elif self.missing.pop(packet.sequence, None) is not None:
            self.recovered += 1

    def due(self, now: float) -> list[int]:
        """Sequence numbers to ask for now, in order; those asked for too often are given up."""
        hopeless = [s for s, gap in self.missing.items() if gap.asks >= MAX_ASKS and now >= gap.next_at]
        self._give_up(hopeless)
        self._give_up(list(self.missing)[: max(0, len(self.missing) - MAX_MISSING)])
        asked = [sequence for sequence, gap in self.missing.items() if now >= gap.next_at]
        for sequence in asked:
            self.missing[sequence].asks += 1
            self.missing[sequence].next_at = now + ASK_AGAIN_S
        self.asked += len(asked)
        return sorted(asked, key=lambda sequence: sequence_after(sequence, self.highest))

    def hear_sender(self, report: SenderReport, now: float) -> None:
        """Remember a sender report, so that the sender can compute its round trip."""
        self._sr_ntp, self._sr_at = (report.ntp >> 16) & 0xFFFFFFFF, now

    def report(self, now: float) -> Report:
        """The reception report for the time since the last one."""
        expected = self._expected
        lost = expected - self.received
        since_expected = expected - self._expected_before
        since_lost = since_expected - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        fraction = max(0, min(255, since_lost * 256 // since_expected)) if since_expected > 0 else 0
        delay = int((now - self._sr_at) * 65536) & 0xFFFFFFFF if self._sr_ntp else 0
        highest = (self.cycles + self.highest) & 0xFFFFFFFF
        return Report(self.ssrc, fraction, lost, highest, int(self.jitter), self._sr_ntp, delay)

    @property
    def _expected(self) -> int:
        return 0 if self.base is None else self.cycles + self.highest - self.base + 1

    def _give_up(self, sequences: list[int]) -> None:
        for sequence in sequences:
            del self.missing[sequence]
        self.given_up += len(sequences)

    def _start(self, packet: Packet) -> None:
        self.base = self.highest = packet.sequence
        self.cycles = 0
        self.received = 1
        self._expected_before = self._received_before = 0
        self.missing.clear()

    def _follow_jitter(self, packet: Packet, now: float) -> None:
        transit = now * CLOCK_HZ - packet.timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < CLOCK_HZ:
                self.jitter += (difference - self.jitter) / 16
        self._transit = transit
