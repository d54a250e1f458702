"""Scheduling a room, its live preview, and what rooms sold."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from rooms.models import CoHost, Creator, Room
from rooms.scheduling.operations import CoHostSpec
from tests.rooms import cast
from tests.rooms.studio import story
from tests.rooms.studio.conftest import words

NEW = "/studio/rooms/new/"
PREVIEW = "/studio/rooms/new/preview/"
FORM = {
    "title": "Late-night Lisbon",
    "description": "",
    "starts_at": "2026-06-10T21:30",
    "timezone": "Europe/Lisbon",
    "duration_minutes": "90",
    "capacity": "100",
    "price": "10.00",
    "currency": "USD",
    "cohosts": "",
}


def test_it_schedules_a_room_in_the_hosts_own_time(studio: Client) -> None:
    response = studio.post(NEW, FORM)
    room = Room.objects.get()
    assert response["Location"] == reverse("room", args=[room.slug])
    assert room.starts_at == datetime(2026, 6, 10, 20, 30, tzinfo=UTC)
    assert room.ends_at == datetime(2026, 6, 10, 22, 0, tzinfo=UTC)
    assert (room.price_minor, room.currency, room.capacity, room.seats.count()) == (1000, "USD", 100, 100)


def test_it_asks_co_hosts_on_stage(studio: Client, grace: Creator, client: Client) -> None:
    studio.post(NEW, FORM | {"cohosts": "@Grace"})
    invitation = CoHost.objects.get()
    assert (invitation.creator, invitation.weight, invitation.accepted_at) == (grace, 1, None)
    client.force_login(grace.user)
    page = words(client.get("/studio/rooms/"))
    assert "Ada Lovelace asks you on stage" in page
    assert "Your part of each ticket's share: 1 of 2." in page
    client.post(reverse("studio:room-accept", args=[invitation.room.slug]))
    invitation.refresh_from_db()
    assert invitation.accepted_at is not None


def test_nobody_accepts_who_was_not_asked(client: Client, evening: Room, grace: Creator) -> None:
    client.force_login(grace.user)
    assert client.post(reverse("studio:room-accept", args=[evening.slug])).status_code == 404
    assert not CoHost.objects.exists()


TWO_DIGITS = "USD has at most 2 digits after the point; write the price that way."
NO_DIGITS = "JPY has no digits after the point; write the price that way."
NOBODY = "No creator here has the handle @nobody; check how it is written."


@pytest.mark.parametrize(
    ("change", "label", "remedy"),
    [
        ({"title": ""}, "Title", "This field is required."),
        ({"price": "0.50"}, "Price of a seat", "A ticket costs $1.00 to $999.00."),
        ({"price": "10.005"}, "Price of a seat", TWO_DIGITS),
        ({"price": "10.5", "currency": "JPY"}, "Price of a seat", NO_DIGITS),
        ({"starts_at": "2020-01-01T10:00"}, "Starts", "The start has to be in the future."),
        ({"capacity": "0"}, "Seats", "Ensure this value is greater than or equal to 1."),
        ({"cohosts": "nobody"}, "Co-hosts (optional)", NOBODY),
        ({"cohosts": "ada"}, "Co-hosts (optional)", "You host the room, so you cannot co-host it too."),
    ],
)
def test_a_fault_names_its_field_and_the_remedy(
    studio: Client, change: dict[str, str], label: str, remedy: str
) -> None:
    response = studio.post(NEW, FORM | change)
    assert response.status_code == 422
    assert f"{label} : {remedy}" in words(response)
    assert 'aria-invalid="true"' in response.content.decode()
    assert not Room.objects.exists()


def test_the_preview_says_who_gets_what(studio: Client) -> None:
    page = words(studio.get(PREVIEW, {"price": "10.00", "currency": "USD", "cohosts": ""}))
    assert (
        "You $9.11 Obole $0.30 3% of $10.00 Card processing $0.59 Stripe's published rate Listener pays $10.00" in page
    )


def test_the_preview_shares_with_co_hosts(studio: Client, grace: Creator) -> None:
    page = words(studio.get(PREVIEW, {"price": "10.00", "currency": "USD", "cohosts": "grace"}))
    assert "You $4.56 Grace Hopper $4.55 Obole $0.30" in page
    assert "What cannot be shared evenly goes round from sale to sale." in page


def test_the_preview_of_yen_has_no_decimals(studio: Client) -> None:
    assert "You ¥440 Obole ¥15" in words(studio.get(PREVIEW, {"price": "500", "currency": "JPY"}))


def test_the_preview_says_what_is_wrong_with_a_price(studio: Client) -> None:
    assert "Type a price" in words(studio.get(PREVIEW, {"price": "0.10", "currency": "USD"}))
    assert "Enter a number." in words(studio.get(PREVIEW, {"price": "ten", "currency": "USD"}))


def test_the_page_shows_a_first_preview(studio: Client) -> None:
    assert "You $9.11 Obole $0.30" in words(studio.get(NEW))


def test_rooms_show_what_they_sold(
    studio: Client, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    story.sold(evening, name="Linus")
    story.sold(evening, name="Fin", fee_minor=61)
    with django_assert_num_queries(9):
        page = words(studio.get("/studio/rooms/"))
    assert "Evening with Ada Mon 8 Jun 2026, 12:00 UTC $10.00 2 of 3 $18.20" in page
    one = words(studio.get(reverse("studio:room", args=[evening.slug])))
    assert "Yours so far $18.20" in one
    assert "2 of 3" in one


def test_a_room_is_its_hosts_alone(client: Client, evening: Room, grace: Creator) -> None:
    client.force_login(grace.user)
    assert client.get(reverse("studio:room", args=[evening.slug])).status_code == 404


def test_an_invitation_tells_the_weights_of_all(client: Client, ada: Creator, grace: Creator) -> None:
    cast.room(ada, host_weight=3, cohosts=[CoHostSpec(creator_id=grace.id, weight=2)])
    client.force_login(grace.user)
    assert "Your part of each ticket's share: 2 of 5." in words(client.get("/studio/rooms/"))
