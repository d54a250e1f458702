"""Writes: the host turns recording on and off, deletes what was recorded; what is old goes by itself."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest

from rooms.events import hints
from rooms.live import hours, stream
from rooms.models import Recording, Room, Taping
from rooms.recordings.errors import NotTheHostError, no_recorder, not_open
from rooms.relay.control import Record

log = structlog.get_logger(__name__)

STORAGE: Final = "recordings"
REMOVED_AT_ONCE: Final = 100


def can_record() -> bool:
    """Whether the engine records. LiveKit's own recorder (Egress) is a service apart, and not used."""
    return bool(settings.RELAY_URL) and settings.RELAY == "own"


@transaction.atomic
def start(*, room_id: UUID, host_id: UUID, now: datetime, real_now: datetime) -> Taping:
    """Record the room from now on; what is on already stays on.

    Raises:
        NotTheHostError, CannotRecordError: nothing changed.
    """
    room = _room_of(room_id, host_id)
    if not can_record():
        raise no_recorder()
    if not hours.is_open(room, now=now):
        raise not_open()
    Taping.objects.bulk_create([Taping(room=room, begun_by_id=host_id, began_at=real_now)], ignore_conflicts=True)
    _tell_after_commit(room.id, on=True)
    return Taping.objects.get(room=room, ended_at__isnull=True)


@transaction.atomic
def stop(*, room_id: UUID, host_id: UUID, real_now: datetime) -> None:
    """Record no longer.

    Raises:
        NotTheHostError: nothing changed.
    """
    room = _room_of(room_id, host_id)
    _end(Taping.objects.filter(room=room), real_now=real_now)
    _tell_after_commit(room.id, on=False)


@transaction.atomic
def end_tapings(*, now: datetime, real_now: datetime) -> int:
    """Close the tapings of rooms that are open no more; how many."""
    tapings = Taping.objects.filter(ended_at__isnull=True).select_related("room")
    over = [taping.id for taping in tapings if not hours.is_open(taping.room, now=now)]
    return _end(Taping.objects.filter(id__in=over), real_now=real_now) if over else 0


@transaction.atomic
def delete(*, room_id: UUID, host_id: UUID, real_now: datetime) -> int:
    """Delete all that was recorded of a room; how many files. They are out of reach at once, and removed after that.

    Raises:
        NotTheHostError: nothing changed.
    """
    room = _room_of(room_id, host_id)
    count = Recording.objects.filter(room=room, deleted_at__isnull=True).update(deleted_at=real_now)
    transaction.on_commit(partial(remove_files, real_now=real_now), robust=True)
    return count


def expire(*, real_now: datetime) -> int:
    """Delete recordings whose time is over; how many."""
    old = Recording.objects.filter(deleted_at__isnull=True, expires_at__lte=real_now)
    return old.update(deleted_at=real_now)


def remove_files(*, real_now: datetime) -> int:
    """Remove the files of deleted recordings; how many. One that cannot be removed now is tried again."""
    due = Recording.objects.filter(deleted_at__isnull=False, file_removed_at__isnull=True).order_by("deleted_at")
    removed = []
    for recording in due[:REMOVED_AT_ONCE]:
        try:
            storages[STORAGE].delete(recording.file)
        except OSError as error:
            log.warning("recording.not_removed", recording=str(recording.id), error=type(error).__name__)
        else:
            removed.append(recording.id)
    return Recording.objects.filter(id__in=removed).update(file_removed_at=real_now) if removed else 0


def _end(tapings: QuerySet[Taping], *, real_now: datetime) -> int:
    # Another machine's clock may be behind the one that began it.
    ended_at = Greatest(F("began_at"), Value(real_now))
    return tapings.filter(ended_at__isnull=True).update(ended_at=ended_at)


def _room_of(room_id: UUID, host_id: UUID) -> Room:
    room = Room.objects.select_related("creator").get(id=room_id)
    if room.creator.user_id != host_id:
        raise NotTheHostError
    return room


def _tell_after_commit(room_id: UUID, *, on: bool) -> None:
    hints.tell_room(room_id=room_id, kind="recording")
    transaction.on_commit(partial(_tell, Record(room=str(room_id), on=on)), robust=True)


def _tell(message: Record) -> None:
    """A message that Valkey did not take is sent again with the leases."""
    try:
        with stream.client().pipeline() as pipe:
            stream.add(pipe, [message])
            pipe.execute()
    except redis.RedisError as error:
        log.warning("recording.delayed", room=message.room, on=message.on, error=str(error))
