"""GET /api/v1/tickets/ and /api/v1/tickets/<id>/"""

from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from config import clock
from payouts import handlers
from payouts.models import Sale
from rooms.models import Room, User
from rooms.tickets.operations import buy_ticket
from tests.api.problems import problem
from tests.rooms import cast


def test_it_lists_the_tickets_of_the_caller_alone(listener: APIClient, evening: Room, linus: User) -> None:
    mine = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=clock.now())
    buy_ticket(room_id=evening.id, buyer_id=cast.person("Margaret").id, now=clock.now())
    Sale.objects.update(checkout_url="https://checkout.example/1")

    (row,) = listener.get("/api/v1/tickets/").json()["results"]

    assert (row["id"], row["state"], row["seat"]) == (str(mine.id), "held", 1)
    assert (row["charge_minor"], row["currency"]) == (1000, "USD")
    assert row["room"]["slug"] == evening.slug
    assert row["checkout_url"] == "https://checkout.example/1"
    assert row["paid_at"] is None


def test_a_paid_ticket_has_nowhere_to_pay(listener: APIClient, evening: Room, linus: User) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=clock.now())
    Sale.objects.update(checkout_url="https://checkout.example/1")
    handlers.tell("sale.paid", sale_id=ticket.sale_id, now=clock.now())

    row = listener.get(f"/api/v1/tickets/{ticket.id}/").json()

    assert (row["state"], row["checkout_url"]) == ("valid", None)
    assert row["paid_at"] is not None


def test_the_ticket_of_somebody_else_is_not_there(listener: APIClient, evening: Room) -> None:
    theirs = buy_ticket(room_id=evening.id, buyer_id=cast.person("Margaret").id, now=clock.now())

    problem(listener.get(f"/api/v1/tickets/{theirs.id}/"), status=404, code="not_found")


def test_who_is_not_signed_in_has_no_tickets(visitor: APIClient, db: None) -> None:
    problem(visitor.get("/api/v1/tickets/"), status=403, code="not_authenticated")


def test_it_costs_one_query_beside_the_session_and_the_person(
    listener: APIClient, evening: Room, linus: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    buy_ticket(room_id=evening.id, buyer_id=linus.id, now=clock.now())

    with django_assert_num_queries(3):
        listener.get("/api/v1/tickets/")
