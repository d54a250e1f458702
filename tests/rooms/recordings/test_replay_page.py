"""The replay page is gated as the room is, and its sound comes in parts."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rooms.models import Recording, Room, Ticket, TicketState, User
from rooms.recordings import intake
from tests.rooms import cast
from tests.rooms.live.conftest import signed_in
from tests.rooms.recordings.conftest import Says

REAL = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)


@pytest.fixture
def recorded(host: User, listener: User, folder: Path, says: Says, over: Callable[[], Room]) -> Recording:
    """Ada said something, and the room is over."""
    says(host, 1000, at=REAL)
    intake.take_in(folder=folder, real_now=REAL)
    over()
    return Recording.objects.select_related("room").get()


def sound(recording: Recording) -> str:
    return f"{recording.room.get_absolute_url()}replay/{recording.id}.opus"


def replay(recording: Recording) -> str:
    return f"{recording.room.get_absolute_url()}replay/"


def test_who_has_a_ticket_finds_it_on_the_rooms_page_and_hears_it(
    recorded: Recording, listener: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(listener)
    assert f'href="{replay(recorded)}"' in client.get(recorded.room.get_absolute_url()).content.decode()

    with django_assert_num_queries(7):
        page = client.get(replay(recorded))

    text = page.content.decode()
    assert page.status_code == 200
    assert "Ada Lovelace" in text
    assert sound(recorded) in text
    assert "Delete this recording" not in text
    heard = client.get(sound(recorded))
    assert heard["Content-Type"] == "audio/ogg; codecs=opus"
    assert len(b"".join(heard.streaming_content)) == recorded.size_bytes  # type: ignore[attr-defined]


def test_it_seeks(recorded: Recording, listener: User) -> None:
    client = signed_in(listener)
    whole = b"".join(client.get(sound(recorded)).streaming_content)  # type: ignore[attr-defined]

    part = client.get(sound(recorded), headers={"Range": "bytes=100-199"})
    beyond = client.get(sound(recorded), headers={"Range": f"bytes={len(whole)}-"})

    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 100-199/{len(whole)}")
    assert part.content == whole[100:200]
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(whole)}")


def test_others_are_refused_page_and_sound(recorded: Recording, client: Client) -> None:
    stranger = signed_in(cast.person("Eve"))

    assert stranger.get(replay(recorded)).status_code == 403
    assert stranger.get(sound(recorded)).status_code == 403
    assert client.get(replay(recorded)).status_code == 302
    assert client.get(sound(recorded)).status_code == 403
    page = stranger.get(recorded.room.get_absolute_url()).content.decode()
    assert "Those who had a seat can hear it again" in page
    assert "replay/" not in page
    assert "/accounts/login/?next=/rooms/" in client.get(recorded.room.get_absolute_url()).content.decode()


def test_a_refund_ends_it(recorded: Recording, listener: User) -> None:
    client = signed_in(listener)
    Ticket.objects.update(state=TicketState.RETURNED)

    assert client.get(replay(recorded)).status_code == 403
    assert client.get(sound(recorded), headers={"Range": "bytes=0-"}).status_code == 403


def test_while_the_room_is_open_there_is_no_replay(
    evening: Room, host: User, listener: User, folder: Path, says: Says
) -> None:
    says(host, 1000, at=REAL)
    intake.take_in(folder=folder, real_now=REAL)
    recording = Recording.objects.select_related("room").get()

    page = signed_in(listener).get(replay(recording))

    assert (page.status_code, "The room is still open" in page.content.decode()) == (404, True)
    assert signed_in(listener).get(sound(recording)).status_code == 404


def test_a_file_of_another_room_is_not_found(recorded: Recording, listener: User, host: User) -> None:
    other = cast.room(recorded.room.creator)

    assert signed_in(host).get(f"{other.get_absolute_url()}replay/{recorded.id}.opus").status_code == 404


def test_the_host_deletes_it_and_nobody_else(recorded: Recording, host: User, listener: User) -> None:
    address = f"{replay(recorded)}delete/"
    assert "Delete this recording" in signed_in(host).get(replay(recorded)).content.decode()

    assert signed_in(listener).post(address).status_code == 403
    assert signed_in(listener).get(sound(recorded), headers={"Range": "bytes=0-9"}).status_code == 206
    assert signed_in(host).post(address, follow=True).status_code == 200

    assert signed_in(listener).get(sound(recorded)).status_code == 404
    assert "no recording of this room" in signed_in(listener).get(replay(recorded)).content.decode()
