"""Reads: whether a room is being recorded, and what can be heard again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rooms.access import Access, Reason
from rooms.live import hours
from rooms.models import Recording, Room, Taping
from rooms.recordings import operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What somebody who may hear an open room is told about its recording."""

    is_on: bool
    is_host: bool


def status_of(room: Room, access: Access, *, now: datetime) -> Status | None:
    """None for who may not hear, and while there is nothing to record. One query, none for None."""
    if not operations.can_record() or not access.may_hear or not hours.is_open(room, now=now):
        return None
    is_on = Taping.objects.filter(room=room, ended_at__isnull=True).exists()
    return Status(is_on=is_on, is_host=access.reason is Reason.HOST)


def is_recorded(room_id: UUID) -> bool:
    """Whether there is something to hear again. One query."""
    return Recording.objects.filter(room_id=room_id, deleted_at__isnull=True).exists()


def recordings_of(room_id: UUID) -> list[Recording]:
    """All files of a room that are not deleted, by their beginning, with their speakers. One query."""
    kept = Recording.objects.filter(room_id=room_id, deleted_at__isnull=True)
    return list(kept.select_related("speaker").order_by("began_at", "id"))
