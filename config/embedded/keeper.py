"""The process that owns the two servers: it restarts one that dies and stops both when their last user has gone."""

import os
import signal
import sys
import time
from pathlib import Path

from config.embedded.errors import EmbeddedError
from config.embedded.locks import FileLock
from config.embedded.places import Places
from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

LOOK_EVERY_S = 0.2
RESTART_AFTER_S = 0.5


def keep(data_dir: Path, *, for_tests: bool) -> int:
    """Run the services of `data_dir` until nobody uses them; says `ready` or `error: …` on standard output."""
    places = Places.of(data_dir)
    lock = FileLock(places.keeper_lock)
    if not lock.try_take():
        _say("error: another keeper runs for this folder: start again")
        return 1
    # A signal is only noted, so that it never interrupts a start or a stop halfway.
    stopping: list[int] = []
    for request in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(request, lambda number, _frame: stopping.append(number))
    services: list[Postgres | Valkey] = []
    try:
        _start(places, services, for_tests=for_tests)
    except EmbeddedError as error:
        _say(f"error: {error}")
        _stop(services)
        return 1
    _say("ready")
    _leave_the_terminal()
    _watch(services, FileLock(places.users_lock), stopping)
    _stop(services)
    return 0


def _start(places: Places, services: list[Postgres | Valkey], *, for_tests: bool) -> None:
    postgres = Postgres(places, for_tests=for_tests)
    services.append(postgres)
    if postgres.note:
        _say(f"note: {postgres.note}")
    postgres.start()
    valkey = Valkey(places, for_tests=for_tests)
    services.append(valkey)
    valkey.start()


def _watch(services: list[Postgres | Valkey], users: FileLock, stopping: list[int]) -> None:
    """Until the exclusive lock on the users' file is ours, that is, nobody is left."""
    while not stopping and not users.try_take():
        for service in services:
            if not service.alive:
                _restart(service)
        time.sleep(LOOK_EVERY_S)


def _restart(service: Postgres | Valkey) -> None:
    """Start a server that died; one that cannot yet (its old children still end) is tried again at the next look."""
    _say(f"{type(service).__name__} has died; starting it again")
    try:
        service.start()
    except EmbeddedError as error:
        _say(str(error))
        time.sleep(RESTART_AFTER_S)


def _stop(services: list[Postgres | Valkey]) -> None:
    for service in reversed(services):
        service.stop()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _leave_the_terminal() -> None:
    """From here on nobody reads our output: send it to the log, where complaints go from the start."""
    os.dup2(2, 1)
