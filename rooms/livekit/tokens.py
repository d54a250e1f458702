"""Grants in LiveKit's own form, and who is who there. Pure.

At LiveKit an identity is a seat: a second participant of the same identity replaces the first. Hearing and speaking
are two seats of a person, as at our relay, so a voice has a name of its own, and a token has the rights of its seat.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from livekit.api import AccessToken, VideoGrants

from rooms.relay.grants import GRANT_LIFE_S as TOKEN_LIFE_S

VOICE: Final = "|stage"
GRANTED_AT: Final = "granted_at"


def name_of(identity: str, *, speaks: bool) -> str:
    """The participant's name at LiveKit."""
    return identity + VOICE if speaks else identity


def identity_of(name: str) -> tuple[str, bool]:
    """The identity behind a participant's name, and whether it is its voice."""
    return name.removesuffix(VOICE), name.endswith(VOICE)


def issue(*, key: str, secret: str, identity: str, room: str, speaks: bool, now: datetime) -> str:
    """Sign a token for one seat. `now` is real time, by which LiveKit reckons too.

    Unlike ours it can be used again for as long as it lives, so it says when it was granted: whoever was let in by
    one from before a revocation is removed.
    """
    grants = VideoGrants(
        room_join=True,
        room=room,
        can_publish=speaks,
        can_subscribe=not speaks,
        can_publish_data=False,
        can_publish_sources=["microphone"] if speaks else None,
    )
    token = AccessToken(key, secret).with_identity(name_of(identity, speaks=speaks)).with_grants(grants)
    token = token.with_attributes({GRANTED_AT: f"{now.timestamp():.3f}"})
    return token.with_ttl(timedelta(seconds=TOKEN_LIFE_S)).to_jwt()


def granted_at(attributes: Mapping[str, str]) -> float:
    """When the token was granted by which a participant came in; 0 for one that does not say, and is none of ours."""
    try:
        return float(attributes[GRANTED_AT])
    except (KeyError, ValueError):
        return 0.0
