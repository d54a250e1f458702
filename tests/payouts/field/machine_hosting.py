"""What happens to rooms: Ada announces and calls off, listeners take seats and give them back."""

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import rule

from config import clock
from rooms.errors import NotCancellableError, SalesClosedError, SoldOutError
from rooms.models import ACTIVE_STATES, Room, Ticket
from rooms.refunds.cancelling import cancel_room
from rooms.refunds.errors import RoomAlreadyOverError
from rooms.tickets.operations import cancel_ticket
from tests.payouts.field.story import ANY, CARDS, PRICES, Story

ROOMS_MAX = 4


class Hosting(Story):
    """Ada, her rooms and who is in them."""

    @rule(days=st.sampled_from([1, 10, 60]), price_minor=st.sampled_from(PRICES["USD"]), both=st.booleans(), card=ANY)
    def announce(self, days: int, price_minor: int, both: bool, card: int) -> None:  # noqa: FBT001
        """Ada announces a room, and somebody buys the first seat."""
        if Room.objects.count() < ROOMS_MAX:
            room = self.cast.room(days=days, price_minor=price_minor, both=both)
            self._seat(room, card, CARDS[card % len(CARDS)])

    @rule(number=ANY, who=ANY, card=st.one_of(st.none(), st.sampled_from(CARDS)))
    def take_a_seat(self, number: int, who: int, card: str | None) -> None:
        """Somebody holds a seat, if there is one, and perhaps pays at once."""
        rooms = list(Room.objects.order_by("starts_at", "id"))
        self._seat(rooms[number % len(rooms)], who, card)

    @rule(number=ANY)
    def leave(self, number: int) -> None:
        """Somebody gives a held seat back."""
        tickets = list(Ticket.objects.filter(state__in=ACTIVE_STATES).order_by("held_at", "id"))
        if tickets:
            ticket = tickets[number % len(tickets)]
            with suppress(NotCancellableError):
                cancel_ticket(ticket_id=ticket.id, buyer_id=ticket.buyer_id, now=clock.now())

    @rule(number=ANY)
    def call_off(self, number: int) -> None:
        """Ada calls a room off: all of its buyers get their money back, in steps that may die half-way."""
        rooms = list(Room.objects.filter(cancelled_at__isnull=True).order_by("starts_at", "id"))
        if rooms:
            with suppress(RoomAlreadyOverError):
                cancel_room(
                    room_id=rooms[number % len(rooms)].id, user_id=self.cast.ada.user_id, reason="",
                    now=clock.now(), real_now=clock.real_now(),
                )  # fmt: skip

    def _seat(self, room: Room, who: int, card: str | None) -> None:
        with suppress(SalesClosedError, SoldOutError):
            self._pay(self.cast.seat(room, self._listener(who)), card)
