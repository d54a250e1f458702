"""Who is given a grant, what it says, and what others are told instead."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from config import clock
from rooms.models import CoHost, Creator, Room, Ticket, TicketState, User
from rooms.relay import grants
from rooms.relay.grants import Grant
from rooms.scheduling.operations import CoHostSpec
from tests.rooms import cast
from tests.rooms.live.conftest import KEY, RELAY, opening, signed_in


def address(room: Room) -> str:
    return f"{room.get_absolute_url()}live/grant/"


def verified(answer: dict[str, Any], room: Room) -> Grant:
    """The grant, as the relay reads it."""
    return grants.verify(token=answer["token"], keys={"obole": KEY}, room=str(room.id), now=clock.real_now())


def refused(client: Client, room: Room) -> tuple[int, str]:
    """Status and kind of the refusal; nothing but a problem document comes with it."""
    answer = client.post(address(room))
    document = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert document["status"] == answer.status_code
    assert document["detail"]
    assert "token" not in document
    return answer.status_code, document["type"].removeprefix("/problems/")


def test_a_ticket_lets_its_buyer_hear(evening: Room, linus: User, paid: Ticket) -> None:
    answer = signed_in(linus).post(address(evening))

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    body = answer.json()
    assert (body["relay_url"], body["room"], body["expires_in_s"]) == (RELAY, str(evening.id), grants.GRANT_LIFE_S)
    grant = verified(body, evening)
    assert (grant.identity, grant.can_publish, grant.can_subscribe) == (f"ticket:{paid.id}", False, True)
    assert grant.expires_at - clock.real_now().timestamp() <= 120


def test_each_grant_can_be_spent_once_of_its_own(evening: Room, linus: User, paid: Ticket) -> None:
    listener = signed_in(linus)
    first, second = (verified(listener.post(address(evening)).json(), evening) for _ in range(2))

    assert first.identity == second.identity
    assert first.jti != second.jti


def test_host_and_cohost_speak_and_staff_listen(ada: Creator, grace: Creator) -> None:
    now = clock.now()
    room = cast.room(
        ada,
        now=now,
        starts_at=now + timedelta(minutes=5),
        ends_at=now + timedelta(hours=1),
        cohosts=[CoHostSpec(creator_id=grace.id)],
    )
    CoHost.objects.update(accepted_at=now)
    fin = cast.person("Fin", is_staff=True)
    seen = {}
    for user in (ada.user, grace.user, fin):
        assert user is not None
        grant = verified(signed_in(user).post(address(room)).json(), room)
        assert grant.identity == f"user:{user.id}"
        seen[user.email] = (grant.can_publish, grant.can_subscribe)

    assert seen == {
        "ada@obole.example": (True, True),
        "grace@obole.example": (True, True),
        "fin@obole.example": (False, True),
    }


def test_without_a_ticket_there_is_no_grant(client: Client, evening: Room, linus: User) -> None:
    assert refused(signed_in(linus), evening) == (403, "may-not-hear")
    assert signed_in(linus).post(address(evening)).json()["reason"] == "no_ticket"
    assert refused(client, evening) == (403, "may-not-hear")
    assert client.post(address(evening)).json()["reason"] == "signed_out"


@pytest.mark.parametrize("state", [TicketState.HELD, TicketState.LATE, TicketState.RELEASED])
def test_a_ticket_that_is_not_valid_is_none(evening: Room, linus: User, paid: Ticket, state: TicketState) -> None:
    Ticket.objects.update(state=state, released_at=clock.now())

    assert refused(signed_in(linus), evening) == (403, "may-not-hear")


def test_a_cancelled_room_is_closed_to_its_host_too(evening: Room, ada: Creator) -> None:
    Room.objects.update(cancelled_at=clock.now())

    assert refused(signed_in(ada.user), evening) == (403, "may-not-hear")
    assert signed_in(ada.user).post(address(evening)).json()["reason"] == "room_cancelled"


def test_it_opens_ten_minutes_before_the_start(evening: Room, ada: Creator) -> None:
    opening(evening, starts_in=timedelta(minutes=11))
    assert refused(signed_in(ada.user), evening) == (409, "room-not-open")
    opens_at = signed_in(ada.user).post(address(evening)).json()["opens_at"]
    assert opens_at == (evening.starts_at - timedelta(minutes=10)).isoformat()

    opening(evening, starts_in=timedelta(minutes=9))
    assert signed_in(ada.user).post(address(evening)).status_code == 200


def test_it_closes_at_the_end(evening: Room, ada: Creator) -> None:
    opening(evening, starts_in=-timedelta(minutes=61))

    assert refused(signed_in(ada.user), evening) == (409, "room-over")


def test_the_room_opens_by_oboles_clock_and_the_grant_lives_by_real_time(
    evening: Room, ada: Creator, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = clock.now() - timedelta(days=28)
    opening(evening, starts_in=-timedelta(days=28))
    monkeypatch.setattr(clock, "now", lambda **_: behind)

    grant = verified(signed_in(ada.user).post(address(evening)).json(), evening)

    assert grant.expires_at > clock.real_now().timestamp()


def test_without_a_relay_there_is_no_live_audio(evening: Room, ada: Creator, settings: Settings) -> None:
    settings.RELAY_URL = ""

    assert refused(signed_in(ada.user), evening) == (404, "live-audio-off")


def test_a_room_that_is_not_there_is_a_problem_document(client: Client, db: None) -> None:
    answer = client.post("/rooms/nowhere/live/grant/")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_grant_is_asked_for_by_post_and_with_the_pages_token(evening: Room, linus: User, paid: Ticket) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(linus)

    assert careful.get(address(evening)).status_code == 405
    assert careful.post(address(evening)).status_code == 403


def test_it_costs_eleven_queries_for_a_listener(
    evening: Room, linus: User, paid: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listener = signed_in(linus)

    with django_assert_num_queries(11):
        assert listener.post(address(evening)).status_code == 200


def test_it_costs_eight_queries_for_the_host(
    evening: Room, ada: Creator, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    host = signed_in(ada.user)

    with django_assert_num_queries(8):
        assert host.post(address(evening)).status_code == 200


def test_it_costs_one_query_for_a_visitor(
    client: Client, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert client.post(address(evening)).status_code == 403
