"""Grants for the relay, issued from access: once usable, for a minute and a half."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from rooms import locks
from rooms.access import Access, decide, identity_of
from rooms.live import hours
from rooms.live.errors import LiveAudioOffError, MayNotHearError, MayNotSpeakError, RoomNotOpenError, RoomOverError
from rooms.models import Admission, Room, User
from rooms.relay import grants


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGrant:
    """A token for one join, and where to take it. `room` is the relay's name of the room."""

    token: str
    relay_url: str
    room: str
    identity: str
    may_publish: bool
    expires_in_s: int


def grant(
    *, room: Room, user: User | AnonymousUser, now: datetime, real_now: datetime, speaks: bool = False
) -> LiveGrant:
    """Let somebody in who may hear. `now` decides whether the room is open; signatures use real time, like the relay.

    `speaks` asks for the voice's seat, which is another at LiveKit; our relay takes one grant for either.
    At most eight queries in a transaction; select `creator` with the room.

    Raises:
        LiveAudioOffError, MayNotHearError, MayNotSpeakError, RoomNotOpenError, RoomOverError: nothing was issued.
    """
    if not settings.RELAY_URL:
        raise LiveAudioOffError
    if isinstance(user, AnonymousUser):
        raise MayNotHearError(reason=decide(room=room, user=user, now=now).reason)
    with transaction.atomic():
        # Whoever takes access away holds these rows: we decide before they begin, or after they have committed.
        locks.lock_admissions(room_id=room.id, user_id=user.id)
        access = decide(room=room, user=user, now=now)
        if not access.may_hear:
            raise MayNotHearError(reason=access.reason)
        _check_hours(room, now=now)
        if speaks and not access.may_publish:
            raise MayNotSpeakError
        identity = identity_of(access, user)
        _admit(room, user, access, identity, real_now=real_now)
    return _handed(room, access, identity, _sign(room, access, identity, speaks=speaks, real_now=real_now))


def _check_hours(room: Room, *, now: datetime) -> None:
    if now < hours.opens_at(room):
        raise RoomNotOpenError(opens_at=hours.opens_at(room))
    if not hours.is_open(room, now=now):
        raise RoomOverError


def _admit(room: Room, user: User, access: Access, identity: str, *, real_now: datetime) -> None:
    """Remember who stands behind the identity; what was revoked before is void, since access was decided anew."""
    admission = Admission(
        room=room,
        user=user,
        identity=identity,
        reason=access.reason,
        ticket=access.ticket,
        first_granted_at=real_now,
        last_granted_at=real_now,
    )
    Admission.objects.bulk_create(
        [admission],
        update_conflicts=True,
        unique_fields=["room", "identity"],
        update_fields=["reason", "last_granted_at", "revoked_at", "revoked_reason"],
    )


def _sign(room: Room, access: Access, identity: str, *, speaks: bool, real_now: datetime) -> str:
    if settings.RELAY == "livekit":
        # LiveKit's client takes 40 MB and most of a second to load: only where it is used.
        from rooms.livekit import tokens  # noqa: PLC0415

        key, secret = settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET
        return tokens.issue(key=key, secret=secret, identity=identity, room=str(room.id), speaks=speaks, now=real_now)
    return grants.issue(
        key=settings.RELAY_GRANT_KEY,
        issuer=settings.RELAY_GRANT_ISSUER,
        identity=identity,
        room=str(room.id),
        can_publish=access.may_publish,
        can_subscribe=access.may_hear,
        now=real_now,
    )


def _handed(room: Room, access: Access, identity: str, token: str) -> LiveGrant:
    return LiveGrant(
        token=token,
        relay_url=settings.RELAY_URL,
        room=str(room.id),
        identity=identity,
        may_publish=access.may_publish,
        expires_in_s=grants.GRANT_LIFE_S,
    )
