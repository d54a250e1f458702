"""What hosts decide about people and the room: mute, remove, who may speak, the end. One transaction each."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from rooms import locks
from rooms.access import Reason, decide
from rooms.errors import InvalidFieldsError
from rooms.live import revocations
from rooms.live.ending import end_after_commit
from rooms.models import Place, Room, Standing, User, WhoMaySpeak
from rooms.stage import orders, roles
from rooms.stage.errors import HostsStageError, MutedByHostError, PersonNotHereError


def mute(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """A host mutes a speaker: the relay drops what they say. Co-hosts can be muted too, the host cannot.

    Raises:
        NotModeratorError, PersonNotHereError, HostsStageError, RoomNotOpenError, RoomOverError.
    """
    return _set_muted(room_id, by_id, user_id, muted_at=now, now=now)


def unmute(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """A host lets a speaker be heard again. Raises as `mute`."""
    return _set_muted(room_id, by_id, user_id, muted_at=None, now=now)


def unmute_oneself(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """A speaker takes a host's mute back, where the host allows that.

    Raises:
        MutedByHostError, MayNotHearError, RoomNotOpenError, RoomOverError.
    """
    with transaction.atomic():
        room = _room(room_id)
        roles.listener(room, user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.muted_at is not None and not room.speakers_may_unmute:
            raise MutedByHostError
        _write_mute(standing, None)
    return standing


def remove(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Put somebody out of the room for good: the sound stops within the second, and no door opens again.

    What they paid is another matter: refunds are the studio's.

    Raises:
        NotModeratorError, PersonNotHereError, HostsStageError, RoomNotOpenError, RoomOverError.
    """
    with transaction.atomic():
        room = _room(room_id)
        roles.check_moderator(room, by_id, now=now)
        roles.person(room, user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.banned_at is None:
            standing.place, standing.since = Place.AUDIENCE, now
            standing.banned_at, standing.banned_by_id = now, by_id
            standing.save(update_fields=["place", "since", "banned_at", "banned_by"])
            revocations.recheck(user_id=user_id, rooms=[room_id], now=now, reason="removed")
            orders.tell(room_id, orders.STAGE)
    return standing


def readmit(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Let somebody back in who was removed. Raises as `remove`."""
    with transaction.atomic():
        room = _room(room_id)
        roles.check_moderator(room, by_id, now=now)
        roles.person(room, user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        standing.banned_at, standing.banned_by = None, None
        standing.save(update_fields=["banned_at", "banned_by"])
        orders.tell(room_id, orders.STAGE)
    return standing


def set_rules(
    *,
    room_id: UUID,
    by_id: UUID,
    now: datetime,
    who_may_speak: str | None = None,
    speakers_may_unmute: bool | None = None,
) -> Room:
    """Change who may speak, and whether speakers may take a mute back; None leaves a rule as it is.

    Raises:
        NotModeratorError, RoomNotOpenError, RoomOverError.
        InvalidFieldsError: who_may_speak is none of the choices.
    """
    if who_may_speak is not None and who_may_speak not in WhoMaySpeak.values:
        raise InvalidFieldsError({"who_may_speak": [f"Choose one of: {', '.join(WhoMaySpeak.values)}."]})
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        roles.check_moderator(room, by_id, now=now)
        room.who_may_speak = who_may_speak or room.who_may_speak
        if speakers_may_unmute is not None:
            room.speakers_may_unmute = speakers_may_unmute
        room.save(update_fields=["who_may_speak", "speakers_may_unmute"])
        orders.tell(room_id, orders.STAGE)
    return room


def end_room(*, room_id: UUID, by_id: UUID, now: datetime) -> Room:
    """The host ends the room for everybody. A second time changes nothing.

    Raises:
        NotHostError, RoomNotOpenError.
        RoomOverError: its time was over already.
    """
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        roles.check_host(room, by_id)
        if room.ended_at is None:
            roles.check_open(room, now=now)
            room.ended_at = now
            room.save(update_fields=["ended_at"])
        end_after_commit(room)
    return room


def _set_muted(room_id: UUID, by_id: UUID, user_id: UUID, *, muted_at: datetime | None, now: datetime) -> Standing:
    with transaction.atomic():
        room = _room(room_id)
        roles.check_moderator(room, by_id, now=now)
        user = User.objects.filter(id=user_id).first()
        access = decide(room=room, user=user, now=now) if user is not None else None
        if user is None or access is None or not access.may_hear:
            raise PersonNotHereError
        if access.reason is Reason.HOST:
            raise HostsStageError(who=user.display_name)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        _write_mute(standing, muted_at)
    return standing


def _write_mute(standing: Standing, muted_at: datetime | None) -> None:
    if (standing.muted_at is None) == (muted_at is None):
        return
    standing.muted_at = muted_at
    standing.save(update_fields=["muted_at"])
    orders.mute(standing.room_id, standing.user_id, muted=muted_at is not None)
    orders.tell(standing.room_id, orders.STAGE)


def _room(room_id: UUID) -> Room:
    return Room.objects.select_related("creator").get(id=room_id)
