"""A person's hints as server-sent events. Source: HTML Standard, section 9.2 (Server-sent events)."""

import re
import time
from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID

import redis.asyncio as redis
import structlog
from django.conf import settings

from rooms.events.hints import stream_key

log = structlog.get_logger(__name__)

HEARTBEAT_S: Final = 15
# The page connects again, and is asked again who it is: a person who signed out stops hearing within this time.
LIFE_S: Final = 600
RETRY_MS: Final = 2000
KEPT_AT_ONCE: Final = 64
ID_PATTERN: Final = re.compile(r"\d{1,20}-\d{1,20}")


async def hints_of(*, user_id: UUID, after: str | None) -> AsyncGenerator[bytes]:
    """Yield events until the page leaves, `LIFE_S` is over or Valkey is away.

    `after` is the browser's Last-Event-ID; what came since then is told first. "ready" is told once we listen: a page
    reads its state after that, so nothing falls between reading and listening. A comment goes out when nothing else
    did for `HEARTBEAT_S`, so that proxies and dead connections are noticed.
    """
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=HEARTBEAT_S + 5, decode_responses=True
    )
    key = stream_key(user_id)
    end_s = time.monotonic() + LIFE_S
    try:
        last = after if after and ID_PATTERN.fullmatch(after) else await newest(client, key)
        yield f"retry: {RETRY_MS}\nevent: ready\ndata: {{}}\n\n".encode()
        while time.monotonic() < end_s:
            entries = await _read(client, key, after=last)
            if not entries:
                yield b": still here\n\n"
            for last, fields in entries:
                yield f"id: {last}\nevent: hint\ndata: {fields['hint']}\n\n".encode()
    except redis.RedisError as error:
        log.warning("events.valkey_away", error=str(error))
    finally:
        await client.aclose()


async def newest(client: redis.Redis, key: str) -> str:
    """The id of the newest hint; reading on from it misses nothing, unlike `$`, which is "newest" anew each time."""
    last: Any = await client.xrevrange(key, count=1)
    return str(last[0][0]) if last else "0-0"


async def _read(client: redis.Redis, key: str, *, after: str) -> list[tuple[str, dict[str, str]]]:
    """Wait for entries after an id; an empty list when the heartbeat's time passed without one."""
    answer: Any = await client.xread({key: after}, count=KEPT_AT_ONCE, block=int(HEARTBEAT_S * 1000))
    return [entry for _, entries in answer for entry in entries]
