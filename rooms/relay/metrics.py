"""Counters of the process, and their Prometheus text (exposition format 0.0.4). No address, no identity."""

from bisect import bisect_left
from dataclasses import dataclass, field, fields

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JOIN_BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
FORWARD_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)


@dataclass(slots=True)
class Histogram:
    """Cumulative buckets, a sum and a count."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str) -> list[str]:
        """Its exposition lines."""
        running = 0
        lines = [f"# TYPE {name} histogram"]
        for bound, count in zip((*self.bounds, "+Inf"), self.counts, strict=True):
            running += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {running}')
        return [*lines, f"{name}_sum {self.total:.6f}", f"{name}_count {running}"]


@dataclass(slots=True)
class Counters:
    """Monotonic counts since the start. Each becomes `relay_<name>_total`."""

    packets_in: int = 0
    packets_out: int = 0
    packets_dropped_muted: int = 0
    packets_dropped_unheard: int = 0
    packets_refused: int = 0
    packets_unsent: int = 0
    protect_failures: int = 0
    datagrams_unknown: int = 0
    publisher_packets_lost: int = 0
    nacks_sent: int = 0
    nacks_received: int = 0
    retransmitted: int = 0
    recovered: int = 0
    stun_checks: int = 0
    dtls_failures: int = 0
    joins: int = 0
    joins_refused: int = 0
    resumes: int = 0
    sessions_ended: int = 0
    ice_restarts: int = 0


@dataclass(slots=True)
class Metrics:
    """All measurements of the process."""

    counters: Counters = field(default_factory=Counters)
    join_s: Histogram = field(default_factory=lambda: Histogram(JOIN_BUCKETS_S))
    forward_s: Histogram = field(default_factory=lambda: Histogram(FORWARD_BUCKETS_S))

    def text(self, gauges: dict[str, float]) -> str:
        """The whole exposition; `gauges` are read at the time of asking."""
        lines: list[str] = []
        for counter in fields(Counters):
            name = f"relay_{counter.name}_total"
            lines += [f"# TYPE {name} counter", f"{name} {getattr(self.counters, counter.name)}"]
        for gauge, value in gauges.items():
            lines += [f"# TYPE relay_{gauge} gauge", f"relay_{gauge} {value:g}"]
        lines += self.join_s.lines("relay_join_seconds") + self.forward_s.lines("relay_forward_seconds")
        return "\n".join(lines) + "\n"
