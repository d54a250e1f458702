"""What a refund does to the ticket that its payment bought (all of it back ends it, a part does not), and the mail.

Payouts calls these inside the transaction of the event, with the sale locked, in any order and any number of times.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from payouts import handlers
from payouts.models import Refund
from rooms import locks
from rooms.events import hints
from rooms.live import revocations
from rooms.models import Seat, Ticket, TicketState
from rooms.refunds import telling


def register() -> None:
    """Tell payouts whom to call; done once, when the app is ready."""
    handlers.on("sale.refunded")(sale_refunded)
    handlers.on("sale.refund_failed")(sale_refund_failed)
    handlers.on("sale.returned")(sale_returned)
    handlers.on("sale.return_failed")(sale_return_failed)


def sale_refunded(*, sale_id: UUID, refund_id: UUID, full: bool, now: datetime, **_: Any) -> None:
    """All of it is on its way back: the seat is the room's again, and the buyer hears nothing more, within the second.

    A part of it leaves the ticket as it is. The buyer of anything is told by mail, but for a whole month, whose own
    letter says that the subscription ends with it.
    """
    refund = Refund.objects.select_related("sale").get(id=refund_id)
    if not (full and refund.sale.product == "subscription"):
        telling.tell_made(refund, now=now)
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


def sale_refund_failed(*, sale_id: UUID, refund_id: UUID, now: datetime, **_: Any) -> None:
    """The money is ours again. The seat went back with the refund, so the ticket stays ended: finance sees to it."""
    telling.tell_failed(Refund.objects.select_related("sale").get(id=refund_id), now=now)
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is not None:
        _tell(ticket)


def sale_returned(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """A payment that came too late is on its way back: told by mail, the pages are seen to by what was sold."""
    refund = telling.of_late_sale(sale_id)
    if refund is not None:
        telling.tell_made(refund, now=now)


def sale_return_failed(*, sale_id: UUID, now: datetime, **_: Any) -> None:
    """Its card did not take it back."""
    refund = telling.of_late_sale(sale_id)
    if refund is not None:
        telling.tell_failed(refund, now=now)


def _tell(ticket: Ticket) -> None:
    hints.tell(user_id=ticket.buyer_id, kind="ticket", ref=str(ticket.id))
