"""One process of the demo: its own process group, tied to our life, its output read by us."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from config.demo.environment import REPOSITORY
from config.embedded.tether import tethered

STEADY_AFTER_S = 10.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0


class Child:
    """A command that is started, read from, started again and stopped."""

    def __init__(self, name: str, command: str, *, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.failures = 0  # in a row, none of which lived for STEADY_AFTER_S
        self.start_at = 0.0  # on the monotonic clock; when to start (again)
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._rest = b""

    @property
    def started(self) -> bool:
        """Whether there is a process, dead or alive, that was not yet collected."""
        return self._process is not None

    @property
    def output(self) -> IO[bytes]:
        """What it writes; only while `started`."""
        if self._process is None or self._process.stdout is None:
            raise ValueError(f"{self.name} is not started")
        return self._process.stdout

    def start(self) -> None:
        """Start the command through a shell that it replaces."""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {self._command}"],
            cwd=REPOSITORY,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=tethered(signal.SIGTERM),  # noqa: PLW1509 the supervisor has a single thread
        )
        self._started_at = time.monotonic()
        os.set_blocking(self.output.fileno(), False)

    def read_lines(self) -> list[bytes]:
        """Whole lines written since the last call, kept in the log too."""
        chunk = self.output.read() if self.started else None
        if not chunk:
            return []
        with self.log.open("ab") as log:
            log.write(chunk)
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + chunk)  # a carriage return ends a line of progress
        return lines

    def collect(self) -> int | None:
        """The exit code if it has ended; then what is left of its group is ended too, and the next start is set."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self._signal_group(signal.SIGKILL)
        self._close()
        lived_s = time.monotonic() - self._started_at
        self.failures = 1 if lived_s >= STEADY_AFTER_S else self.failures + 1
        self.start_at = time.monotonic() + min(FIRST_PAUSE_S * 2 ** (self.failures - 1), LONGEST_PAUSE_S)
        return code

    def terminate(self) -> None:
        """Ask the process (not its helpers, which it ends itself) to stop."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End the whole group at once."""
        if self._process is not None:
            self._signal_group(signal.SIGKILL)
            self._process.wait()
            self._close()

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _close(self) -> None:
        self.output.close()
        self._process = None
        self._rest = b""


def ended(code: int) -> str:
    """An exit code in words."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
