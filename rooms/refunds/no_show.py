"""A room that nobody came to speak in refunds its buyers by itself, as a cancelled one (promise 6).

Only where it is sure: money that was earned is never given back by mistake. What is not sure, hosts and finance see.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.urls import reverse

from rooms import locks
from rooms.mail.letters import Button, Letter
from rooms.mail.operations import write
from rooms.models import CancelledBecause, Room, RoomCancellation
from rooms.refunds import silence
from rooms.refunds.cancelling import call_off
from rooms.refunds.errors import SomebodySpokeError

log = structlog.get_logger(__name__)

ROOMS_AT_ONCE: Final = 200


def cancel_no_shows(*, now: datetime, real_now: datetime) -> list[UUID]:
    """Cancel the rooms that nobody came to speak in; which. Each in its own transaction, so one keeps none waiting."""
    cancelled = []
    for room_id in silence.due_rooms(now=now).order_by("starts_at").values_list("id", flat=True)[:ROOMS_AT_ONCE]:
        try:
            if cancel_if_silent(room_id=room_id, now=now, real_now=real_now) is not None:
                cancelled.append(room_id)
        except DatabaseError as error:
            log.warning("no_show.put_off", room_id=str(room_id), reason=str(error))
    return cancelled


@transaction.atomic
def cancel_if_silent(*, room_id: UUID, now: datetime, real_now: datetime) -> RoomCancellation | None:
    """Cancel a room if it is sure that nobody spoke, and its grace for late news is over; else nothing."""
    room = locks.lock_room(room_id)
    found = silence.of_room(room, now=now, real_now=real_now) if room is not None else None
    if room is None or found is None or not found.is_sure or found.refunds_at > now:
        return None
    made = call_off(room, because=CancelledBecause.NO_SHOW, asked_by_id=None, now=now)
    _tell_host(room, buyers=found.buyers, now=now)
    return made


@transaction.atomic
def cancel_as_finance(*, room_id: UUID, user_id: UUID, now: datetime, real_now: datetime) -> RoomCancellation:
    """Finance has found out that nobody came. A second time answers the first cancellation.

    Raises:
        SomebodySpokeError: somebody did, as far as is known, or the room is not over.
    """
    room = locks.lock_room(room_id)
    present = RoomCancellation.objects.filter(room_id=room_id).first()
    if present is not None:
        return present
    found = silence.of_room(room, now=now, real_now=real_now) if room is not None else None
    if room is None or found is None:
        raise SomebodySpokeError(room_id=room_id)
    made = call_off(room, because=CancelledBecause.NO_SHOW, asked_by_id=user_id, now=now)
    _tell_host(room, buyers=found.buyers, now=now)
    return made


def _tell_host(room: Room, *, buyers: int, now: datetime) -> None:
    host = room.creator
    page = settings.PUBLIC_URL + reverse("studio:room", kwargs={"slug": room.slug})
    people = "1 listener gets" if buyers == 1 else f"{buyers:,} listeners get"
    letter = Letter(
        kind="no-show",
        subject=f"Nobody came to speak in {room.title}",
        name=host.display_name,
        paragraphs=(
            f"Your room {room.title} is over, and neither you nor anybody you invited was on its stage.",
            f"What people pay for and cannot hear, they get back: {people} all of their money back, by itself.",
        ),
        button=Button(label="See how far it is", url=page),
        after=("If you did speak, answer this mail at once: our finance team looks into it.",),
    )
    write(key=f"no-show:{room.id}", to_address=host.user.email, person_id=host.user_id, letter=letter, now=now)
