"""The front page, creators' pages and a room's page, as anybody sees them."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts import handlers
from payouts.models import Payee, TransfersState
from rooms.models import CoHost, Creator, Room, Seat, Ticket, User
from rooms.scheduling.operations import CoHostSpec
from tests.rooms import cast
from tests.rooms.subscriptions import patron


def _text(page: str) -> str:
    return " ".join(page.split())


def test_the_front_page_shows_rooms_and_creators(client: Client, evening: Room, grace: Creator) -> None:
    page = client.get("/").content.decode()

    assert evening.title in page
    assert evening.get_absolute_url() in page
    assert "3 of 3 seats left" in page
    assert grace.get_absolute_url() in page


def test_the_front_page_without_rooms_says_what_to_do(client: Client, db: None) -> None:
    assert "No rooms are planned right now" in client.get("/").content.decode()


def test_the_front_page_costs_three_queries(
    client: Client, ada: Creator, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = clock.now()
    for day in range(2, 6):
        start = now + timedelta(days=day)
        cast.room(ada, now=now, starts_at=start, ends_at=start + timedelta(hours=1))

    with django_assert_num_queries(3):
        client.get("/")


def test_a_creator_has_a_page_with_rooms_to_come_and_past(client: Client, ada: Creator, evening: Room) -> None:
    now = clock.now()
    past = cast.room(
        ada, now=now, title="Long ago", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2)
    )
    Room.objects.filter(id=past.id).update(
        starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=8, hours=23)
    )

    page = client.get("/creators/ADA/").content.decode()

    assert page.index("Coming up") < page.index(evening.title) < page.index("Earlier rooms") < page.index("Long ago")


def test_a_room_tells_who_gets_what_before_paying(client: Client, evening: Room) -> None:
    page = _text(client.get(evening.get_absolute_url()).content.decode())

    assert "Of $10.00, $9.11 goes to Ada Lovelace, $0.30 to Obole and $0.59 to card processing." in page
    assert "version 1" in page
    assert "Buy a ticket" in page
    assert "odd cent" not in page


def test_cohosts_share_with_the_odd_cent_explained(client: Client, ada: Creator, grace: Creator) -> None:
    now = clock.now()
    room = cast.room(
        ada,
        now=now,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, hours=1),
        cohosts=[CoHostSpec(creator_id=grace.id)],
    )
    CoHost.objects.update(accepted_at=now)

    page = _text(client.get(room.get_absolute_url()).content.decode())

    assert "Of $10.00, $4.56 goes to Ada Lovelace, $4.55 to Grace Hopper, $0.30 to Obole" in page
    assert "odd cent takes turns" in page


def test_hosts_of_a_room_are_listed_as_people_write_it(client: Client, ada: Creator, grace: Creator) -> None:
    now, start = clock.now(), clock.now() + timedelta(days=1)
    guests = [CoHostSpec(creator_id=grace.id), CoHostSpec(creator_id=cast.creator("Hedy & Co").id)]
    room = cast.room(ada, now=now, starts_at=start, ends_at=start + timedelta(hours=1), cohosts=guests)
    for accepted, names in enumerate(
        ["Ada Lovelace", "Ada Lovelace and Grace Hopper", "Ada Lovelace, Grace Hopper and Hedy &amp; Co"]
    ):
        CoHost.objects.filter(room=room, position__lte=accepted).update(accepted_at=now)
        assert f">with {names}<" in client.get("/").content.decode()


def test_a_room_costs_four_queries_for_a_visitor(
    client: Client, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        client.get(evening.get_absolute_url())


def test_a_room_costs_ten_queries_for_a_listener(
    listener: Client, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(10):
        listener.get(evening.get_absolute_url())


def test_times_are_told_in_utc_and_marked_for_the_visitors_own_zone(client: Client, evening: Room) -> None:
    page = client.get(evening.get_absolute_url()).content.decode()

    assert f'datetime="{evening.starts_at.isoformat()}"' in page
    assert "UTC</time>" in page


def test_tickets_are_not_on_sale_while_the_host_sets_up_payouts(client: Client, evening: Room) -> None:
    Payee.objects.update(transfers_state=TransfersState.PENDING)

    page = _text(client.get(evening.get_absolute_url()).content.decode())

    assert "Tickets go on sale when Ada Lovelace has finished setting up payouts." in page
    assert "Buy a ticket" not in page
    assert "Who gets what" not in page


def test_a_full_room_says_that_held_seats_may_come_back(client: Client, evening: Room) -> None:
    Seat.objects.update(taken=True)

    page = client.get(evening.get_absolute_url()).content.decode()

    assert "Sold out" in page
    assert "comes back here" in page
    assert "Buy a ticket" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cancelled_at": cast.NOW}, "This room will not take place."),
        ({"starts_at": cast.NOW, "ends_at": cast.NOW + timedelta(hours=1)}, "This room ended"),
    ],
)
def test_a_room_that_is_cancelled_or_over_sells_nothing(
    client: Client, evening: Room, change: dict[str, object], said: str
) -> None:
    Room.objects.update(**change)

    page = client.get(evening.get_absolute_url()).content.decode()

    assert said in page
    assert "Buy a ticket" not in page
    assert "Who gets what" not in page
    assert "$10.00" not in page


def test_the_host_is_on_stage_and_needs_no_ticket(client: Client, ada: Creator, evening: Room) -> None:
    client.force_login(ada.user)

    page = client.get(evening.get_absolute_url()).content.decode()

    assert "You host this room" in page
    assert "Buy a ticket" not in page
    assert "A listener pays" in page


def test_whoever_holds_a_seat_is_led_back_to_it(listener: Client, held: Ticket) -> None:
    page = listener.get(held.room.get_absolute_url()).content.decode()

    assert "A seat is held for you" in page
    assert held.get_absolute_url() in page
    assert "Buy a ticket" not in page


def test_whoever_paid_is_in(listener: Client, held: Ticket) -> None:
    handlers.tell("sale.paid", sale_id=held.sale_id, now=clock.now())

    page = listener.get(held.room.get_absolute_url()).content.decode()

    assert "You're in" in page.replace("&#x27;", "'")
    assert "Buy a ticket" not in page
    assert "Who gets what" not in page


def test_a_subscriber_is_told_no_price_and_what_lets_them_in(listener: Client, evening: Room, linus: User) -> None:
    Room.objects.update(open_to_subscribers=True)
    assert "You pay" in listener.get(evening.get_absolute_url()).content.decode()
    patron.subscription(patron.plan(evening.creator, now=clock.now()), linus, now=clock.now())

    page = listener.get(evening.get_absolute_url()).content.decode()

    assert "Included in your subscription" in page
    assert "You pay" not in page
    assert "$" not in page


def test_the_coin_is_the_icon_of_every_page(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"] == "/static/rooms/coin.svg"
