"""Hints: "something of yours changed, look again". They carry no state, so a lost one costs a poll and nothing else.

Each person has one Valkey stream, and so has each live room. Ids let a page that was away catch up; length and life
are bounded.
"""

import json
from functools import cache, partial
from typing import Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction

log = structlog.get_logger(__name__)

KEPT: Final = 64
KEPT_FOR_S: Final = 3600
TIMEOUT_S: Final = 0.5


def stream_key(user_id: UUID) -> str:
    """The name of a person's stream in Valkey."""
    return f"obole:hints:{user_id}"


def room_key(room_id: UUID) -> str:
    """The name of a room's stream in Valkey."""
    return f"obole:room:{room_id}"


def tell(*, user_id: UUID, kind: str, ref: str) -> None:
    """After this transaction commits, hint to a person's open pages that `kind` number `ref` changed."""
    transaction.on_commit(partial(_publish, key=stream_key(user_id), kind=kind, ref=ref), robust=True)


def tell_room(*, room_id: UUID, kind: str, ref: str = "") -> None:
    """After this transaction commits, hint to every open page of a room that its `kind` changed."""
    transaction.on_commit(partial(_publish, key=room_key(room_id), kind=kind, ref=ref), robust=True)


def _publish(*, key: str, kind: str, ref: str) -> None:
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.xadd(key, {"hint": json.dumps({"kind": kind, "ref": ref})}, maxlen=KEPT, approximate=True)
            pipe.expire(key, KEPT_FOR_S)
            pipe.execute()
    except redis.RedisError as error:
        # Pages poll while they hear nothing, so this is not the buyer's problem.
        log.warning("hint.lost", stream=key, kind=kind, ref=ref, error=str(error))


@cache
def _client() -> redis.Redis:
    """One pool a process; its timeouts are short because a web request or a job may be waiting."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S)
