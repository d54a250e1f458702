"""What a buyer is told about a ticket."""

import pytest
from django.template.loader import get_template

from payouts.models import Sale
from rooms.models import EndReason, Room, Ticket, TicketState
from rooms.tickets.stage import FOLLOWED, MOVING, TITLES, Stage, stage_of
from tests.rooms.cast import NOW


def _ticket(
    state: TicketState, *, url: str = "", end_reason: str = "", failure: str = "", refund_failed: bool = False,
    called_off: bool = False,
) -> Ticket:  # fmt: skip
    sale = Sale(checkout_url=url, failure=failure, refund_failed_at=NOW if refund_failed else None)
    return Ticket(state=state, end_reason=end_reason, sale=sale, room=Room(cancelled_at=NOW if called_off else None))


@pytest.mark.parametrize(
    ("ticket", "back_from_payment", "stage"),
    [
        (_ticket(TicketState.HELD), False, Stage.PREPARING),
        (_ticket(TicketState.HELD, url="https://pay"), False, Stage.HELD),
        (_ticket(TicketState.HELD, url="https://pay"), True, Stage.CONFIRMING),
        (_ticket(TicketState.VALID, url="https://pay"), True, Stage.IN),
        (_ticket(TicketState.ENDING, end_reason=EndReason.CANCELLED), False, Stage.ENDING),
        (_ticket(TicketState.RELEASED, end_reason=EndReason.CANCELLED), False, Stage.CANCELLED),
        (_ticket(TicketState.RELEASED, end_reason=EndReason.HOLD_ENDED), True, Stage.EXPIRED),
        (_ticket(TicketState.RELEASED, failure="No such price"), False, Stage.FAILED),
        (_ticket(TicketState.LATE), True, Stage.LATE),
        (_ticket(TicketState.LATE, refund_failed=True), True, Stage.STUCK),
        (_ticket(TicketState.RETURNED), True, Stage.RETURNED),
        (_ticket(TicketState.VALID, called_off=True), False, Stage.CALLED_OFF),
        (_ticket(TicketState.REFUNDED, called_off=True), False, Stage.REFUNDED),
    ],
)
def test_it_tells_the_stage(ticket: Ticket, *, back_from_payment: bool, stage: Stage) -> None:
    assert stage_of(ticket, back_from_payment=back_from_payment) is stage


def test_what_is_over_does_not_move() -> None:
    still = {Stage.EXPIRED, Stage.CANCELLED, Stage.FAILED, Stage.RETURNED, Stage.CHARGEBACK}
    assert set(Stage) - FOLLOWED == still
    assert {Stage.IN, Stage.DISPUTED, Stage.REFUNDED} == FOLLOWED - MOVING


def test_every_stage_has_a_title_and_a_template() -> None:
    assert set(TITLES) == set(Stage)
    for stage in Stage:
        get_template(f"rooms/ticket/{stage}.html")
