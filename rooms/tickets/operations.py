"""Buying a seat, giving it back, and ending holds that ran out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.urls import reverse

from payouts.locks import lock_sale
from payouts.sales import operations as sales
from rooms import locks, queries, shares
from rooms.errors import (
    NotCancellableError,
    OwnRoomError,
    SalesClosedError,
    SoldOutError,
    SubscribersOnlyError,
    TicketNotFoundError,
)
from rooms.models import ACTIVE_STATES, PAID_STATES, EndReason, Room, Seat, Ticket, TicketState, User
from rooms.purchases.context import PurchaseContext
from rooms.purchases.operations import record_purchase

log = structlog.get_logger(__name__)

ENDED_AT_ONCE = 200


def buy_ticket(*, room_id: UUID, buyer_id: UUID, context: PurchaseContext | None = None, now: datetime) -> Ticket:
    """Hold a free seat and open the sale that pays for it, in one transaction.

    Pressing twice gives the same ticket. `context` says from where, and which refund policy was accepted. The caller
    wakes the checkout afterwards (`rooms.tickets.checkout.open_now`).

    Raises:
        SalesClosedError, OwnRoomError, PayeeNotReadyError, SoldOutError: nothing was held and nothing is charged.
    """
    with transaction.atomic():
        buyer = locks.lock_buyer(buyer_id)
        present = Ticket.objects.select_related("sale", "room").filter(
            room_id=room_id, buyer=buyer, state__in=ACTIVE_STATES
        )
        if ticket := present.first():
            return ticket
        room = queries.with_people().get(id=room_id)
        _check_on_sale(room, buyer, now=now)
        specs = shares.specs_of(room, shares.sharers_of(room))
        seat = locks.lock_free_seat(room_id)
        if seat is None:
            raise SoldOutError(room_id=room_id)
        ticket = _hold(seat, room=room, buyer=buyer, specs=specs, now=now)
        record_purchase(sale_id=ticket.sale_id, context=context, now=now)
        return ticket


def cancel_ticket(*, ticket_id: UUID, buyer_id: UUID, now: datetime) -> Ticket:
    """The buyer gives a held seat back. It is free once Stripe confirms that nobody can pay for it any more.

    Raises:
        TicketNotFoundError: not a ticket of this person.
        NotCancellableError: it is paid for.
    """
    ticket = Ticket.objects.filter(id=ticket_id, buyer_id=buyer_id).first()
    if ticket is None:
        raise TicketNotFoundError(ticket_id=ticket_id)
    with transaction.atomic():
        ticket = end_hold(ticket.sale_id, reason=EndReason.CANCELLED, now=now)
        if ticket.state in PAID_STATES:
            raise NotCancellableError(ticket_id=ticket_id, state=ticket.get_state_display().lower())
    return ticket


def end_seat_holds(*, now: datetime) -> list[UUID]:
    """Give up the holds that ran out, each in its own transaction; the ids of their tickets.

    One that cannot be ended (its sale is locked for long, say) is logged and left for the next time, so that it keeps
    no other seat waiting.
    """
    due = Ticket.objects.filter(state=TicketState.HELD, held_until__lte=now).order_by("held_until")
    ended = []
    for sale_id in list(due.values_list("sale_id", flat=True)[:ENDED_AT_ONCE]):
        try:
            with transaction.atomic():
                ended.append(end_hold(sale_id, reason=EndReason.HOLD_ENDED, now=now).id)
        except DatabaseError:
            log.exception("hold.not_ended", sale_id=str(sale_id))
    return ended


def end_hold(sale_id: UUID, *, reason: EndReason, now: datetime) -> Ticket:
    """Give up a hold, unless it is over or paid for by now. The sale is locked first, as webhooks do."""
    lock_sale(sale_id)
    ticket = locks.lock_ticket_of_sale(sale_id)
    if ticket is None:
        raise LookupError(f"sale {sale_id} pays for no ticket")
    if ticket.state == TicketState.HELD:
        ticket.state = TicketState.ENDING
        ticket.ending_at = now
        ticket.end_reason = reason
        ticket.save(update_fields=["state", "ending_at", "end_reason"])
        # A checkout that Stripe was never asked for ends here and now: our handler then frees the seat.
        sales.abandon_sale(sale_id=sale_id, now=now)
        ticket.refresh_from_db(fields=["state", "released_at"])
    return ticket


def _check_on_sale(room: Room, buyer: User, *, now: datetime) -> None:
    if room.cancelled_at is not None:
        raise SalesClosedError(room_id=room.id, since=room.cancelled_at, cancelled=True)
    if room.ended_at is not None or room.ends_at <= now:
        raise SalesClosedError(room_id=room.id, since=room.ended_at or room.ends_at, cancelled=False)
    if any(sharer.creator.user_id == buyer.id for sharer in shares.sharers_of(room)):
        raise OwnRoomError(room_id=room.id)
    if not room.sells_tickets:
        raise SubscribersOnlyError(room_id=room.id)


def sale_title(room: Room, seat: Seat) -> str:
    """What a ticket's sale is called."""
    return f"{room.title}, seat {seat.number}"


def _hold(seat: Seat, *, room: Room, buyer: User, specs: Sequence[sales.ShareSpec], now: datetime) -> Ticket:
    ticket = Ticket(id=uuid4(), room=room, seat=seat, buyer=buyer, held_at=now)
    ticket.held_until = now + timedelta(seconds=settings.SEAT_HOLD_S)
    page = settings.PUBLIC_URL + reverse("ticket", kwargs={"ticket_id": ticket.id})
    ticket.sale = sales.open_sale(
        product="ticket",
        subject=f"ticket:{ticket.id}",
        title=sale_title(room, seat),
        buyer_id=buyer.id,
        buyer_email=buyer.email,
        price_minor=room.price_minor,
        currency=room.currency,
        shares=specs,
        policy_slug=room.policy_slug,
        hold_until=room.ends_at + timedelta(seconds=settings.PAYOUT_HOLD_S),
        seat_hold_until=ticket.held_until,
        return_url=f"{page}?from=checkout",
        cancel_url=f"{page}?from=back",
        now=now,
    )
    ticket.save(force_insert=True)
    seat.taken = True
    seat.save(update_fields=["taken"])
    return ticket
