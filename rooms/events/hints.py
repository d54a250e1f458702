"""Hints: "something of yours changed, look again". They carry no state, so a lost one costs a poll and nothing else.

Each person has one Valkey stream. Its ids let a page that was away catch up; its length and life are bounded.
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


def tell(*, user_id: UUID, kind: str, ref: str) -> None:
    """After this transaction commits, hint to a person's open pages that `kind` number `ref` changed."""
    transaction.on_commit(partial(_publish, user_id=user_id, kind=kind, ref=ref), robust=True)


def _publish(*, user_id: UUID, kind: str, ref: str) -> None:
    key = stream_key(user_id)
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.xadd(key, {"hint": json.dumps({"kind": kind, "ref": ref})}, maxlen=KEPT, approximate=True)
            pipe.expire(key, KEPT_FOR_S)
            pipe.execute()
    except redis.RedisError as error:
        # Pages poll while they hear nothing, so this is not the buyer's problem.
        log.warning("hint.lost", user_id=str(user_id), kind=kind, ref=ref, error=str(error))


@cache
def _client() -> redis.Redis:
    """One pool a process; its timeouts are short because a web request or a job may be waiting."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S)
