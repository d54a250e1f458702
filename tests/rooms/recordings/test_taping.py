"""The host turns recording on and off: who may, who is told, and what the relay hears."""

from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from config import clock
from rooms.live import leases
from rooms.models import Creator, Room, Taping, Ticket, User
from rooms.recordings import operations
from rooms.recordings.errors import CannotRecordError, NotTheHostError
from rooms.relay.control import STREAM, Control, Record, decode
from rooms.tasks import keep_recordings
from tests.rooms.live.conftest import opening, signed_in

REAL = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)


def told(valkey: redis.Redis) -> list[Control]:
    """What the relay would read of recordings."""
    entries = valkey.xrange(STREAM)
    read = [decode({key.decode(): value.decode() for key, value in fields.items()}) for _, fields in entries]  # type: ignore[union-attr]
    return [message for message in read if isinstance(message, Record)]


def start(room: Room, user: User) -> Taping:
    return operations.start(room_id=room.id, host_id=user.id, now=clock.now(), real_now=REAL)


def test_the_relay_is_told_once_it_is_committed(
    evening: Room, host: User, valkey: redis.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start(evening, host)
    with django_capture_on_commit_callbacks(execute=True):
        operations.stop(room_id=evening.id, host_id=host.id, real_now=REAL + timedelta(minutes=5))

    assert told(valkey) == [Record(room=str(evening.id), on=True), Record(room=str(evening.id), on=False)]
    taping = Taping.objects.get()
    assert (taping.begun_by, taping.began_at, taping.ended_at) == (host, REAL, REAL + timedelta(minutes=5))


def test_a_second_click_changes_nothing(evening: Room, host: User) -> None:
    assert start(evening, host) == start(evening, host)
    assert Taping.objects.count() == 1


@pytest.mark.parametrize("who", ["linus", "grace"])
def test_only_the_host_decides(evening: Room, linus: User, grace: Creator, who: str) -> None:
    person = {"linus": linus, "grace": grace.user}[who]

    with pytest.raises(NotTheHostError):
        start(evening, person)
    with pytest.raises(NotTheHostError):
        operations.stop(room_id=evening.id, host_id=person.id, real_now=REAL)
    assert not Taping.objects.exists()


def test_there_must_be_something_to_record_and_to_record_with(evening: Room, host: User, settings: Settings) -> None:
    settings.RELAY_URL = ""
    with pytest.raises(CannotRecordError, match="does not record"):
        start(evening, host)
    settings.RELAY_URL = "http://relay.test"
    opening(evening, starts_in=timedelta(hours=2))
    with pytest.raises(CannotRecordError, match="doors open"):
        start(evening, host)
    assert not Taping.objects.exists()


def test_what_valkey_did_not_take_is_told_with_the_leases(evening: Room, host: User, valkey: redis.Redis) -> None:
    start(evening, host)  # told after the commit, which this test never comes to
    leases.renew(now=clock.now(), real_now=REAL)
    operations.stop(room_id=evening.id, host_id=host.id, real_now=REAL + timedelta(seconds=15))
    leases.renew(now=clock.now(), real_now=REAL + timedelta(seconds=20))
    leases.renew(now=clock.now(), real_now=REAL + timedelta(seconds=90))

    assert told(valkey) == [Record(room=str(evening.id), on=True), Record(room=str(evening.id), on=False)]


def test_the_rooms_end_ends_it(evening: Room, host: User) -> None:
    start(evening, host)
    keep_recordings(unknown="argument")
    assert Taping.objects.get().ended_at is None

    opening(evening, starts_in=-timedelta(hours=2))
    keep_recordings()

    assert Taping.objects.get().ended_at is not None


def test_everybody_who_may_hear_is_told_and_the_host_has_the_switch(
    evening: Room, host: User, listener: User, client: Client
) -> None:
    for person in (host, listener):
        assert "is being recorded" not in page(signed_in(person), evening)
    assert "Record this room" in page(signed_in(host), evening)
    assert "Record this room" not in page(signed_in(listener), evening)

    answer = signed_in(host).post(f"{evening.get_absolute_url()}recording/start/")

    assert "This room is being recorded." in answer.content.decode()
    assert "Stop recording" in answer.content.decode()
    assert "This room is being recorded." in page(signed_in(listener), evening)
    assert "Stop recording" not in page(signed_in(listener), evening)
    assert "recorded" not in page(client, evening)
    answer = signed_in(host).post(f"{evening.get_absolute_url()}recording/stop/")
    assert "Record this room" in answer.content.decode()
    assert "is being recorded" not in page(signed_in(listener), evening)


def test_a_listener_cannot_press_the_hosts_switch(evening: Room, listener: User, client: Client) -> None:
    for way in ("start", "stop"):
        address = f"{evening.get_absolute_url()}recording/{way}/"
        assert signed_in(listener).post(address).status_code == 403
        assert client.post(address).status_code == 302
    assert not Taping.objects.exists()


def test_when_it_cannot_be_turned_on_the_host_is_told_why(evening: Room, host: User) -> None:
    opening(evening, starts_in=timedelta(hours=2))

    answer = signed_in(host).post(f"{evening.get_absolute_url()}recording/start/")

    assert "when its doors open" in answer.content.decode()


def test_the_part_of_the_page_costs_seven_queries(
    evening: Room, listener: User, paid: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(listener)

    with django_assert_num_queries(7):
        client.get(f"{evening.get_absolute_url()}recording/")


def page(client: Client, room: Room) -> str:
    return client.get(room.get_absolute_url()).content.decode()
