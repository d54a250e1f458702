"""The streams between Django and the relay in Valkey: control, which the relay reads by last id, and its events."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings

from rooms.relay.control import STREAM, STREAM_MAX_LENGTH, Control, encode

TIMEOUT_S: Final = 1.0


@cache
def client() -> redis.Redis:
    """One pool a process; its timeouts are short because a web request or a job may be waiting."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S, decode_responses=True
    )


def add(pipe: "redis.client.Pipeline", messages: Iterable[Control]) -> None:
    """Put messages at the stream's end when the pipeline is executed."""
    for message in messages:
        fields = encode(message)
        pipe.xadd(STREAM, {name: fields[name] for name in fields}, maxlen=STREAM_MAX_LENGTH, approximate=True)


def tell(messages: Iterable[Control]) -> None:
    """Put messages at the control stream's end now, all or none."""
    with client().pipeline() as pipe:
        add(pipe, messages)
        pipe.execute()


def read(name: str, *, after: str, count: int) -> list[tuple[str, dict[str, str]]]:
    """Entries of a stream after an id, at once; empty when there is none."""
    entries: Any = client().xrange(name, min=f"({after}", count=count)
    return list(entries)


def forget(name: str, *, until: str) -> None:
    """Drop entries before an id, roughly."""
    client().xtrim(name, minid=until, approximate=True)
