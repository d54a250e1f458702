"""Ending a room for everybody at once."""

from functools import partial

import redis
import structlog
from django.conf import settings
from django.db import transaction

from rooms.live import stream
from rooms.models import Room
from rooms.relay.control import End

log = structlog.get_logger(__name__)


def end_after_commit(room: Room) -> None:
    """After this transaction commits, put everybody out of the room. A lost message is told again with the leases."""
    if settings.RELAY_URL:
        transaction.on_commit(partial(_send, str(room.id)), robust=True)


def _send(room: str) -> None:
    try:
        with stream.client().pipeline() as pipe:
            stream.add(pipe, [End(room=room)])
            pipe.execute()
    except redis.RedisError as error:
        log.warning("end.delayed", room=room, error=str(error))
