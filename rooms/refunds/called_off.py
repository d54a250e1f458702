"""What a cancelled room's page says about the money that was paid for it."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from config import clock
from rooms import queries
from rooms.models import PAID_STATES, Room, Ticket, TicketState, User
from rooms.refunds.progress import progress_of
from rooms.refunds.shown import refunds_shown


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledOff:
    """A cancelled room's refunds. `ticket`: the visitor's paid one; `is_back`: its money is back, or on its way."""

    all_refunded: bool
    ticket: Ticket | None = None
    is_back: bool = False


def called_off(*, room: Room, user: User | AnonymousUser) -> CalledOff:
    """What became of the visitor's money, and of everybody's. Three queries at most."""
    progress = progress_of(room_id=room.id)
    all_refunded = progress.is_over and not progress.stuck
    if isinstance(user, AnonymousUser):
        return CalledOff(all_refunded=all_refunded)
    ticket = queries.tickets_of(user_id=user.id).filter(room=room, state__in=PAID_STATES).first()
    if ticket is None:
        return CalledOff(all_refunded=all_refunded)
    is_back = ticket.state == TicketState.REFUNDED and refunds_shown(ticket.sale, now=clock.now()).stuck is None
    return CalledOff(all_refunded=all_refunded, ticket=ticket, is_back=is_back)
