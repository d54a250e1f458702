"""Keeps the Procfile's processes running, in one thread: reads them, restarts them, stops them all."""

import selectors
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from config.demo import output
from config.demo.child import Child, ended
from config.demo.errors import DemoError, Interrupted

LOOK_EVERY_S = 0.1
LOOK_BELOW_EVERY_S = 1.0
STOP_PATIENCE_S = 8.0
TRIES_BEFORE_READY = 3
ASK_EVERY_S = 0.25
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Children by name. `shown` says whether their lines go to the terminal (they always go to their logs).

    `look_below` is called about every second: it sees to what the children stand on, which is nobody's child here.
    """

    def __init__(
        self, *, environment: Mapping[str, str], logs: Path, look_below: Callable[[], object] | None = None
    ) -> None:
        self.shown = False
        self._look_below = look_below
        self._look_below_at = time.monotonic() + LOOK_BELOW_EVERY_S
        self._environment = environment
        self._logs = logs
        self._children: dict[str, Child] = {}
        self._interrupted = False
        for number in SIGNALS:
            signal.signal(number, self._note)

    def add(self, name: str, command: str) -> None:
        """Start `command` and keep it running."""
        child = Child(name, command, environment=self._environment, log=self._logs / f"{name}.log")
        child.log.write_bytes(b"")
        self._children[name] = child
        child.start()

    def run(self, name: str, command: str, *, shown: bool, extra: Mapping[str, str] | None = None) -> None:
        """Run `command` to its end beside the children. Raises DemoError, with its last lines, when it fails."""
        job = Child(name, command, environment={**self._environment, **(extra or {})}, log=self._logs / f"{name}.log")
        job.log.write_bytes(b"")
        job.start()
        try:
            while (code := job.collect()) is None:
                self.turn()
                for line in job.read_lines():
                    if shown:
                        output.progress(line)
        finally:
            job.kill()
            if shown:
                output.say()
        if code != 0:
            raise DemoError(f"{command} {ended(code)}; the end of {job.log}:\n{job.tail()}")

    def wait_for(self, url: str, *, name: str, within_s: float) -> None:
        """Until `url` answers 200. Raises DemoError when the process keeps dying, or time runs out."""
        give_up_at = time.monotonic() + within_s
        while (problem := _problem_of(url)) is not None:
            look_again_at = time.monotonic() + ASK_EVERY_S
            while time.monotonic() < look_again_at:
                self.turn()
            child = self._children[name]
            if child.failures >= TRIES_BEFORE_READY or time.monotonic() > give_up_at:
                raise DemoError(f"{name} does not start ({problem}); the end of {child.log}:\n{child.tail()}")

    def watch(self) -> None:
        """Until somebody interrupts. Raises Interrupted."""
        while True:
            self.turn()

    def turn(self) -> None:
        """One look: relay what was written, collect what died, start what is due. Raises Interrupted."""
        if self._interrupted:
            raise Interrupted
        if self._look_below and time.monotonic() >= self._look_below_at:
            self._look_below()
            self._look_below_at = time.monotonic() + LOOK_BELOW_EVERY_S
        self._wait_for_output()
        for child in self._children.values():
            self._relay(child, shown=self.shown)
            code = child.collect()
            if code is not None and self.shown:
                pause_s = child.start_at - time.monotonic()
                output.show("system", f"{child.name} {ended(code)}; starting it again in {pause_s:.1f} s")
            if not child.started and time.monotonic() >= child.start_at:
                child.start()

    def stop(self) -> None:
        """Ask all to end, wait, and end what does not listen. Nothing of any child's group is left."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for child in self._children.values():
            child.terminate()
        give_up_at = time.monotonic() + STOP_PATIENCE_S
        while time.monotonic() < give_up_at and any(child.started for child in self._children.values()):
            for child in self._children.values():
                self._relay(child, shown=False)  # a full pipe would keep it from ending
                child.collect()
            time.sleep(LOOK_EVERY_S / 2)
        for child in self._children.values():
            child.kill()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True

    def _relay(self, child: Child, *, shown: bool) -> None:
        for line in child.read_lines():
            if shown:
                output.show(child.name, line)

    def _wait_for_output(self) -> None:
        with selectors.DefaultSelector() as selector:
            for child in self._children.values():
                if child.started:
                    selector.register(child.output, selectors.EVENT_READ)
            selector.select(LOOK_EVERY_S)


def _problem_of(url: str) -> str | None:
    """None when `url` answers 200, else what it said."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 our own address on loopback
            return None
    except urllib.error.HTTPError as answer:
        with answer:
            return f"{url}: {answer.read(1000).decode(errors='replace').strip()}"
    except (urllib.error.URLError, OSError) as error:
        return f"{url}: {error}"
