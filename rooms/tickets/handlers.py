"""What happens to a ticket when Stripe's word about its sale has been processed.

Payouts calls these inside the transaction of the event, with the sale locked, in any order and any number of times.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from payouts import handlers
from payouts.batches import update_many
from payouts.sales.operations import rename_sale
from rooms import locks
from rooms.events import hints
from rooms.live import revocations
from rooms.models import EndReason, Seat, Ticket, TicketState
from rooms.tickets.operations import sale_title
from rooms.tickets.seats import free_seat_for


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready."""
    handlers.on("sale.paid", many=sales_paid)(sale_paid)
    handlers.on("sale.expired")(sale_expired)
    handlers.on("sale.late")(sale_late)
    handlers.on("sale.returned")(sale_returned)
    handlers.on("sale.return_failed")(sale_return_failed)
    handlers.answers("sale.late")(is_taken_after_all)


def sale_paid(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The payment succeeded: the seat is the buyer's, at once; the processor's fee may come later."""
    sales_paid(sale_ids=[sale_id], now=now)


def sales_paid(*, sale_ids: Sequence[UUID], now: datetime, **_: Any) -> None:
    """The same for the tickets of many sales."""
    waiting = {TicketState.HELD, TicketState.ENDING}
    tickets = [ticket for ticket in locks.lock_tickets_of_sales(sale_ids) if ticket.state in waiting]
    for ticket in tickets:
        ticket.state, ticket.paid_at, ticket.end_reason = TicketState.VALID, now, ""
    update_many(tickets, ["state", "paid_at", "end_reason"])
    for ticket in tickets:
        _tell(ticket, now=now)


def sale_expired(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """Stripe confirmed that nobody can pay any more: the seat is free."""
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is None or ticket.state not in {TicketState.HELD, TicketState.ENDING}:
        return
    ticket.state = TicketState.RELEASED
    ticket.released_at = now
    ticket.end_reason = ticket.end_reason or EndReason.HOLD_ENDED
    ticket.save(update_fields=["state", "released_at", "end_reason"])
    Seat.objects.filter(id=ticket.seat_id).update(taken=False)
    _tell(ticket, now=now)


def is_taken_after_all(*, sale_id: UUID, now: datetime, **_: Any) -> bool:
    """Whether a buyer who paid too late gets a seat all the same, their own if it is still free.

    Asked when the payment comes, and again when finance would rather keep it than give it back.

    The seat is held here; `sale.paid`, told in the same transaction, makes the ticket valid.
    """
    ticket = locks.lock_ticket_and_buyer_of_sale(sale_id)
    waits = ticket is not None and ticket.state in {TicketState.RELEASED, TicketState.LATE}
    seat = free_seat_for(ticket, now=now) if ticket is not None and waits else None
    if ticket is None or seat is None:
        return False
    if seat.id != ticket.seat_id:
        rename_sale(sale_id=sale_id, title=sale_title(ticket.room, seat))
    ticket.seat, ticket.state, ticket.released_at = seat, TicketState.HELD, None
    ticket.save(update_fields=["seat", "state", "released_at"])
    return True


def sale_returned(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The late payment is on its way to the card."""
    _move(sale_id, TicketState.LATE, TicketState.RETURNED, now=now)


def sale_return_failed(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The card did not take it: not returned after all, and the ticket's page says that we see to it."""
    _move(sale_id, TicketState.RETURNED, TicketState.LATE, now=now)


def _move(sale_id: UUID, before: TicketState, after: TicketState, *, now: datetime) -> None:
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is None or ticket.state not in {before, after}:
        return
    ticket.state = after
    ticket.save(update_fields=["state"])
    _tell(ticket, now=now)


def sale_late(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """The payment came after the seat was given up: it is on its way back, and the buyer is told so (E10)."""
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is None or ticket.state not in {TicketState.RELEASED, TicketState.LATE}:
        return
    ticket.state = TicketState.LATE
    ticket.paid_at = now
    ticket.save(update_fields=["state", "paid_at"])
    _tell(ticket, now=now)


def _tell(ticket: Ticket, *, now: datetime) -> None:
    """The state has changed: the buyer's pages look again, and the relay silences a ticket that is valid no more."""
    revocations.follow(ticket, now=now)
    hints.tell(user_id=ticket.buyer_id, kind="ticket", ref=str(ticket.id))
