"""Keeps the garbage collector's pauses out of the audio.

With 2,000 sessions a full collection takes 55 ms, and Python begins one whenever enough has survived. So it is left
to us: young objects are collected as ever, in well under a millisecond; all in a quiet moment, else once an hour.
"""

import gc
from dataclasses import dataclass

NEVER = 1_000_000_000
EVERY_S = 600.0
AT_LAST_S = 3600.0
QUIET_S = 1.0


@dataclass(slots=True)
class Collector:
    """Decides when to collect everything."""

    collected_at: float

    @staticmethod
    def take_over() -> None:
        """From now on nothing is collected in full but by `tidy`."""
        young, middle, _ = gc.get_threshold()
        gc.collect()
        gc.set_threshold(young, middle, NEVER)

    def tidy(self, now: float, *, sent_at: float) -> bool:
        """Collect if it is time and nobody speaks (`sent_at`: the last packet of any room), or high time; whether."""
        age = now - self.collected_at
        if age < EVERY_S or (now - sent_at < QUIET_S and age < AT_LAST_S):
            return False
        gc.collect()
        self.collected_at = now
        return True
