"""GET /api/v1/rooms/ and /api/v1/rooms/<slug>/"""

from datetime import timedelta

from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from config import clock
from payouts.models import Payee, TransfersState
from rooms.models import CoHost, Creator, Room, User
from rooms.scheduling.operations import CoHostSpec
from rooms.tickets.operations import buy_ticket
from tests.api.problems import problem
from tests.rooms import cast


def test_it_lists_rooms_that_come_up_soonest_first(visitor: APIClient, ada: Creator, evening: Room) -> None:
    now = clock.now()
    sooner = cast.room(ada, now=now, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    over = cast.room(ada, now=now, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    Room.objects.filter(id=over.id).update(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    cancelled = cast.room(ada, now=now, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    Room.objects.filter(id=cancelled.id).update(cancelled_at=now)

    answer = visitor.get("/api/v1/rooms/")

    assert answer.status_code == 200
    assert [row["slug"] for row in answer.json()["results"]] == [sooner.slug, evening.slug]


def test_a_room_is_told_with_its_people_seats_and_price(visitor: APIClient, ada: Creator, linus: User) -> None:
    now = clock.now()
    grace, kay = cast.creator("Grace Hopper"), cast.creator("Kay McNulty")
    specs = [CoHostSpec(creator_id=grace.id), CoHostSpec(creator_id=kay.id)]
    room = cast.room(
        ada, now=now, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=1, hours=1), cohosts=specs
    )
    CoHost.objects.filter(creator=grace).update(accepted_at=now)
    buy_ticket(room_id=room.id, buyer_id=linus.id, now=now)

    (row,) = visitor.get("/api/v1/rooms/").json()["results"]

    assert row["host"] == {"handle": "ada", "display_name": "Ada Lovelace"}
    assert row["cohosts"] == [{"handle": "grace", "display_name": "Grace Hopper"}]
    assert (row["capacity"], row["seats_left"]) == (3, 2)
    assert (row["price_minor"], row["currency"]) == (1000, "USD")


def test_it_costs_two_queries_for_any_number_of_rooms(
    visitor: APIClient, ada: Creator, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = clock.now()
    for day in range(1, 6):
        start = now + timedelta(days=day)
        cast.room(ada, now=now, starts_at=start, ends_at=start + timedelta(hours=1))

    with django_assert_num_queries(2):
        answer = visitor.get("/api/v1/rooms/")

    assert len(answer.json()["results"]) == 6


def test_it_narrows_the_list(visitor: APIClient, evening: Room) -> None:
    before, after = evening.starts_at - timedelta(hours=1), evening.starts_at + timedelta(hours=1)

    def count(**query: str) -> int:
        return len(visitor.get("/api/v1/rooms/", query).json()["results"])

    assert (count(host="ada"), count(host="grace")) == (1, 0)
    assert (count(starts_after=before.isoformat()), count(starts_after=after.isoformat())) == (1, 0)
    assert (count(starts_before=before.isoformat()), count(starts_before=after.isoformat())) == (0, 1)


def test_a_filter_that_makes_no_sense_is_a_problem(visitor: APIClient, db: None) -> None:
    document = problem(visitor.get("/api/v1/rooms/", {"starts_after": "soon"}), status=400, code="invalid")

    assert document["errors"][0]["pointer"] == "/starts_after"


def test_one_room_tells_who_gets_what(visitor: APIClient, evening: Room) -> None:
    quote = visitor.get(f"/api/v1/rooms/{evening.slug}/").json()["quote"]

    assert (quote["charge_minor"], quote["currency"], quote["policy"]) == (1000, "USD", "obole-standard")
    assert [(part["kind"], part["handle"], part["amount_minor"]) for part in quote["receivers"]] == [
        ("creator", "ada", 911),
        ("platform", None, 30),
        ("processor", None, 59),
    ]


def test_a_room_whose_host_cannot_be_paid_has_no_quote(visitor: APIClient, evening: Room) -> None:
    Payee.objects.update(transfers_state=TransfersState.PENDING)

    assert visitor.get(f"/api/v1/rooms/{evening.slug}/").json()["quote"] is None


def test_one_room_costs_two_queries(
    visitor: APIClient, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        visitor.get(f"/api/v1/rooms/{evening.slug}/")


def test_a_room_that_is_not_there_is_a_problem(visitor: APIClient, db: None) -> None:
    problem(visitor.get("/api/v1/rooms/nowhere/"), status=404, code="not_found")


def test_an_address_that_is_not_there_is_a_problem(visitor: APIClient, db: None) -> None:
    problem(visitor.get("/api/v1/nothing/"), status=404, code="not_found")


def test_a_method_that_is_not_there_is_a_problem(visitor: APIClient, db: None) -> None:
    problem(visitor.get("/api/v1/rooms/any/tickets/"), status=403, code="not_authenticated")
