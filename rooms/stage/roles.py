"""What somebody may do on a stage: asked at the beginning of every operation, from `rooms.access` alone."""

from datetime import datetime
from uuid import UUID

from rooms.access import Access, Reason, decide
from rooms.live import hours
from rooms.live.errors import MayNotHearError, RoomNotOpenError, RoomOverError
from rooms.models import Room, User
from rooms.stage.errors import HostsStageError, NotHostError, NotModeratorError, PersonNotHereError


def check_open(room: Room, *, now: datetime) -> None:
    """Raises RoomNotOpenError or RoomOverError: a stage exists while its room can be entered."""
    check_to_come(room, now=now)
    if not hours.is_open(room, now=now):
        raise RoomNotOpenError(opens_at=hours.opens_at(room))


def check_to_come(room: Room, *, now: datetime) -> None:
    """Raises RoomOverError: what is arranged for a room is arranged before its end."""
    if hours.is_over(room, now=now) or room.cancelled_at is not None:
        raise RoomOverError


def listener(room: Room, user_id: UUID, *, now: datetime) -> Access:
    """Somebody who acts for themselves; raises MayNotHearError and those of `check_open`."""
    check_open(room, now=now)
    access = decide(room=room, user=User.objects.get(id=user_id), now=now)
    if not access.may_hear:
        raise MayNotHearError(reason=access.reason)
    return access


def check_moderator(room: Room, user_id: UUID, *, now: datetime) -> None:
    """Somebody who acts for others; raises NotModeratorError and those of `check_open`."""
    check_open(room, now=now)
    if not decide(room=room, user=User.objects.get(id=user_id), now=now).moderates:
        raise NotModeratorError


def check_host(room: Room, user_id: UUID) -> None:
    """Raises NotHostError."""
    if room.creator.user_id != user_id:
        raise NotHostError


def person(room: Room, user_id: UUID, *, now: datetime) -> Access:
    """Whom something is done to; raises PersonNotHereError, or HostsStageError for those on stage by role."""
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise PersonNotHereError
    access = decide(room=room, user=user, now=now)
    if access.moderates:
        raise HostsStageError(who=user.display_name)
    if not access.may_hear and access.reason is not Reason.BANNED:
        raise PersonNotHereError
    return access
