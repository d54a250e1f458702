"""Django's side of LiveKit: grants, the page, webhooks once each, and a client that has to be there."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.contrib.staticfiles import finders
from django.core.checks import run_checks
from django.test import Client
from livekit.api import TokenVerifier
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from config import clock
from rooms.live import listening
from rooms.live.attendance import seconds_heard
from rooms.models import Admission, Attendance, Creator, EngineEvent, Room, Ticket, User
from rooms.relay.control import STREAM, Control, Revoke, decode
from rooms.tasks import forget_engine_events
from tests.rooms.live.conftest import _relay, evening, paid, signed_in
from tests.rooms.livekit.standin import KEY, SECRET, StandIn, webhook

__all__ = ["_relay", "evening", "paid"]
URL = "wss://livekit.test"


@pytest.fixture(autouse=True)
def _livekit(_relay: None, settings: Settings) -> None:
    settings.RELAY, settings.RELAY_URL = "livekit", URL
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET


def granted(user: User, room: Room, kind: str = "listen") -> dict[str, str]:
    """What the page gets."""
    answer = signed_in(user).post(f"{room.get_absolute_url()}live/grant/", {"kind": kind})
    grant_: dict[str, str] = answer.json() | {"status": str(answer.status_code)}
    return grant_


def told(valkey: redis.Redis) -> list[Control]:
    """What the engine would read."""
    entries = valkey.xrange(STREAM)
    return [decode({key.decode(): value.decode() for key, value in fields.items()}) for _, fields in entries]  # type: ignore[union-attr]


def send(client: Client, signed: tuple[str, str]) -> int:
    """LiveKit calls."""
    body, authorization = signed
    answer = client.post(
        "/webhooks/livekit/", body, content_type="application/webhook+json", headers={"Authorization": authorization}
    )
    return answer.status_code


def test_a_ticket_gets_ears_and_no_voice(evening: Room, linus: User, paid: Ticket) -> None:
    grant = granted(linus, evening)

    claims = TokenVerifier(KEY, SECRET).verify(grant["token"])
    assert (grant["relay_url"], grant["room"]) == (URL, str(evening.id))
    assert claims.identity == f"ticket:{paid.id}"
    assert claims.video is not None
    assert (claims.video.room, claims.video.can_publish, claims.video.can_subscribe) == (str(evening.id), False, True)
    refused = granted(linus, evening, "speak")
    assert (refused["status"], refused["type"].rpartition("/")[2]) == ("403", "may-not-speak")


def test_the_host_gets_ears_and_a_voice_which_are_two_seats(evening: Room, ada: Creator) -> None:
    ears, voice = (
        TokenVerifier(KEY, SECRET).verify(granted(ada.user, evening, kind)["token"]) for kind in ("listen", "speak")
    )

    assert (ears.identity, voice.identity) == (f"user:{ada.user.id}", f"user:{ada.user.id}|stage")
    assert ears.video is not None
    assert voice.video is not None
    assert (ears.video.can_publish, voice.video.can_publish, voice.video.can_subscribe) == (False, True, False)


def test_the_page_names_the_client_and_offers_no_recording(evening: Room, ada: Creator) -> None:
    page = signed_in(ada.user).get(evening.get_absolute_url()).content.decode()

    assert 'data-live-client="/static/livekit/livekit-client.js"' in page
    assert f'data-live-relay="{URL}"' in page
    assert "Record this room" not in page


async def test_stand_in_and_site_agree_on_who_is_who() -> None:
    async with StandIn() as server:
        assert server.let_in("user:ada", room="salon", speaks=True).identity == "user:ada|stage"


def test_webhooks_become_attendance_each_once(
    evening: Room, linus: User, paid: Ticket, client: Client, valkey: redis.Redis
) -> None:
    server, room = StandIn(), str(evening.id)
    came_at = int(time.time()) - 60
    person = server.join(granted(linus, evening)["token"])
    person.joined_at = came_at
    came = webhook("participant_joined", room=room, participant=person, number=1, at=came_at)
    went = webhook("participant_left", room=room, participant=person, number=2, at=came_at + 40)

    for signed in (came, came, went, came, went):
        assert send(client, signed) == 200

    row = Attendance.objects.get()
    assert (row.user, row.way, row.session_key) == (linus, "listen", listening.session_key(person.sid))
    assert seconds_heard(room_id=evening.id, user_id=linus.id) == 40
    assert EngineEvent.objects.count() == 2


def test_what_says_nothing_of_anybody_is_kept_and_nothing_more(
    evening: Room, linus: User, paid: Ticket, client: Client
) -> None:
    person = StandIn().join(granted(linus, evening)["token"])

    assert send(client, webhook("track_published", room=str(evening.id), participant=person, number=1, at=1)) == 200

    assert EngineEvent.objects.get().kind == "track_published"
    assert not Attendance.objects.exists()


def test_forged_webhooks_are_refused(evening: Room, linus: User, paid: Ticket, client: Client) -> None:
    person = StandIn().join(granted(linus, evening)["token"])
    body, authorization = webhook("participant_joined", room=str(evening.id), participant=person, number=1, at=1)
    _, other = webhook("participant_joined", room="another", participant=person, number=2, at=1)

    assert send(client, (body, "")) == 401
    assert send(client, (body, other)) == 401  # signed, but for another body
    assert send(client, (body, granted(linus, evening)["token"])) == 401  # a grant is no signature
    assert send(client, (json.dumps({"event": "participant_joined"}), authorization)) == 401
    assert not EngineEvent.objects.exists()


def test_who_comes_back_with_a_token_of_before_is_put_out(  # noqa: PLR0917 (fixtures)
    evening: Room,
    linus: User,
    paid: Ticket,
    client: Client,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    person = StandIn().join(granted(linus, evening)["token"])
    revoked_at = Admission.objects.get().last_granted_at + timedelta(seconds=1)
    Admission.objects.update(revoked_at=revoked_at, revoked_reason="refunded")

    with django_capture_on_commit_callbacks(execute=True):
        send(client, webhook("participant_joined", room=str(evening.id), participant=person, number=1, at=1))

    (message,) = told(valkey)
    assert isinstance(message, Revoke)
    assert (message.identity, message.reason, message.at_s) == (
        f"ticket:{paid.id}",
        "refunded",
        revoked_at.timestamp(),
    )


def test_with_our_own_relay_there_is_no_such_address(client: Client, settings: Settings, db: None) -> None:
    settings.RELAY = "own"

    assert client.post("/webhooks/livekit/").status_code == 404


def test_ids_of_events_are_forgotten_after_a_week(evening: Room, linus: User, paid: Ticket, client: Client) -> None:
    person = StandIn().join(granted(linus, evening)["token"])
    send(client, webhook("room_started", room=str(evening.id), participant=person, number=1, at=1))

    forget_engine_events(unknown="argument")
    assert EngineEvent.objects.count() == 1
    EngineEvent.objects.update(received_at=clock.real_now() - timedelta(days=8))
    forget_engine_events()
    assert not EngineEvent.objects.exists()


def test_a_client_that_is_not_there_is_named_with_the_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finders, "find", lambda _path: None)
    (error,) = [found for found in run_checks() if found.id == "rooms.E001"]
    assert "make livekit-client" in (error.hint or "")

    monkeypatch.setattr(finders, "find", lambda path: str(Path("/static") / path))
    assert [found for found in run_checks() if found.id == "rooms.E001"] == []
    settings.RELAY = "own"
    monkeypatch.setattr(finders, "find", lambda _path: None)
    assert [found for found in run_checks() if found.id == "rooms.E001"] == []
