"""What people see: short steps with their times while it starts, then each process's lines with a coloured prefix."""

import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import datetime

from honcho.colour import get_colours
from honcho.printer import Message, Printer

_printer = Printer(sys.stdout, width=len("sandbox"))
_colours = get_colours()
_colour_of: dict[str, str] = {}


def say(text: str = "") -> None:
    """One line of our own. A terminal that is gone must not keep us from tidying up."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Say what begins, and how long it took when it is done."""
    began_at = time.monotonic()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"  {name:<42} ")
        sys.stdout.flush()
    try:
        yield
    except BaseException:
        say("stopped")
        raise
    say(f"{time.monotonic() - began_at:5.1f} s")


def progress(line: bytes) -> None:
    """A line that takes the place of the last one, where the terminal can."""
    text = line.decode(errors="replace").strip()
    if text:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(f"\r\033[K  {text}" if sys.stdout.isatty() else f"  {text}\n")
            sys.stdout.flush()


def show(name: str, line: bytes | str) -> None:
    """One line that process `name` wrote."""
    colour = _colour_of.setdefault(name, next(_colours))
    message = Message(type="line", data=line, time=datetime.now().astimezone(), name=name, colour=colour)
    with contextlib.suppress(OSError, ValueError):
        _printer.write(message)
