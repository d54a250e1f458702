"""A relay worker inside the test: real sockets on loopback, requests through ASGI, time and turns under control."""

import datetime as dt
import time
from pathlib import Path

import httpx

from rooms.relay import grants
from rooms.relay.control import Control
from rooms.relay.events import MemorySink
from rooms.relay.process import Worker
from rooms.relay.settings import Settings
from rooms.relay.store import MemoryStore, Store
from tests.rooms.relay.peer import Peer, offer

KEY = "a key of at least thirty-two bytes, for tests"
ORIGIN = "http://site.test"
ROOM = "salon"


def settings(tmp: Path, **changes: object) -> Settings:
    """Settings on loopback with ports of the system's choice."""
    values: dict[str, object] = {
        "public_ip": "127.0.0.1",
        "bind_ip": "127.0.0.1",
        "udp_port": 0,
        "public_udp_port": 0,
        "http_host": "127.0.0.1",
        "http_port": 0,
        "site_origins": (ORIGIN,),
        "grant_keys": {"obole": KEY},
        "issuer": "obole",
        "redis_url": "",
        "recordings": tmp,
        "max_listeners": 100,
        "max_cpu_share": 10.0,
        "lease_s": 60.0,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def grant(
    identity: str,
    *,
    speak: bool = False,
    hear: bool = True,
    room: str = ROOM,
    now: dt.datetime | None = None,
    key: str = KEY,
) -> str:
    """A grant as Django would issue it."""
    return grants.issue(
        key=key,
        issuer="obole",
        identity=identity,
        room=room,
        can_publish=speak,
        can_subscribe=hear,
        now=now or dt.datetime.now(dt.UTC),
    )


class House:
    """A worker, its HTTP client, and the peers that came."""

    def __init__(self, tmp: Path, *, store: Store | None = None, **changes: object) -> None:
        self.events = MemorySink()
        self.worker = Worker(settings(tmp, **changes), store=store or MemoryStore(), events=self.events)
        self.relay = self.worker.relay
        self.metrics = self.worker.metrics.counters
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.worker.app), base_url="http://relay.test")
        self.peers: list[Peer] = []

    async def close(self) -> None:
        await self.http.aclose()
        self.worker.socket.close()
        for peer in self.peers:
            peer.close()

    def pump(self) -> None:
        """Let relay and peers take turns until neither has anything to read."""
        while True:
            before = self._activity()
            self.worker._readable()
            moved = sum(peer.drain() for peer in self.peers if peer.socket.fileno() >= 0)
            if not moved and self._activity() == before:
                return

    def _activity(self) -> tuple[int, ...]:
        counters = self.metrics
        return (
            counters.stun_checks,
            counters.packets_in,
            counters.packets_refused,
            counters.datagrams_unknown,
            counters.nacks_received,
            counters.packets_dropped_muted,
        )

    def tell(self, message: Control) -> None:
        """What Django says through the control stream."""
        self.worker.access.apply(message, time.monotonic())

    async def post(self, way: str, token: str, body: str, room: str = ROOM) -> httpx.Response:
        """POST an offer."""
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
        return await self.http.post(f"/relay/rooms/{room}/{way}", content=body, headers=headers)

    async def speaker(self, identity: str) -> tuple[Peer, httpx.Response]:
        """A connected speaker and the answer it got."""
        return await self._connect("whip", grant(identity, speak=True), offer(sends=True))

    async def listener(self, identity: str, *, sections: int = 4) -> tuple[Peer, httpx.Response]:
        """A connected listener and the answer it got."""
        return await self._connect("whep", grant(identity), offer(sends=False, sections=sections))

    async def _connect(self, way: str, token: str, body: str) -> tuple[Peer, httpx.Response]:
        response = await self.post(way, token, body)
        assert response.status_code == 201, response.text
        peer = Peer()
        self.peers.append(peer)
        peer.begin(response.text)
        self.pump()
        assert peer.ready
        return peer, response
