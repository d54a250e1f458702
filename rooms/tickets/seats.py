"""A seat for somebody who had given theirs up, and has a right to one all the same."""

from datetime import datetime

from rooms import locks
from rooms.models import ACTIVE_STATES, Seat, Ticket


def free_seat_for(ticket: Ticket, *, now: datetime) -> Seat | None:
    """Take a free seat of the ticket's room, its own if it can be had. The ticket and its buyer are locked.

    None when the room is over or cancelled, when every seat is taken, or when the buyer has another one in it.
    """
    if ticket.room.cancelled_at is not None or ticket.room.ended_at is not None or ticket.room.ends_at <= now:
        return None
    if Ticket.objects.filter(room_id=ticket.room_id, buyer_id=ticket.buyer_id, state__in=ACTIVE_STATES).exists():
        return None
    seat = locks.lock_seat_if_free(ticket.seat_id) or locks.lock_free_seat(ticket.room_id)
    if seat is not None:
        seat.taken = True
        seat.save(update_fields=["taken"])
    return seat
