"""Rooms, tickets, creators and people in the finance admin."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from rooms.models import Creator, Room, Ticket, User
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast
from tests.rooms.cast import NOW

MODELS = ("room", "ticket", "creator", "user")


def _staff(name: str, **fields: bool) -> Client:
    user = cast.person(name, is_staff=True, **fields)
    TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def fin(db: None) -> Client:
    """Fin does finance, and may do all that the admin allows."""
    return _staff("Fin", is_superuser=True)


@pytest.fixture
def held(evening: Room, linus: User) -> Ticket:
    """Linus holds seat 1."""
    return buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)


def _change(of: Room | Ticket | Creator | User) -> str:
    return reverse(f"admin:rooms_{of._meta.model_name}_change", args=[of.pk])


def test_it_lists_what_there_is(fin: Client, held: Ticket) -> None:
    pages = {name: fin.get(reverse(f"admin:rooms_{name}_changelist")).content.decode() for name in MODELS}

    assert "2 of 3" in pages["room"]
    assert "$10.00" in pages["room"]
    assert str(held.id)[:8] in pages["ticket"]
    assert "Held, waiting for payment" in pages["ticket"]
    assert "Ada Lovelace" in pages["creator"]
    assert "linus@obole.example" in pages["user"]


def test_nothing_of_rooms_can_be_added_changed_or_deleted(fin: Client, held: Ticket, ada: Creator) -> None:
    for found in (held.room, held, ada):
        page = fin.get(_change(found))
        assert page.status_code == 200
        assert b'name="_save"' not in page.content
        assert fin.post(_change(found), {"price_minor": 1, "state": "valid", "title": "x"}).status_code == 403
        assert fin.post(reverse(f"admin:rooms_{found._meta.model_name}_delete", args=[found.pk])).status_code == 403
        assert fin.post(reverse(f"admin:rooms_{found._meta.model_name}_add"), {}).status_code == 403

    assert Room.objects.get().price_minor == 1000
    assert Ticket.objects.get().state == "held"
    assert Creator.objects.count() == 1


def test_a_superuser_edits_a_person(fin: Client, linus: User) -> None:
    answer = fin.post(_change(linus), {"email": "linus@obole.example", "display_name": "Linus B", "is_active": "on"})

    assert answer.status_code == 302
    linus.refresh_from_db()
    assert (linus.display_name, linus.is_active, linus.is_staff) == ("Linus B", True, False)


def test_other_staff_look_at_people_without_changing_them(db: None, linus: User) -> None:
    rose = _staff("Rose")

    assert rose.post(_change(linus), {"email": "x@obole.example", "display_name": "x"}).status_code == 403
    linus.refresh_from_db()
    assert linus.display_name == "Linus"


def test_nobody_deletes_a_person(fin: Client, linus: User) -> None:
    assert fin.post(reverse("admin:rooms_user_delete", args=[linus.pk]), {"post": "yes"}).status_code == 403
    assert User.objects.filter(id=linus.id).exists()


def test_the_list_of_tickets_costs_the_same_for_any_number(
    fin: Client, held: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = reverse("admin:rooms_ticket_changelist")
    with django_assert_num_queries(8):
        fin.get(url)
    for name in ("Margaret", "Radia"):
        buy_ticket(room_id=held.room_id, buyer_id=cast.person(name).id, now=NOW)

    with django_assert_num_queries(8):
        fin.get(url)
