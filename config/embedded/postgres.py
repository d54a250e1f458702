"""One PostgreSQL server from the wheel: made, started, watched and stopped in a data folder."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from config.embedded import leftovers, roles
from config.embedded.account import Account, account, postgres_folder, programs
from config.embedded.errors import EmbeddedError
from config.embedded.places import POSTGRES_SOCKET, Places
from config.embedded.tether import tethered

START_PATIENCE_S = 60  # crash recovery of a large log takes its time
# Nothing here changes what a transaction means, or what survives the death of a process: the operating system still
# has the pages. Only a crash of the whole machine could hurt, and the tests' data is made anew.
FAST_FOR_TESTS = {"fsync": "off", "full_page_writes": "off", "max_connections": "300", "max_wal_size": "4GB"}


class Postgres:
    """The embedded server of one data folder."""

    def __init__(self, places: Places, *, for_tests: bool) -> None:
        self.places = places
        self.note: str | None = None
        self._options = FAST_FOR_TESTS if for_tests else {}
        self._process: subprocess.Popen[bytes] | None = None
        self._account = account()
        self._programs = programs(self._account)
        self._folder, self.note = postgres_folder(places)

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Initialise if needed, clear what an earlier run left, start, wait until it answers, make the roles.

        Raises EmbeddedError in one line that says what to set.
        """
        self._account.own(self.places.sockets)
        initialise(self._folder, account=self._account, programs=self._programs)
        leftovers.stop_postmaster_of(self._folder / "postmaster.pid")
        leftovers.stop_postmaster_of(self.places.sockets / f"{POSTGRES_SOCKET}.lock")
        self._launch()
        self._wait_until_it_answers()
        roles.prepare(self._superuser_url)

    def stop(self) -> None:
        """Ask for a fast shutdown and wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(leftovers.PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()

    @property
    def _superuser_url(self) -> str:
        return self.places.database_url(role="postgres", database="postgres")

    @property
    def _log(self) -> Path:
        return self.places.logs / "postgres.log"

    def _launch(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.places.sockets),
            "logging_collector": "off",
            **self._options,
        }
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                [self._programs / "postgres", "-D", self._folder, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
                preexec_fn=tethered(signal.SIGINT),  # noqa: PLW1509 the keeper has a single thread
                **self._account.popen(),
            )

    def _wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + START_PATIENCE_S
        while True:
            try:
                psycopg.connect(self._superuser_url, connect_timeout=5).close()
            except psycopg.OperationalError:
                if not self.alive or time.monotonic() > give_up_at:
                    self.stop()
                    raise EmbeddedError(
                        f"PostgreSQL does not start ({_last_complaint(self._log)}); see {self._log}, or start afresh "
                        f"with RESET=1, or set DATABASE_URL"
                    ) from None
                time.sleep(0.05)
            else:
                return


def initialise(folder: Path, *, account: Account, programs: Path) -> None:
    """Make a cluster in `folder` unless a whole one is there.

    It is made beside its place and then renamed, so that a folder of this name is never half made; one that is
    broken in another way is set aside, not deleted. Raises EmbeddedError for a cluster of another major version.
    """
    if (folder / "global" / "pg_control").exists() and (folder / "PG_VERSION").exists():
        _check_version(folder, programs)
        return
    if folder.exists():
        aside = folder.with_name(f"{folder.name}.broken")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    account.own(unfinished)
    done = subprocess.run(  # type: ignore[call-overload]
        [
            programs / "initdb", "-D", unfinished, "--username=postgres", "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
        ],
        capture_output=True, text=True, check=False, cwd=unfinished, **account.popen(),
    )  # fmt: skip
    if done.returncode != 0:
        complaint = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise EmbeddedError(f"PostgreSQL cannot make its data in {folder} ({complaint}): set DATA_DIR or DATABASE_URL")
    unfinished.rename(folder)


def _check_version(folder: Path, programs: Path) -> None:
    made_by = (folder / "PG_VERSION").read_text().strip()
    ours = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/"
    ).stdout.split()[2]
    if made_by != ours.split(".")[0]:
        raise EmbeddedError(
            f"{folder} was made by PostgreSQL {made_by}, this is {ours}: start afresh with RESET=1, or set DATA_DIR"
        )


def _last_complaint(log: Path) -> str:
    """The last FATAL or PANIC line of the server's log, without its time."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    grave = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    return grave[-1].split("] ", 1)[-1] if grave else "it says nothing"
