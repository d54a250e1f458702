"""POST /api/v1/rooms/<slug>/tickets/"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle

from config import clock
from config.cache import ValkeyCache
from payouts.models import Payee, Sale, TransfersState
from rooms.models import Creator, IdempotentRequest, Room, Ticket, User
from tests.api.problems import problem
from tests.rooms import cast


def _url(room: Room) -> str:
    return f"/api/v1/rooms/{room.slug}/tickets/"


def test_it_holds_a_seat(listener: APIClient, evening: Room, linus: User) -> None:
    answer = listener.post(_url(evening), headers={"Idempotency-Key": "one"})

    ticket = Ticket.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/tickets/{ticket.id}/"
    assert "Idempotent-Replayed" not in answer
    row = answer.json()
    assert (row["id"], row["state"], row["seat"], row["charge_minor"]) == (str(ticket.id), "held", 1, 1000)
    assert ticket.buyer == linus


def test_the_same_key_gives_the_same_answer(listener: APIClient, evening: Room) -> None:
    first = listener.post(_url(evening), headers={"Idempotency-Key": "one"})
    Sale.objects.update(checkout_url="https://checkout.example/later")
    again = listener.post(_url(evening), headers={"Idempotency-Key": "one"})

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert Ticket.objects.count() == Sale.objects.count() == IdempotentRequest.objects.count() == 1


def test_a_replay_after_a_crash_before_the_answer_tells_the_ticket_as_it_is(
    listener: APIClient, evening: Room
) -> None:
    listener.post(_url(evening), headers={"Idempotency-Key": "one"})
    IdempotentRequest.objects.update(response=None)
    Sale.objects.update(checkout_url="https://checkout.example/later")

    again = listener.post(_url(evening), headers={"Idempotency-Key": "one"})

    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert again.json()["checkout_url"] == "https://checkout.example/later"
    assert IdempotentRequest.objects.get().response == again.json()


def test_another_key_gives_the_ticket_that_there_is(listener: APIClient, evening: Room) -> None:
    first = listener.post(_url(evening), headers={"Idempotency-Key": "one"})
    second = listener.post(_url(evening), headers={"Idempotency-Key": "two"})

    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("other", ["room", "body"])
def test_a_key_with_another_request_is_refused(listener: APIClient, ada: Creator, evening: Room, other: str) -> None:
    listener.post(_url(evening), headers={"Idempotency-Key": "one"})
    now = clock.now()
    start = now + timedelta(days=2)
    room = cast.room(ada, now=now, starts_at=start, ends_at=start + timedelta(hours=1)) if other == "room" else evening
    body = {"note": "changed"} if other == "body" else None

    answer = listener.post(_url(room), body, format="json", headers={"Idempotency-Key": "one"})

    assert problem(answer, status=422, code="idempotency-key-reused")["header"] == "Idempotency-Key"
    assert Ticket.objects.count() == 1


def test_keys_belong_to_people(listener: APIClient, evening: Room) -> None:
    margaret = APIClient()
    margaret.force_login(cast.person("Margaret"))

    answers = [client.post(_url(evening), headers={"Idempotency-Key": "one"}) for client in (listener, margaret)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert Ticket.objects.count() == 2


def test_a_key_is_forgotten_after_a_day_of_real_time(listener: APIClient, evening: Room) -> None:
    listener.post(_url(evening), headers={"Idempotency-Key": "one"})
    IdempotentRequest.objects.update(created_at=clock.real_now() - timedelta(hours=24))

    answer = listener.post(_url(evening), headers={"Idempotency-Key": "one"})

    assert answer.status_code == 200
    assert "Idempotent-Replayed" not in answer


@pytest.mark.parametrize("key", [None, " ", "x" * 256])
def test_a_key_is_needed(listener: APIClient, evening: Room, key: str | None) -> None:
    answer = listener.post(_url(evening), headers={} if key is None else {"Idempotency-Key": key})

    problem(answer, status=400, code="idempotency-key-missing")
    assert not Ticket.objects.exists()


def test_a_refused_purchase_leaves_the_key_free(listener: APIClient, evening: Room) -> None:
    Payee.objects.update(transfers_state=TransfersState.PENDING)
    refused = listener.post(_url(evening), headers={"Idempotency-Key": "one"})
    document = problem(refused, status=409, code="payee-not-ready")
    assert document["waiting_for"] == ["Ada Lovelace"]
    assert not IdempotentRequest.objects.exists()

    Payee.objects.update(transfers_state=TransfersState.ACTIVE)

    assert listener.post(_url(evening), headers={"Idempotency-Key": "one"}).status_code == 201


def test_a_sold_out_room_is_a_problem(listener: APIClient, ada: Creator) -> None:
    now = clock.now()
    start = now + timedelta(days=2)
    room = cast.room(ada, now=now, starts_at=start, ends_at=start + timedelta(hours=1), capacity=1)
    margaret = APIClient()
    margaret.force_login(cast.person("Margaret"))
    margaret.post(_url(room), headers={"Idempotency-Key": "one"})

    problem(listener.post(_url(room), headers={"Idempotency-Key": "one"}), status=409, code="sold-out")
    assert Ticket.objects.count() == 1


def test_a_room_that_is_over_is_a_problem(listener: APIClient, evening: Room) -> None:
    now = clock.now()
    Room.objects.update(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))

    document = problem(
        listener.post(_url(evening), headers={"Idempotency-Key": "one"}), status=409, code="sales-closed"
    )

    assert document["cancelled"] is False
    assert not Ticket.objects.exists()


def test_a_host_needs_no_ticket(ada: Creator, evening: Room) -> None:
    client = APIClient()
    client.force_login(ada.user)

    problem(client.post(_url(evening), headers={"Idempotency-Key": "one"}), status=409, code="own-room")
    assert not Ticket.objects.exists()


def test_who_is_not_signed_in_buys_nothing(visitor: APIClient, evening: Room) -> None:
    problem(visitor.post(_url(evening), headers={"Idempotency-Key": "one"}), status=403, code="not_authenticated")
    assert not Ticket.objects.exists()


def test_a_request_from_another_site_is_refused(evening: Room, linus: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(linus)

    problem(client.post(_url(evening), headers={"Idempotency-Key": "one"}), status=403, code="permission_denied")
    assert not Ticket.objects.exists()


def test_too_many_requests_are_told_when_to_come_back(
    listener: APIClient, evening: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UserRateThrottle, "get_rate", lambda _: "1/min")
    listener.get("/api/v1/tickets/")

    answer = listener.get("/api/v1/tickets/")

    problem(answer, status=429, code="throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_people_buy_while_valkey_is_away(listener: APIClient, evening: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "cache", ValkeyCache("redis://127.0.0.1:9/0", {}))

    assert listener.post(_url(evening), headers={"Idempotency-Key": "one"}).status_code == 201
    assert Ticket.objects.count() == 1


def test_a_fault_of_ours_is_a_problem_too(listener: APIClient, evening: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("rooms.api.tickets.buy_ticket_once", broken)
    listener.raise_request_exception = False

    problem(listener.post(_url(evening), headers={"Idempotency-Key": "one"}), status=500, code="server_error")


def test_buying_costs_the_same_for_any_number_of_seats(listener: APIClient, ada: Creator) -> None:
    now = clock.now()
    start = now + timedelta(days=2)
    counts = []
    for seats in (2, 200):
        room = cast.room(ada, now=now, starts_at=start, ends_at=start + timedelta(hours=1), capacity=seats)
        with CaptureQueriesContext(connection) as queries:
            listener.post(_url(room), headers={"Idempotency-Key": str(seats)})
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_replay_costs_eight_queries(
    listener: APIClient, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listener.post(_url(evening), headers={"Idempotency-Key": "one"})

    # Session, person, room; then, between savepoints, lock the buyer, forget old keys, find this one.
    with django_assert_num_queries(3 + 5):
        listener.post(_url(evening), headers={"Idempotency-Key": "one"})
