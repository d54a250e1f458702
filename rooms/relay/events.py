"""What the relay tells Django: who came, who is here, who went after how long, who is on which slot, that it looked.

Entries of a Valkey stream; `encode` writes them, `decode` reads them back on Django's side.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from rooms.relay.log import log

STREAM = "relay:events"
STREAM_MAX_LENGTH = 200_000
BACKLOG = 50_000
HERE_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Sound can flow for this session from now on. `way` is publish, listen or webm."""

    room: str
    identity: str
    session: str
    way: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A session is over after `seconds` of attendance."""

    room: str
    identity: str
    session: str
    way: str
    at_s: float
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """These sessions of a room go on: told whenever their leases are renewed, so that a crash loses little."""

    room: str
    sessions: tuple[str, ...]
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """So many sessions speak in a room, zero too: told with every lease, also of a room that nobody is in.

    Without it silence could not be told from news that got lost.
    """

    room: str
    speakers: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStage:
    """Which identity holds which slot, empty for none; sent when it changes."""

    room: str
    slots: tuple[str, ...]
    at_s: float


Event = Joined | Here | Left | OnStage | Watched
NAMES: dict[type[Event], str] = {Joined: "joined", Here: "here", Left: "left", OnStage: "stage", Watched: "watched"}
KINDS = {name: kind for kind, name in NAMES.items()}


class EventError(ValueError):
    """A stream entry is not an event."""


def encode(event: Event) -> dict[str, str]:
    """Fields for XADD to STREAM."""
    return {"kind": NAMES[type(event)], "body": json.dumps(asdict(event))}


def decode(fields: Mapping[str, str]) -> Event:
    """The event in a stream entry; raises EventError."""
    kind = KINDS.get(fields.get("kind", ""))
    if kind is None:
        raise EventError("kind")
    try:
        body: dict[str, Any] = json.loads(fields.get("body", ""))
        for name in ("sessions", "slots"):
            if isinstance(body.get(name), list):
                body[name] = tuple(body[name])
        return kind(**body)
    except (ValueError, TypeError, AttributeError) as error:
        raise EventError("body") from error


class Sink(Protocol):
    """Where events go. `tell` returns at once."""

    def tell(self, event: Event) -> None: ...


@dataclass(slots=True)
class MemorySink:
    """Keeps events, for tests."""

    events: list[Event] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        self.events.append(event)


class ValkeySink:
    """Sends events in the order they were told, in pipelines; keeps up to 50,000 while Valkey is away."""

    def __init__(self, client: "Redis") -> None:
        self._client = client
        self._backlog: deque[Event] = deque(maxlen=BACKLOG)
        self._wake = asyncio.Event()

    def tell(self, event: Event) -> None:
        self._backlog.append(event)
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled, then once more what is left."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._flush_until_sent()
        except asyncio.CancelledError:
            await self._flush()
            raise

    async def _flush_until_sent(self) -> None:
        while not await self._flush():
            await asyncio.sleep(1.0)

    async def _flush(self) -> bool:
        batch = list(self._backlog)
        if not batch:
            return True
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for event in batch:
                    pipeline.xadd(STREAM, encode(event), maxlen=STREAM_MAX_LENGTH, approximate=True)  # type: ignore[arg-type]
                await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("events wait for Valkey", error=type(error).__name__, waiting=len(batch))
            return False
        for event in batch:
            # A full backlog may have dropped some of these by itself meanwhile.
            if self._backlog and self._backlog[0] is event:
                self._backlog.popleft()
        return True
