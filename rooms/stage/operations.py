"""The way to the stage and back: raised hands, invitations, and leaving. Each in one transaction, safe to repeat."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from rooms import locks
from rooms.models import Place, Room, Standing, WhoMaySpeak
from rooms.stage import orders, roles
from rooms.stage.errors import NotAskedError, StageFullError

SPEAKERS_MAX: Final = 12
"""Beside hosts and co-hosts. Four are heard at a time; a stage of many more is no conversation."""


def raise_hand(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Ask to speak. Whoever was asked already, or is on stage, stays where they are.

    Raises:
        MayNotHearError, RoomNotOpenError, RoomOverError: not in this room, or not now.
    """
    with transaction.atomic():
        access = roles.listener(_room(room_id), user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.place == Place.AUDIENCE and not access.moderates:
            _move(standing, Place.HAND, now=now)
    return standing


def lower_hand(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Take a raised hand back."""
    return _back_to_audience(room_id, user_id, {Place.HAND}, now=now)


def decline(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Say no to an invitation to speak."""
    return _back_to_audience(room_id, user_id, {Place.INVITED}, now=now)


def step_down(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Leave the stage by oneself."""
    standing = _back_to_audience(room_id, user_id, {Place.SPEAKER}, now=now)
    orders.demote(room_id, user_id)
    return standing


def invite(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Ask somebody to speak; who has raised a hand has asked for it, and may speak at once.

    Raises:
        NotModeratorError, PersonNotHereError, HostsStageError, StageFullError, RoomNotOpenError, RoomOverError.
    """
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        roles.check_moderator(room, by_id, now=now)
        roles.person(room, user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.banned_at is None and standing.place in {Place.AUDIENCE, Place.HAND}:
            _check_space(room, besides=user_id)
            standing.taken_off_at = None
            _move(standing, Place.SPEAKER if standing.place == Place.HAND else Place.INVITED, now=now)
    return standing


def dismiss(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """A host puts a raised hand down, or takes an invitation back."""
    with transaction.atomic():
        roles.check_moderator(_room(room_id), by_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.place in {Place.HAND, Place.INVITED}:
            _move(standing, Place.AUDIENCE, now=now)
    return standing


def take_stage(*, room_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """Accept an invitation; where everyone may speak, none is needed, unless a host has taken the person off.

    Raises:
        NotAskedError, StageFullError, MayNotHearError, RoomNotOpenError, RoomOverError.
    """
    with transaction.atomic():
        room = locks.lock_stage(room_id)
        access = roles.listener(room, user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if access.moderates or standing.place == Place.SPEAKER:
            return standing
        free = room.who_may_speak == WhoMaySpeak.EVERYONE and standing.taken_off_at is None
        if standing.place != Place.INVITED and not free:
            raise NotAskedError
        _check_space(room, besides=user_id)
        _move(standing, Place.SPEAKER, now=now)
    return standing


def demote(*, room_id: UUID, by_id: UUID, user_id: UUID, now: datetime) -> Standing:
    """A host takes a speaker off the stage; they stay in the room.

    Raises:
        NotModeratorError, PersonNotHereError, HostsStageError, RoomNotOpenError, RoomOverError.
    """
    with transaction.atomic():
        room = _room(room_id)
        roles.check_moderator(room, by_id, now=now)
        roles.person(room, user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.place == Place.SPEAKER:
            standing.taken_off_at = now
            _move(standing, Place.AUDIENCE, now=now)
            orders.demote(room_id, user_id)
    return standing


def _back_to_audience(room_id: UUID, user_id: UUID, places: set[Place], *, now: datetime) -> Standing:
    with transaction.atomic():
        roles.listener(_room(room_id), user_id, now=now)
        standing = locks.lock_standing(room_id=room_id, user_id=user_id, now=now)
        if standing.place in places:
            _move(standing, Place.AUDIENCE, now=now)
    return standing


def _move(standing: Standing, place: Place, *, now: datetime) -> None:
    """Write where the person is now; tell everybody when the stage changed, else the hosts and the person."""
    before, standing.place, standing.since = standing.place, place, now
    standing.save(update_fields=["place", "since", "taken_off_at"])
    if Place.SPEAKER in {before, place}:
        orders.tell(standing.room_id, orders.STAGE)
    else:
        orders.tell(standing.room_id, orders.HANDS)
        orders.tell(standing.room_id, orders.YOU, about=standing.user_id)


def _check_space(room: Room, *, besides: UUID) -> None:
    """With the room locked, so that two do not take the last place. Who is invited has a place kept."""
    taken = Standing.objects.filter(room=room, place__in=(Place.SPEAKER, Place.INVITED)).exclude(user=besides)
    if taken.count() >= SPEAKERS_MAX:
        raise StageFullError(most=SPEAKERS_MAX)


def _room(room_id: UUID) -> Room:
    return Room.objects.select_related("creator").get(id=room_id)
