"""Cancelling a room: nobody comes in any more, holds end, and each buyer is refunded once, whatever dies meanwhile.

Its host calls it off, or nobody came to speak (`rooms.refunds.no_show` finds those rooms).
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q

from payouts.disputes.queries import disputes_of
from payouts.errors import RefundRefusedError
from payouts.models import Refund, RefundReason, RefundState
from payouts.refunds.operations import ask_refund
from payouts.refunds.queries import left_of
from payouts.wake import wake_after_commit
from rooms import locks
from rooms.live.ending import end_after_commit
from rooms.models import CancelledBecause, EndReason, Room, RoomCancellation, Ticket, TicketState
from rooms.refunds import silence
from rooms.refunds.errors import NotYourRoomError, RoomAlreadyOverError
from rooms.refunds.progress import key_of, progress_of, refused, to_refund
from rooms.tickets.operations import end_hold

log = structlog.get_logger(__name__)

AT_ONCE = 200
WATCHED_FOR = timedelta(hours=1)
"""A purchase that was under way while the room was cancelled may show up after its refunds are through."""


REFUND_REASON: Final = {
    CancelledBecause.HOST.value: RefundReason.CANCELLED,
    CancelledBecause.NO_SHOW.value: RefundReason.NO_SHOW,
}


@transaction.atomic
def cancel_room(*, room_id: UUID, user_id: UUID, reason: str, now: datetime, real_now: datetime) -> RoomCancellation:
    """The host calls the room off: no more sales, no more access. The refunds follow, each in its own transaction.

    After the room only where nobody is known to have spoken in it. A second time answers the first cancellation.

    Raises:
        NotYourRoomError: only the host may.
        RoomAlreadyOverError: it took place.
    """
    room = locks.lock_room(room_id)
    if room is None or room.creator.user_id != user_id:
        raise NotYourRoomError(room_id=room_id)
    present = RoomCancellation.objects.filter(room=room).first()
    if present is not None:
        return present
    if room.ends_at > now:
        return call_off(room, because=CancelledBecause.HOST, asked_by_id=user_id, reason=reason, now=now)
    if silence.of_room(room, now=now, real_now=real_now) is None:
        raise RoomAlreadyOverError(room_id=room_id)
    return call_off(room, because=CancelledBecause.NO_SHOW, asked_by_id=user_id, reason=reason, now=now)


def call_off(
    room: Room, *, because: CancelledBecause, asked_by_id: UUID | None, reason: str = "", now: datetime
) -> RoomCancellation:
    """Cancel a room that is locked and has no cancellation yet."""
    room.cancelled_at = room.cancelled_at or now
    room.save(update_fields=["cancelled_at"])
    made = RoomCancellation.objects.create(
        room=room, because=because, asked_by_id=asked_by_id, reason=reason, started_at=now
    )
    end_after_commit(room)
    wake_after_commit("rooms.tasks.carry_on_cancellation", room_id=str(room.id))
    log.info("room.cancelled", room_id=str(room.id), because=str(because))
    return made


def due_cancellations(*, now: datetime) -> list[UUID]:
    """Rooms whose buyers are not all refunded, and those that were finished a moment ago."""
    watched = Q(finished_at__isnull=True) | Q(finished_at__gt=now - WATCHED_FOR)
    return list(RoomCancellation.objects.filter(watched).order_by("started_at").values_list("room_id", flat=True))


def carry_on(*, room_id: UUID, now: datetime) -> None:
    """End the holds of a cancelled room and ask for the refunds that nobody has asked for yet; then see if it is over.

    Outside any transaction: each hold and each refund commits alone, so that one killed goes on from the next. What
    cannot be done now (a dispute is open, a payment is being confirmed) is left for the next time.
    """
    because = RoomCancellation.objects.values_list("because", flat=True).get(room_id=room_id)
    tried: set[UUID] = set()
    while batch := _batch(room_id, tried):
        for sale_id, held in batch:
            tried.add(sale_id)
            _take_back(room_id, sale_id, because=CancelledBecause(because), held=held, now=now)
    over = progress_of(room_id=room_id).is_over
    mine = RoomCancellation.objects.filter(room_id=room_id, finished_at__isnull=over)
    mine.update(finished_at=now if over else None)


def _batch(room_id: UUID, tried: set[UUID]) -> list[tuple[UUID, bool]]:
    """(sale, whether it is a hold) of some that were not tried yet."""
    holds = Ticket.objects.filter(room_id=room_id, state=TicketState.HELD).exclude(sale_id__in=tried)
    found = [(sale_id, True) for sale_id in holds.values_list("sale_id", flat=True)[:AT_ONCE]]
    for paid in (to_refund(room_id=room_id), refused(room_id=room_id)):
        sale_ids = paid.exclude(sale_id__in=tried).values_list("sale_id", flat=True)
        found += [(sale_id, False) for sale_id in sale_ids[:AT_ONCE]]
    return found


def _take_back(room_id: UUID, sale_id: UUID, *, because: CancelledBecause, held: bool, now: datetime) -> None:
    """One that cannot be taken back now must keep no other buyer waiting."""
    try:
        if held:
            with transaction.atomic():
                end_hold(sale_id, reason=EndReason.ROOM_CANCELLED, now=now)
        elif key := _key(room_id, sale_id):
            ask_refund(
                sale_id=sale_id,
                reason=REFUND_REASON[because],
                asked_by="system",
                key=key,
                note=because.label,
                now=now,
            )
    except (RefundRefusedError, DatabaseError) as error:
        log.warning("cancellation.put_off", room_id=str(room_id), sale_id=str(sale_id), reason=str(error))


def _key(room_id: UUID, sale_id: UUID) -> str:
    """The key of what is to be asked for; empty when Stripe has refused just that, and a person has to look.

    Stripe may have known more than we: a part was given back in its dashboard, or a bank held the money. When that is
    heard of, or over, what is left is asked for as another refund.
    """
    first = key_of(room_id=room_id, sale_id=sale_id)
    no = Refund.objects.filter(key=first, state=RefundState.REFUSED).select_related("sale").first()
    if no is None:
        return first
    left_minor = left_of(sale=no.sale)
    disputes = disputes_of(sale_id=sale_id).filter(closed_at__isnull=False).count()
    if left_minor <= 0 or (left_minor == no.amount_minor and not disputes):
        return ""
    return f"{first}:{left_minor}:{disputes}"
