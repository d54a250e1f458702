"""Obole's own programs as subprocesses, for tests that need them for real."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 60.0


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """True when the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (loopback, http)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(true: Callable[[], bool], *, what: str, within_s: float = READY_WITHIN_S) -> None:
    """Wait for a state of another process; fail, naming it, when it does not come.

    Raises:
        AssertionError: `what` did not come true in time.
    """
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, f"{what} did not come true within {within_s:.0f} s"
        time.sleep(0.05)  # between two looks, not in place of one


class Program:
    """One of our programs in a process group of its own, its output kept in a file."""

    def __init__(self, name: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.output = Path(tempfile.mkstemp(prefix=f"obole-{name}-", suffix=".log")[1])
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, true: Callable[[], bool], *, what: str, within_s: float = READY_WITHIN_S) -> None:
        """Like `wait_until`, and fail at once, with its last output, when the program has ended.

        Raises:
            AssertionError: the program ended, or `what` did not come true in time.
        """

        def true_or_ended() -> bool:
            assert self.process.poll() is None, f"{self.name} ended:\n{self.tail()}"
            return true()

        wait_until(true_or_ended, what=f"{self.name}: {what}", within_s=within_s)

    def tail(self, lines: int = 40) -> str:
        """The last lines that it wrote."""
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])

    def kill(self) -> None:
        """SIGKILL for the whole group: no chance to tidy up."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for what is left."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()
        self.output.unlink(missing_ok=True)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return
        if number == signal.SIGKILL:
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
