"""What a refund does to the ticket that its payment bought: all of it back ends the ticket, a part does not.

Payouts calls these inside the transaction of the event, with the sale locked, in any order and any number of times.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from payouts import handlers
from rooms import locks
from rooms.events import hints
from rooms.live import revocations
from rooms.models import Seat, Ticket, TicketState


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready."""
    handlers.on("sale.refunded")(sale_refunded)
    handlers.on("sale.refund_failed")(sale_refund_failed)


def sale_refunded(*, sale_id: UUID, full: bool, now: datetime, **_: Any) -> None:
    """All of it is on its way back: the seat is the room's again, and the buyer hears nothing more, within the second.

    A part of it leaves the ticket as it is.
    """
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is None:
        return
    if full and ticket.state == TicketState.VALID:
        ticket.state = TicketState.REFUNDED
        ticket.refunded_at = now
        ticket.save(update_fields=["state", "refunded_at"])
        Seat.objects.filter(id=ticket.seat_id).update(taken=False)
        revocations.follow(ticket, now=now, reason="refunded")
    _tell(ticket)


def sale_refund_failed(*, sale_id: UUID, **_: Any) -> None:
    """The money is ours again. The seat went back with the refund, so the ticket stays ended: finance sees to it."""
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is not None:
        _tell(ticket)


def _tell(ticket: Ticket) -> None:
    hints.tell(user_id=ticket.buyer_id, kind="ticket", ref=str(ticket.id))
