"""How far the refunds of a cancelled room have come. Reads only."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat

from payouts.models import Refund, RefundState
from rooms.models import Ticket, TicketState


def key_of(*, room_id: UUID, sale_id: UUID) -> str:
    """The key of a buyer's refund for a cancelled room: one for each sale, however often it is asked."""
    return f"room_cancelled:{room_id}:{sale_id}"


def _with_refund(room_id: UUID) -> QuerySet[Any]:
    """A room's tickets with the state of their refund for its cancellation, if there is one, and of the latest one.

    Where the first one failed, it is a later one, of finance's, that brings the money back. `is_moving`: some refund
    of it is under way.
    """
    key = Concat(Value(f"room_cancelled:{room_id}:"), Cast(OuterRef("sale_id"), CharField()))
    asked = Refund.objects.filter(key=key).values("state")[:1]
    latest = Refund.objects.filter(sale_id=OuterRef("sale_id")).order_by("-asked_at", "-id").values("state")[:1]
    moving = Refund.objects.filter(sale_id=OuterRef("sale_id"), state__in=(RefundState.ASKED, RefundState.MADE))
    return Ticket.objects.filter(room_id=room_id).annotate(
        refund_state=Subquery(asked), latest_state=Subquery(latest), is_moving=Exists(moving)
    )


def to_refund(*, room_id: UUID) -> QuerySet[Ticket]:
    """Paid tickets of a cancelled room whose refund nobody has asked for yet."""
    return _with_refund(room_id).filter(state=TicketState.VALID, refund_state__isnull=True).order_by("paid_at", "id")


def refused(*, room_id: UUID) -> QuerySet[Ticket]:
    """Paid tickets whose refund Stripe refused to make, with nothing under way: more may have been known there."""
    found = _with_refund(room_id).filter(state=TicketState.VALID, refund_state=RefundState.REFUSED, is_moving=False)
    return found.order_by("paid_at", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Buyers by how far they are. `stuck` needs a person, `disputed` waits for the buyer's bank."""

    holds: int
    waiting: int
    asked: int
    refunded: int
    stuck: int
    disputed: int

    @property
    def buyers(self) -> int:
        """Everybody who paid."""
        return self.waiting + self.asked + self.refunded + self.stuck + self.disputed

    @property
    def percent(self) -> int:
        """How many of them are through, in whole percent."""
        return 100 * self.refunded // self.buyers if self.buyers else 100

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done by itself."""
        return not (self.holds or self.waiting or self.asked or self.disputed)


def progress_of(*, room_id: UUID) -> Progress:
    """Where every buyer of a cancelled room is: one query."""
    valid = Q(state=TicketState.VALID)
    states = (RefundState.FAILED, RefundState.REFUSED)
    failed = Q(refund_state__in=states, latest_state__in=states)
    counts = _with_refund(room_id).aggregate(
        holds=Count("id", filter=Q(state__in=(TicketState.HELD, TicketState.ENDING))),
        waiting=Count("id", filter=valid & Q(refund_state__isnull=True)),
        asked=Count("id", filter=valid & Q(refund_state__isnull=False, is_moving=True)),
        refunded=Count("id", filter=Q(state=TicketState.REFUNDED) & (Q(refund_state__isnull=True) | ~failed)),
        stuck=Count(
            "id",
            filter=valid & Q(refund_state__isnull=False, is_moving=False) | Q(state=TicketState.REFUNDED) & failed,
        ),
        disputed=Count("id", filter=Q(state=TicketState.DISPUTED)),
    )
    return Progress(**counts)
