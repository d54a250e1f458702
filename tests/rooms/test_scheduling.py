"""Scheduling a room."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from rooms.errors import CoHostNotFoundError, InvalidFieldsError
from rooms.models import CoHost, Creator, Room, Seat
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from tests.rooms import cast
from tests.rooms.cast import NOW

WEEK = timedelta(days=7)


def test_it_makes_a_room_with_its_numbered_seats(ada: Creator) -> None:
    made = cast.room(ada, title=" Notes on the Engine ", capacity=4)

    room = Room.objects.get()
    assert room == made
    assert (room.title, room.creator_id, room.capacity, room.price_minor) == ("Notes on the Engine", ada.id, 4, 1000)
    assert room.slug == f"notes-on-the-engine-{room.id.hex[:6]}"
    assert str(room.price) == "$10.00"
    assert list(Seat.objects.order_by("number").values_list("number", "taken")) == [(n, False) for n in (1, 2, 3, 4)]


def test_it_gives_a_title_without_latin_letters_an_address(ada: Creator) -> None:
    assert cast.room(ada, title="音楽の夜").slug.startswith("room-")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("title", {"title": "  "}),
        ("title", {"title": "x" * 121}),
        ("description", {"description": "x" * 4001}),
        ("starts_at", {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}),
        ("ends_at", {"ends_at": NOW + WEEK}),
        ("ends_at", {"ends_at": NOW + WEEK + timedelta(hours=24, seconds=1)}),
        ("capacity", {"capacity": 0}),
        ("capacity", {"capacity": 10_001}),
        ("price", {"price_minor": 99}),
        ("price", {"price_minor": 99_901}),
        ("price", {"currency": "XAU"}),
        ("host_weight", {"host_weight": 0}),
    ],
)
def test_it_names_the_field_at_fault(ada: Creator, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        cast.room(ada, **changes)

    assert list(refused.value.errors) == [field]
    assert not Room.objects.exists()
    assert not Seat.objects.exists()


@pytest.mark.parametrize("price_minor", [100, 99_900])
def test_it_takes_the_lowest_and_the_highest_price(ada: Creator, price_minor: int) -> None:
    assert cast.room(ada, price_minor=price_minor).price_minor == price_minor


def test_it_invites_cohosts_who_share_once_they_accept(ada: Creator, grace: Creator) -> None:
    room = cast.room(ada, cohosts=[CoHostSpec(creator_id=grace.id, weight=2)])
    invited = CoHost.objects.get()
    assert (invited.room_id, invited.creator_id, invited.weight, invited.position) == (room.id, grace.id, 2, 1)
    assert invited.accepted_at is None

    accept_cohosting(room_id=room.id, creator_id=grace.id, now=NOW)
    accept_cohosting(room_id=room.id, creator_id=grace.id, now=NOW + timedelta(hours=1))

    assert CoHost.objects.get().accepted_at == NOW


def test_it_lets_nobody_accept_who_was_not_invited(ada: Creator, grace: Creator) -> None:
    room = cast.room(ada)

    with pytest.raises(CoHostNotFoundError):
        accept_cohosting(room_id=room.id, creator_id=grace.id, now=NOW)

    assert not CoHost.objects.exists()


def test_it_refuses_the_host_and_the_same_creator_twice_as_cohosts(ada: Creator, grace: Creator) -> None:
    specs = [CoHostSpec(creator_id=ada.id), CoHostSpec(creator_id=grace.id), CoHostSpec(creator_id=grace.id)]

    with pytest.raises(InvalidFieldsError) as refused:
        cast.room(ada, cohosts=specs)

    assert refused.value.errors["cohosts"] == [
        "Name each co-host once.",
        "You host the room, so you cannot co-host it too.",
    ]
    assert not Room.objects.exists()


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("room_ends_after_start", {"ends_at": NOW}),
        ("room_duration_within_a_day", {"ends_at": NOW + WEEK + timedelta(hours=25)}),
        ("room_capacity_in_range", {"capacity": 10_001}),
        ("room_price_positive", {"price_minor": 0}),
        ("room_currency_wellformed", {"currency": "usd"}),
    ],
)
def test_the_database_holds_it_too(ada: Creator, constraint: str, change: dict[str, Any]) -> None:
    room = cast.room(ada)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Room.objects.filter(id=room.id).update(**change)
