"""Using the embedded services: start them or join those that run, and let go."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.errors import EmbeddedError
from config.embedded.locks import FileLock
from config.embedded.places import Places

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@contextmanager
def hold(data_dir: Path, *, for_tests: bool = False, tell: Callable[[str], None] = print) -> Iterator[dict[str, str]]:
    """Keep PostgreSQL and Valkey running in `data_dir` while the block runs; any number of processes may.

    Gives DATABASE_URL (role obole_web), DATABASE_OWNER_URL (obole_owner) and REDIS_URL. `tell` receives notes.
    Raises EmbeddedError, in one line that says what to set.
    """
    places = Places.of(data_dir)
    try:
        places.logs.mkdir(parents=True, exist_ok=True)
        use = FileLock(places.users_lock)
    except OSError as error:
        raise EmbeddedError(f"{places.data_dir} cannot be used ({error.strerror}): set DATA_DIR") from error
    use.share()
    try:
        start_unless_kept(data_dir, for_tests=for_tests, tell=tell)
        yield places.environment()
    finally:
        use.release()


def start_unless_kept(data_dir: Path, *, for_tests: bool = False, tell: Callable[[str], None] = print) -> bool:
    """Start both, at the same addresses, unless their keeper lives; whether it was started. For who holds them.

    Raises EmbeddedError, in one line that says what to set.
    """
    places = Places.of(data_dir)
    with FileLock(places.start_lock):
        if _kept(places):
            return False
        _start_keeper(places, for_tests=for_tests, tell=tell)
        return True


def wait_until_stopped(data_dir: Path) -> None:
    """Return when no keeper runs for `data_dir` any more. The caller must hold nothing itself."""
    path = Places.of(data_dir).keeper_lock
    if path.exists():
        with FileLock(path):
            pass


def _kept(places: Places) -> bool:
    """Whether a keeper lives: then its lock cannot be had."""
    lock = FileLock(places.keeper_lock)
    try:
        return not lock.try_take()
    finally:
        lock.release()


def _start_keeper(places: Places, *, for_tests: bool, tell: Callable[[str], None]) -> None:
    # pgserver asks for a runtime folder that it does not need here, and its library warns.
    command = [sys.executable, "-W", "ignore:XDG_RUNTIME_DIR", "-m", "config.embedded", str(places.data_dir)]
    with (
        (places.logs / "embedded.log").open("a") as log,
        subprocess.Popen(
            command + (["--for-tests"] if for_tests else []),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is for its users; it follows when they have gone
        ) as launcher,
    ):
        for line in launcher.stdout or ():
            kind, _, text = line.strip().partition(": ")
            if kind == "ready":
                return
            if kind == "error":
                raise EmbeddedError(text)
            tell(text)
    raise EmbeddedError(f"PostgreSQL and Valkey could not be started: see {places.logs / 'embedded.log'}")
