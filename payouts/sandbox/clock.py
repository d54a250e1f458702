"""The sandbox's clock: real time plus an offset that only grows, and the timers that fall due on it.

Moving it plays what falls due in between in time order, each timer seeing its own time
(https://docs.stripe.com/billing/testing/test-clocks does this for Billing; here it holds for everything).
"""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payouts.sandbox.core import Sandbox

logger = logging.getLogger(__name__)

Timer = Callable[["Sandbox", str], None]
_TIMERS: dict[str, Timer] = {}


def timer(kind: str) -> Callable[[Timer], Timer]:
    """Register what happens when a timer of this kind falls due; it gets the subject's id."""

    def register(function: Timer) -> Timer:
        _TIMERS[kind] = function
        return function

    return register


class Clock:
    """Tells the time and plays timers; the offset is remembered in the store."""

    def __init__(self, sandbox: "Sandbox", start_s: float) -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        self._frozen_at: float | None = None
        remembered = self._store.meta("clock_offset_s")
        if remembered is None:
            self._store.set_meta("clock_offset_s", str(start_s))
        self.offset_s = float(remembered) if remembered is not None else start_s

    def now_s(self) -> float:
        """Seconds since the epoch on this clock."""
        return self._frozen_at if self._frozen_at is not None else time.time() + self.offset_s

    def now(self) -> int:
        """The `created` of something made now."""
        return int(self.now_s())

    def schedule(self, due_at: float, kind: str, subject: str) -> None:
        """Set a timer; the same one twice is one."""
        if kind not in _TIMERS:
            raise LookupError(kind)
        self._store.run(
            "INSERT INTO timers (due_at, kind, subject) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", due_at, kind, subject
        )

    def cancel(self, kind: str, subject: str) -> None:
        """Forget every timer of a kind for a subject."""
        self._store.run("DELETE FROM timers WHERE kind = ? AND subject = ?", kind, subject)

    def move_to(self, target_s: float) -> None:
        """Go forward to a moment, playing everything due until then; raises ValueError when it lies in the past."""
        if target_s < self.now_s() - 1:
            raise ValueError("The clock only moves forward.")
        self.play(target_s)
        self._reach(target_s)

    def play(self, until_s: float | None = None) -> int:
        """Run every timer that is due, each in its own transaction at its own time; how many ran."""
        until_s = self.now_s() if until_s is None else until_s
        played = 0
        while row := self._store.row("SELECT * FROM timers WHERE due_at <= ? ORDER BY due_at, id LIMIT 1", until_s):
            # A timer set in the past runs now: events never carry a time before their cause.
            self._frozen_at = max(float(row["due_at"]), self._frozen_at or 0.0)
            try:
                with self._store.transaction():
                    # Killed in the middle of a move, the clock must not fall behind what it already played.
                    self._reach(self._frozen_at)
                    self._store.run("DELETE FROM timers WHERE id = ?", row["id"])
                    _TIMERS[row["kind"]](self._sandbox, row["subject"])
            except Exception:
                # One broken timer must not stop the clock for everything else.
                logger.exception("Timer %s of %s failed and is dropped", row["kind"], row["subject"])
                self._store.run("DELETE FROM timers WHERE id = ?", row["id"])
            played += 1
        self._frozen_at = None
        return played

    def _reach(self, moment_s: float) -> None:
        offset_s = moment_s - time.time()
        if offset_s > self.offset_s:
            self.offset_s = offset_s
            self._store.set_meta("clock_offset_s", str(offset_s))
