"""What a buyer is told about a ticket, as a pure function of its row."""

from enum import StrEnum
from typing import Final

from rooms.models import EndReason, Ticket, TicketState


class Stage(StrEnum):
    """One page each; the value names its template."""

    PREPARING = "preparing"  # the seat is held, the card page is not ready yet
    HELD = "held"  # the card page is ready, nothing was paid
    CONFIRMING = "confirming"  # back from the card page, Stripe's word has not been processed yet
    IN = "in"
    ENDING = "ending"  # given up; Stripe is closing the card page
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"  # Stripe refused to make a card page
    LATE = "late"  # paid after the hold: on its way back
    RETURNED = "returned"
    STUCK = "stuck"  # the card did not take it back: a person sees to it
    DISPUTED = "disputed"  # the buyer's bank is looking into the payment
    CHARGEBACK = "chargeback"  # and took it back
    CALLED_OFF = "called_off"  # the room was cancelled, the refund is about to be made
    REFUNDED = "refunded"  # all of it is back, or on its way


# What the browser's tab says, so that a buyer who looks elsewhere sees it change.
TITLES: Final = {
    Stage.PREPARING: "Seat held",
    Stage.HELD: "Seat held",
    Stage.CONFIRMING: "Confirming",
    Stage.IN: "You're in",
    Stage.ENDING: "Closing",
    Stage.EXPIRED: "Hold ended",
    Stage.CANCELLED: "Seat given back",
    Stage.LATE: "Returning your payment",
    Stage.RETURNED: "Payment returned",
    Stage.STUCK: "Refund on hold",
    Stage.DISPUTED: "Payment disputed",
    Stage.CHARGEBACK: "Payment taken back",
    Stage.CALLED_OFF: "Room cancelled",
    Stage.REFUNDED: "Refunded",
    Stage.FAILED: "No card page",
}
# The page may still change by itself in these.
MOVING = frozenset(
    {Stage.PREPARING, Stage.HELD, Stage.CONFIRMING, Stage.ENDING, Stage.LATE, Stage.STUCK, Stage.CALLED_OFF}
)
# And in these when somebody else acts: the host refunds, the room is cancelled, a bank decides.
FOLLOWED = MOVING | {Stage.IN, Stage.DISPUTED, Stage.REFUNDED}

PLAIN: Final = {
    TicketState.VALID.value: Stage.IN,
    TicketState.RETURNED.value: Stage.RETURNED,
    TicketState.ENDING.value: Stage.ENDING,
    TicketState.DISPUTED.value: Stage.DISPUTED,
    TicketState.CHARGEBACK.value: Stage.CHARGEBACK,
    TicketState.REFUNDED.value: Stage.REFUNDED,
}


def stage_of(ticket: Ticket, *, back_from_payment: bool) -> Stage:
    """The stage of a ticket. `back_from_payment`: the buyer came from the card page's success address.

    Reads `ticket.sale` and `ticket.room`.
    """
    if ticket.state == TicketState.VALID and ticket.room.cancelled_at is not None:
        return Stage.CALLED_OFF
    if stage := PLAIN.get(ticket.state):
        return stage
    if ticket.state == TicketState.RELEASED:
        return _released(ticket)
    if ticket.state == TicketState.LATE:
        return Stage.STUCK if ticket.sale.refund_failed_at else Stage.LATE
    if back_from_payment:
        return Stage.CONFIRMING
    return Stage.HELD if ticket.sale.checkout_url else Stage.PREPARING


def _released(ticket: Ticket) -> Stage:
    if ticket.sale.failure:
        return Stage.FAILED
    return Stage.CANCELLED if ticket.end_reason == EndReason.CANCELLED else Stage.EXPIRED
