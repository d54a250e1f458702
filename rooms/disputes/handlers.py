"""What a chargeback does to the ticket that its payment bought: no access while it is open, and none after it is lost.

Payouts calls these inside the transaction of the event, with the sale locked, in any order and any number of times.
The seat stays the buyer's until the bank has decided; lost, it goes back to the room.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from payouts import handlers
from payouts.refunds.queries import is_kept
from rooms import locks
from rooms.events import hints
from rooms.live import revocations
from rooms.models import Seat, Ticket, TicketState
from rooms.tickets.seats import free_seat_for


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready."""
    handlers.on("dispute.opened")(dispute_opened)
    handlers.on("dispute.closed")(dispute_closed)


def dispute_opened(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The buyer's bank takes the payment back: the buyer hears nothing more, within the second."""
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is not None and ticket.state == TicketState.VALID:
        _move(ticket, TicketState.DISPUTED, now=now)


def dispute_closed(*, sale_id: UUID, won: bool, now: datetime, **_: Any) -> None:
    """Won: the ticket is good again. Lost: the seat is free. Lost, and won after all: a seat if one is left.

    Won, and given back whole before we heard of that, or of how much of it was won: the ticket is refunded.
    """
    ticket = locks.lock_ticket_and_buyer_of_sale(sale_id)
    if ticket is None:
        return
    kept = won and is_kept(sale_id=sale_id)
    if ticket.state == TicketState.DISPUTED and kept:
        _move(ticket, TicketState.VALID, now=now)
    elif ticket.state == TicketState.DISPUTED or (won and not kept and ticket.state == TicketState.VALID):
        Seat.objects.filter(id=ticket.seat_id).update(taken=False)
        ticket.refunded_at = now if won else None
        _move(ticket, TicketState.REFUNDED if won else TicketState.CHARGEBACK, now=now)
    elif ticket.state == TicketState.CHARGEBACK and kept:
        seat = free_seat_for(ticket, now=now)
        if seat is not None:
            ticket.seat = seat
            _move(ticket, TicketState.VALID, now=now)


def _move(ticket: Ticket, state: TicketState, *, now: datetime) -> None:
    ticket.state = state
    ticket.save(update_fields=["state", "seat", "refunded_at"])
    revocations.follow(ticket, now=now)
    hints.tell(user_id=ticket.buyer_id, kind="ticket", ref=str(ticket.id))
