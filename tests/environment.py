"""The environment that tests run in, set before Django reads its settings; nothing is started here.

With DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL given, tests use those servers (in databases of their own).
Without, they use embedded ones in `.data/test`, whose addresses are known before they run.
"""

import hashlib
import os
import platform
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from config.embedded.locks import FileLock
from config.embedded.places import Places

REPOSITORY = Path(__file__).resolve().parent.parent
DATA_DIR = REPOSITORY / ".data" / "test"
GIVEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
# Set for every test, whatever the shell says: a test that reaches out finds nobody there.
FIXED = {
    "OBOLE_ENV": "test",
    "DEBUG": "false",
    "SECRET_KEY": "tests-only-0b01e-0b01e-0b01e-0b01e-0b01e-0b01e-0b01e-0b01e",
    "PUBLIC_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "STRIPE_SECRET_KEY": "sk_test_obole",
    "STRIPE_WEBHOOK_SECRETS": "whsec_test",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_LIVEMODE": "false",
    "CLOCK_URL": "",
    "RELAY_URL": "",
    "EMAIL_URL": "memory:",
    "DATA_DIR": str(DATA_DIR / "files"),
}
# Read by settings with a default that tests count on.
UNSET = ("PAYOUT_HOLD_S", "PAYOUT_MINIMUM_MINOR", "SEAT_HOLD_S", "EMAIL_VERIFICATION", "SWEEP_EVERY_S")

_slot: tuple[int, FileLock] | None = None


def prepare() -> None:
    """Set the environment of this process; what it starts inherits it. A second call changes nothing."""
    if _slot is not None:
        return
    if "OBOLE_TESTS_EMBEDDED" not in os.environ:  # else: a worker that inherits its controller's answer
        given = [name for name in GIVEN if os.environ.get(name)]
        if given and len(given) < len(GIVEN):
            raise SystemExit(f"set {', '.join(GIVEN)} together, or none of them; only {', '.join(given)} is set")
        os.environ["OBOLE_TESTS_EMBEDDED"] = "" if given else "1"
        os.environ["OBOLE_TESTS_REDIS"] = os.environ["REDIS_URL"] if given else Places.of(DATA_DIR).redis_url
    if embedded():
        os.environ.update(Places.of(DATA_DIR).environment())
    os.environ["REDIS_URL"] = f"{os.environ['OBOLE_TESTS_REDIS'].split('?')[0]}{_redis_database(take_slot())}"
    os.environ.update(FIXED)
    for name in UNSET:
        os.environ.pop(name, None)


def embedded() -> bool:
    """Whether tests start PostgreSQL and Valkey themselves."""
    return bool(os.environ["OBOLE_TESTS_EMBEDDED"])


def take_slot() -> int:
    """A number that no other running test process of this user has on this machine, from 1; kept until we end.

    It names this process's databases in PostgreSQL and its database in Valkey.
    """
    global _slot  # noqa: PLW0603 it belongs to the process
    if _slot is None:
        folder = Path(tempfile.gettempdir()) / f"obole-test-slots-{os.getuid()}"
        folder.mkdir(exist_ok=True, mode=0o700)
        for number in range(1, 1024 if embedded() else 16):
            lock = FileLock(folder / str(number))
            if lock.try_take():
                _slot = (number, lock)
                return number
            lock.release()
        raise SystemExit("no free Valkey database for another test process: run fewer of them (pytest -n)")
    return _slot[0]


def database_prefix() -> str:
    """What the names of this process's databases begin with."""
    here = hashlib.sha256(f"{platform.node()}-{os.getuid()}".encode()).hexdigest()[:6]
    return f"obole_test_{here}_{take_slot()}_"


def _redis_database(number: int) -> str:
    """The end of a Redis URL that chooses database `number`."""
    if urlsplit(os.environ["OBOLE_TESTS_REDIS"]).scheme == "unix":
        return f"?db={number}"
    return f"/{number}"
