"""Rooms by the clock that pages read, and clients that are signed in."""

from datetime import timedelta

import pytest
from django.test import Client

from config import clock
from payouts.models import Sale
from rooms.models import Creator, Room, Ticket, User
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast


@pytest.fixture
def evening(ada: Creator) -> Room:
    """Ada's room: three seats at 10.00, tomorrow."""
    now = clock.now()
    return cast.room(ada, now=now, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=1, hours=1))


@pytest.fixture
def listener(linus: User) -> Client:
    """Linus is signed in."""
    client = Client()
    client.force_login(linus)
    return client


@pytest.fixture
def held(evening: Room, linus: User) -> Ticket:
    """Linus holds seat 1, and his card page is ready."""
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=clock.now())
    Sale.objects.filter(id=ticket.sale_id).update(
        checkout_session_id="cs_test_1", checkout_url="https://checkout.example/1"
    )
    return Ticket.objects.select_related("sale", "seat", "room").get()
