"""Raised hands, invitations, and the way to the stage and back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from pytest_django import DjangoAssertNumQueries

from config import clock
from rooms.events.hints import room_key
from rooms.models import Attendance, Place, Room, Standing, User, Way
from rooms.relay import grants
from rooms.relay.control import Control, Demote
from rooms.relay.sources import source_of
from rooms.stage import operations
from tests.rooms import cast
from tests.rooms.live.conftest import KEY, opening
from tests.rooms.stage.conftest import Caller, paid

Told = Callable[[], list[Control]]


def may_publish(caller: Caller) -> bool:
    """As the relay reads the grant."""
    answer = caller.client.post(f"{caller.room.get_absolute_url()}live/grant/").json()
    now = clock.real_now()
    grant = grants.verify(token=answer["token"], keys={"obole": KEY}, room=str(caller.room.id), now=now)
    assert grant.can_subscribe
    return grant.can_publish


def hinted(valkey: redis.Redis, room: Room) -> list[str]:
    entries: Any = valkey.xrange(room_key(room.id))
    return [fields[b"hint"].decode() for _, fields in entries]


def names(people: list[dict[str, Any]]) -> list[str]:
    return [person["name"] for person in people]


def test_a_raised_hand_is_seen_by_hosts_and_brought_up(host: Caller, cohost: Caller, linus_page: Caller) -> None:
    assert linus_page.do("stage/raise-hand/").json()["you"]["place"] == "hand"
    assert not may_publish(linus_page)
    for moderator in (host, cohost):
        assert names(moderator.stage()["for_hosts"]["hands"]) == ["Linus"]

    stage = cohost.to(linus_page, "invite").json()

    assert names(stage["for_hosts"]["hands"]) == []
    assert [(one["name"], one["role"]) for one in stage["people"]] == [
        ("Ada Lovelace", "host"),
        ("Grace Hopper", "cohost"),
        ("Linus", "speaker"),
    ]
    assert linus_page.stage()["you"] | {"id": ""} == {
        "id": "",
        "role": "listener",
        "place": "speaker",
        "may_speak": True,
        "may_take_stage": True,
        "is_muted": False,
        "may_unmute": False,
    }
    assert may_publish(linus_page)


def test_hands_are_in_the_order_of_raising_and_can_be_lowered(
    host: Caller, linus_page: Caller, barbara_page: Caller
) -> None:
    for listener in (barbara_page, linus_page):
        listener.do("stage/raise-hand/")
    assert names(host.stage()["for_hosts"]["hands"]) == ["Barbara Quist", "Linus"]

    assert barbara_page.do("stage/lower-hand/").json()["you"]["place"] == "audience"
    assert names(host.to(linus_page, "dismiss").json()["for_hosts"]["hands"]) == []
    assert linus_page.stage()["you"]["place"] == "audience"


def test_an_invitation_is_accepted_or_declined(host: Caller, linus_page: Caller) -> None:
    assert names(host.to(linus_page, "invite").json()["for_hosts"]["invited"]) == ["Linus"]
    you = linus_page.stage()["you"]
    assert (you["place"], you["may_speak"], you["may_take_stage"]) == ("invited", False, True)

    assert linus_page.do("stage/decline/").json()["you"]["place"] == "audience"
    assert linus_page.do("stage/take-stage/").status_code == 409

    host.to(linus_page, "invite")
    assert linus_page.do("stage/take-stage/").json()["you"]["may_speak"]


def test_who_was_not_asked_may_not_speak_unless_everyone_may(host: Caller, linus_page: Caller) -> None:
    refused = linus_page.do("stage/take-stage/")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-asked-to-speak")
    assert not Standing.objects.filter(place=Place.SPEAKER).exists()

    host.do(method="patch", who_may_speak="everyone")
    assert linus_page.do("stage/take-stage/").json()["you"]["place"] == "speaker"

    # Whom a host takes off stays off, until asked again.
    host.to(linus_page, "demote")
    assert not linus_page.stage()["you"]["may_take_stage"]
    assert linus_page.do("stage/take-stage/").status_code == 409
    linus_page.do("stage/raise-hand/")
    host.to(linus_page, "invite")
    assert linus_page.stage()["you"]["may_speak"]


def test_off_the_stage_by_oneself_or_by_a_host(host: Caller, linus_page: Caller, told: Told) -> None:
    identity = linus_page.is_let_in()
    ways: list[Callable[[], Any]] = [
        lambda: linus_page.do("stage/step-down/"),
        lambda: host.to(linus_page, "demote"),
    ]
    for go in ways:
        host.to(linus_page, "invite")
        linus_page.do("stage/take-stage/")
        assert told() == []
        before = clock.real_now().timestamp()

        assert go().status_code == 200

        [message] = told()
        assert isinstance(message, Demote)
        assert (message.room, message.identity) == (str(host.room.id), identity)
        assert before <= message.at_s <= clock.real_now().timestamp()
        assert not may_publish(linus_page)


def test_deeds_repeated_change_nothing(host: Caller, linus_page: Caller, told: Told) -> None:
    for _ in range(2):
        linus_page.do("stage/raise-hand/")
        host.to(linus_page, "invite")
    for _ in range(2):
        linus_page.do("stage/raise-hand/")
        linus_page.do("stage/take-stage/")
    assert linus_page.stage()["you"]["place"] == "speaker"

    for _ in range(2):
        host.to(linus_page, "demote")
    assert [type(message) for message in told()] == [Demote]


@pytest.mark.parametrize("deed", ["invite", "dismiss", "demote", "mute", "unmute", "remove", "readmit"])
def test_listeners_decide_nothing_about_others(
    linus_page: Caller, barbara_page: Caller, deed: str, told: Told
) -> None:
    barbara_page.do("stage/raise-hand/")
    before = list(Standing.objects.values())

    answer = linus_page.to(barbara_page, deed)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-moderator")
    assert list(Standing.objects.values()) == before
    assert told() == []


def test_who_may_not_hear_sees_and_does_nothing(page: Callable[[User], Caller], host: Caller) -> None:
    stranger = page(cast.person("Mallory"))

    for answer in (stranger.do(method="get"), stranger.do("stage/raise-hand/"), stranger.do("reactions/", emoji="🔥")):
        assert (answer.status_code, answer.json()["reason"]) == (403, "no_ticket")
    assert host.to(stranger, "invite").status_code == 404
    assert not Standing.objects.exists()


def test_hosts_are_on_stage_by_role(host: Caller, cohost: Caller) -> None:
    for deed in ("invite", "demote", "remove"):
        assert host.to(cohost, deed).json()["type"] == "/problems/on-stage-by-role"
    assert cohost.do("stage/raise-hand/").json()["you"]["place"] == "cohost"


def test_the_stage_is_full_at_some_point(
    host: Caller, linus_page: Caller, barbara_page: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "SPEAKERS_MAX", 1)
    host.to(linus_page, "invite")

    refused = host.to(barbara_page, "invite")

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stage-full")
    assert barbara_page.stage()["you"]["place"] == "audience"
    assert linus_page.do("stage/take-stage/").json()["you"]["place"] == "speaker"


def test_there_is_a_stage_only_while_the_room_is_open(host: Caller, linus_page: Caller, evening: Room) -> None:
    opening(evening, starts_in=timedelta(hours=2))
    assert linus_page.do("stage/raise-hand/").json()["type"] == "/problems/room-not-open"
    opening(evening, starts_in=-timedelta(hours=2))
    assert host.to(linus_page, "invite").json()["type"] == "/problems/room-over"
    assert not Standing.objects.exists()


def test_pages_are_hinted_at_what_they_have_to_look_at(
    host: Caller, linus_page: Caller, valkey: redis.Redis, evening: Room
) -> None:
    you = f'{{"kind": "you", "ref": "{linus_page.user.id}"}}'
    linus_page.do("stage/raise-hand/")
    assert hinted(valkey, evening) == ['{"kind": "hands", "ref": ""}', you]

    host.to(linus_page, "invite")
    assert hinted(valkey, evening)[2:] == ['{"kind": "stage", "ref": ""}']


def test_the_stage_knows_who_is_here_and_how_packets_name_them(
    host: Caller, linus_page: Caller, barbara_page: Caller, evening: Room
) -> None:
    identity = host.is_let_in()
    for key, caller, way in (("a", host, Way.PUBLISH), ("b", host, Way.LISTEN), ("c", linus_page, Way.WEBM)):
        now = clock.real_now()
        Attendance.objects.create(
            session_key=key, room=evening, user=caller.user, identity=key, way=way, began_at=now, last_seen_at=now
        )

    stage = host.stage()

    ada = stage["people"][0]
    assert (ada["is_here"], ada["sources"]) == (True, [source_of(identity)])
    assert not stage["people"][1]["is_here"]
    assert stage["audience"] == 1
    assert names(stage["for_hosts"]["listeners"]) == ["Linus"]
    assert barbara_page.stage()["for_hosts"] is None


def test_reading_the_stage_costs_the_same_however_many_are_on_it(
    host: Caller,
    linus_page: Caller,
    page: Callable[[User], Caller],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    linus_page.do("stage/raise-hand/")
    host.to(linus_page, "invite")
    with django_assert_num_queries(10):
        linus_page.stage()
    with django_assert_num_queries(8):
        host.stage()

    for name in ("Ken", "Joan"):
        caller = paid(page(cast.person(name)))
        caller.do("stage/raise-hand/")
        host.to(caller, "invite")
    with django_assert_num_queries(10):
        linus_page.stage()
    with django_assert_num_queries(8):
        host.stage()
