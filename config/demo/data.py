"""The demo's data folder: one supervisor at a time, starting afresh, and what was already done to it."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.demo.environment import REPOSITORY, Options
from config.demo.errors import DemoError
from config.embedded.client import wait_until_stopped
from config.embedded.locks import FileLock
from config.embedded.places import Places

# Everything the demo puts into its folder, and nothing that somebody else may keep there (such as .data/test).
OURS = (
    "postgres.broken", "postgres.unfinished", "valkey", "run", "log", "mail", "media", "recordings",
    "static", "demo.env",
    "demo.migrated", "demo.seeded", "sandbox.sqlite3", "sandbox.sqlite3-wal", "sandbox.sqlite3-shm",
    "sandbox.sqlite3-journal", "celerybeat-schedule", "celerybeat-schedule.db", "celerybeat-schedule-shm",
    "celerybeat-schedule-wal",
)  # fmt: skip


@contextmanager
def alone(options: Options) -> Iterator[None]:
    """Be the one supervisor of the data folder. Raises DemoError when another lives."""
    path = options.data_dir / "demo.lock"
    try:
        options.data_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
    except OSError as error:
        raise DemoError(
            f"{options.data_dir} cannot be used ({error.strerror}): set DATA_DIR to another folder"
        ) from error
    try:
        if not lock.try_take():
            raise DemoError(
                f"a demo already runs on {options.data_dir} (process {path.read_text().strip()}): "
                "for a second, set DATA_DIR, WEB_PORT, SANDBOX_PORT, RELAY_HTTP_PORT and RELAY_UDP_PORT"
            )
        path.write_text(f"{os.getpid()}\n")
        yield
    finally:
        lock.release()


def reset(options: Options) -> None:
    """Delete what the demo keeps, so that it starts afresh. Raises DemoError when the data is not ours to delete."""
    if not options.embedded:
        raise DemoError("RESET=1 empties embedded data alone, and DATABASE_URL is set: drop that database yourself")
    wait_until_stopped(options.data_dir)
    postgres = Places.of(options.data_dir).postgres
    if postgres.is_symlink():  # it lies elsewhere: see config/embedded/account.py
        shutil.rmtree(postgres.resolve(), ignore_errors=True)
        postgres.unlink()
    for path in (postgres, *(options.data_dir / name for name in OURS)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


class Done:
    """A note in the data folder that a slow step was done, for this state of its inputs."""

    def __init__(self, options: Options, name: str, *patterns: str) -> None:
        self._path = options.data_dir / f"demo.{name}"
        self._patterns = patterns

    def __bool__(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._state()

    def note(self) -> None:
        """The step is done."""
        self._path.write_text(self._state())

    def _state(self) -> str:
        digest = hashlib.sha256()
        for path in self._inputs():
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _inputs(self) -> list[Path]:
        return sorted(path for pattern in self._patterns for path in REPOSITORY.glob(pattern))
