"""Admission control: refuse newcomers before those inside hear it. A late packet is worse than a polite 503."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from rooms.relay.problems import Busy

SAMPLE_S = 1.0
MAX_UNREADY = 400
MAX_LAG_S = 0.05
SMOOTHING = 0.5


@dataclass(slots=True)
class Governor:
    """Follows the process's share of one CPU and how late its timers run."""

    max_listeners: int
    max_cpu_share: float
    cpu: Callable[[], float] = time.process_time
    cpu_share: float = 0.0
    lag_s: float = 0.0
    _cpu_at: float = 0.0
    _at: float = 0.0

    def sample(self, now: float) -> None:
        """Call about once a second; `now` is monotonic."""
        cpu = self.cpu()
        passed = now - self._at
        if self._at and passed > 0:
            share = (cpu - self._cpu_at) / passed
            self.cpu_share += SMOOTHING * (share - self.cpu_share)
            self.lag_s += SMOOTHING * (max(0.0, passed - SAMPLE_S) - self.lag_s)
        self._cpu_at, self._at = cpu, now

    def admit(self, *, listeners: int, unready: int) -> None:
        """Whether one more listener may come in; raises Busy."""
        if listeners >= self.max_listeners:
            raise Busy
        if unready >= MAX_UNREADY or self.cpu_share > self.max_cpu_share or self.lag_s > MAX_LAG_S:
            raise Busy
