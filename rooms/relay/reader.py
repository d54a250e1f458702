"""Reads Django's control stream from Valkey, by last id, for ever."""

import asyncio
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from rooms.relay.control import STREAM, Control, ControlError, decode
from rooms.relay.log import log

HISTORY_S = 86_400  # what was said before a restart: revocations and mutes must survive it
BLOCK_MS = 5000
BATCH = 500
RETRY_S = 0.5


class ControlReader:
    """Calls `apply` with each message in the order of the stream."""

    def __init__(self, client: "Redis", apply: Callable[[Control], None], epoch_s: float) -> None:
        self._client = client
        self._apply = apply
        self._last_id = f"{int((epoch_s - HISTORY_S) * 1000)}-0"
        self.caught_up = asyncio.Event()

    async def run(self) -> None:
        """Read until cancelled. While Valkey is away nothing is lost: reading goes on from the last id."""
        while True:
            try:
                await self._read_once()
            except (RedisError, OSError) as error:
                log.warning("control stream waits for Valkey", error=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> None:
        # Without blocking until the history is read, so that no one joins before revocations are known.
        block: int | None = BLOCK_MS if self.caught_up.is_set() else None
        answer: Any = await self._client.xread({STREAM: self._last_id}, count=BATCH, block=block)
        if not answer:
            self.caught_up.set()
            return
        for _, entries in answer.items() if isinstance(answer, dict) else answer:
            for entry_id, fields in _flat(entries):
                self._last_id = entry_id
                self._take(fields)

    def _take(self, fields: dict[str, str]) -> None:
        try:
            message = decode(fields)
        except ControlError as error:
            log.warning("control message refused", part=str(error))
            return
        self._apply(message)


def _flat(entries: Any) -> list[tuple[str, dict[str, str]]]:
    """Entries of one stream; RESP3 wraps them in one more list."""
    if entries and isinstance(entries[0], list):
        return [entry for group in entries for entry in group]
    return list(entries)
