"""PostgreSQL servers that an earlier run left behind, and the lock files of those that are gone."""

import contextlib
import signal
import time
from pathlib import Path

import psutil

from config.embedded.errors import EmbeddedError

PATIENCE_S = 20


def stop_postmaster_of(lock_file: Path) -> bool:
    """Stop the server that `lock_file` (postmaster.pid or a socket's lock) names; True if one was running.

    A number that now belongs to some other program is left alone, and the file, which PostgreSQL would take for a
    running server, is removed.
    """
    try:
        pid = int(lock_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        lock_file.unlink(missing_ok=True)  # empty: written halfway
        return False
    postmaster = _postmaster(pid, lock_file)
    if postmaster is None:
        lock_file.unlink(missing_ok=True)
        return False
    for request in (signal.SIGINT, signal.SIGQUIT):  # fast, then immediate
        with contextlib.suppress(psutil.NoSuchProcess):
            postmaster.send_signal(request)
        if _ends_in_time(postmaster):
            return True
    raise EmbeddedError(f"PostgreSQL process {pid}, left by an earlier run, does not stop: kill {pid} and start again")


def _ends_in_time(process: psutil.Process) -> bool:
    """Whether it ends; one that its parent has not yet collected has ended too."""
    give_up_at = time.monotonic() + PATIENCE_S
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.05)
    return True


def _postmaster(pid: int, lock_file: Path) -> psutil.Process | None:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        process = psutil.Process(pid)
        if process.name() == "postgres" and _works_in(process, lock_file):
            return process
    return None


def _works_in(process: psutil.Process, lock_file: Path) -> bool:
    """The server of this data folder, or the one that serves this socket folder."""
    folder = str(lock_file.parent)
    return process.cwd() == folder or folder in process.cmdline()
