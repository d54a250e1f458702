"""A live room's hints and reactions as server-sent events, for as long as its page is open."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID

import redis.asyncio as redis
import structlog
from django.conf import settings

from rooms.events.hints import room_key
from rooms.events.stream import HEARTBEAT_S, ID_PATTERN, KEPT_AT_ONCE, LIFE_S, RETRY_MS, newest
from rooms.stage.reactions import reactions_key

log = structlog.get_logger(__name__)

BUNCH_S: Final = 0.3
"""Reactions of so long make one event, so that applause costs each page a few events and not hundreds."""


async def events_of_room(*, room_id: UUID, after: str | None) -> AsyncGenerator[bytes]:
    """Yield events until the page leaves, `LIFE_S` is over or Valkey is away.

    As in `rooms.events.stream`: "ready" is told once we listen, hints since `after` come first. Reactions have no id:
    who was away has missed them.
    """
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=HEARTBEAT_S + 5, decode_responses=True
    )
    hints, reactions = room_key(room_id), reactions_key(room_id)
    end_s = time.monotonic() + LIFE_S
    try:
        known = after if after and ID_PATTERN.fullmatch(after) else await newest(client, hints)
        last = {hints: known, reactions: await newest(client, reactions)}
        yield f"retry: {RETRY_MS}\nevent: ready\ndata: {{}}\n\n".encode()
        while time.monotonic() < end_s:
            answer: Any = await client.xread(last, count=KEPT_AT_ONCE, block=int(HEARTBEAT_S * 1000))  # type: ignore[arg-type]
            if not answer:
                yield b": still here\n\n"
            for key, entries in answer:
                last[key] = entries[-1][0]
                for event in _bunch(entries) if key == reactions else _hints(entries):
                    yield event
            if any(key == reactions for key, _ in answer):
                await asyncio.sleep(BUNCH_S)
    except redis.RedisError as error:
        log.warning("room_events.valkey_away", error=str(error))
    finally:
        await client.aclose()


def _hints(entries: list[tuple[str, dict[str, str]]]) -> list[bytes]:
    return [f"id: {entry_id}\nevent: hint\ndata: {fields['hint']}\n\n".encode() for entry_id, fields in entries]


def _bunch(entries: list[tuple[str, dict[str, str]]]) -> list[bytes]:
    counts = Counter(fields["emoji"] for _, fields in entries)
    return [f"event: reactions\ndata: {json.dumps(counts, ensure_ascii=False)}\n\n".encode()]
