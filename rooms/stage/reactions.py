"""Emoji reactions: gone a moment after they were made, so they live in Valkey alone.

A room's pages get them in bunches of counts, whoever made them.
"""

from typing import Final
from uuid import UUID

import redis
import structlog

from rooms.errors import InvalidFieldsError
from rooms.live.stream import client

log = structlog.get_logger(__name__)

EMOJI: Final = (
    ("❤️", "Love"),
    ("👏", "Applause"),
    ("😂", "Laughter"),
    ("🔥", "Fire"),
    ("😮", "Wonder"),
    ("💯", "Well said"),
)
"""Each with what it is called for those who do not see it."""
KEPT: Final = 64
KEPT_FOR_S: Final = 60


def reactions_key(room_id: UUID) -> str:
    """The name of a room's reactions in Valkey."""
    return f"obole:reactions:{room_id}"


def react(*, room_id: UUID, emoji: str) -> None:
    """Show an emoji on the room's open pages. While Valkey is away nothing is shown, and nobody is troubled.

    Raises:
        InvalidFieldsError: emoji is none of those there are.
    """
    known = [one for one, _ in EMOJI]
    if emoji not in known:
        raise InvalidFieldsError({"emoji": [f"Choose one of: {' '.join(known)}"]})
    key = reactions_key(room_id)
    try:
        with client().pipeline(transaction=False) as pipe:
            pipe.xadd(key, {"emoji": emoji}, maxlen=KEPT, approximate=True)
            pipe.expire(key, KEPT_FOR_S)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("reaction.lost", room=str(room_id), error=str(error))
