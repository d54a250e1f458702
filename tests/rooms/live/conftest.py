"""A relay that is set up, Ada's room at its start by the clock, and people who are signed in."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from config import clock
from payouts import handlers
from rooms.models import Creator, Room, Ticket, User
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast

KEY = "tests-only-grant-key-0b01e-0b01e-0b01e"
RELAY = "http://relay.test:8030"


@pytest.fixture(autouse=True)
def _relay(settings: Settings) -> None:
    settings.RELAY_URL = RELAY
    settings.RELAY_GRANT_KEY = KEY


@pytest.fixture
def evening(ada: Creator) -> Room:
    """Ada's room: it started a minute ago."""
    now = clock.now()
    room = cast.room(ada, now=now, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    return opening(room, starts_in=-timedelta(minutes=1))


@pytest.fixture
def paid(evening: Room, linus: User) -> Ticket:
    """Linus has paid for a seat."""
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=clock.now())
    handlers.tell("sale.paid", sale_id=ticket.sale_id, now=clock.now())
    return Ticket.objects.select_related("room").get()


def opening(room: Room, *, starts_in: timedelta, lasts: timedelta = timedelta(hours=1)) -> Room:
    """The room at another time: rooms cannot be scheduled in the past."""
    room.starts_at = clock.now() + starts_in
    room.ends_at = room.starts_at + lasts
    room.save(update_fields=["starts_at", "ends_at"])
    return room


def signed_in(user: User) -> Client:
    """A client in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client
