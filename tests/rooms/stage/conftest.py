"""Ada's room is open, Grace co-hosts, Linus and Barbara have paid and were let in; and what the relay is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from config import clock
from payouts import handlers
from rooms.live import stream
from rooms.models import CoHost, Creator, Room, User
from rooms.relay.control import STREAM, Control, decode
from rooms.scheduling.operations import CoHostSpec
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast
from tests.rooms.live.conftest import KEY, RELAY, opening, signed_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a page of the room."""

    user: User
    room: Room
    client: Client
    commits: DjangoCaptureOnCommitCallbacks

    def do(self, path: str = "", *, method: str = "post", **body: Any) -> Any:
        """Ask the API; what it says after the commit is said."""
        address = f"/api/v1/rooms/{self.room.slug}/{path or 'stage/'}"
        with self.commits(execute=True):
            return getattr(self.client, method)(address, body or None, content_type="application/json")

    def stage(self) -> dict[str, Any]:
        """The stage as they see it."""
        answer = self.do(method="get")
        assert answer.status_code == 200, answer.json()
        return dict(answer.json())

    def to(self, other: "Caller", deed: str) -> Any:
        """Do something about another person."""
        return self.do(f"stage/people/{other.user.id}/{deed}/")

    def is_let_in(self) -> str:
        """Ask for a grant; the identity in it."""
        answer = self.client.post(f"{self.room.get_absolute_url()}live/grant/")
        assert answer.status_code == 200, answer.json()
        return str(answer.json()["identity"])


@pytest.fixture(autouse=True)
def _relay(settings: Settings) -> Iterator[None]:
    settings.RELAY_URL = RELAY
    settings.RELAY_GRANT_KEY = KEY
    stream.client.cache_clear()
    yield
    stream.client.cache_clear()


@pytest.fixture
def evening(ada: Creator, grace: Creator) -> Room:
    """Ada's room with Grace as co-host: it started a minute ago."""
    now = clock.now()
    room = cast.room(
        ada,
        now=now,
        starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=2),
        cohosts=[CoHostSpec(creator_id=grace.id)],
    )
    CoHost.objects.update(accepted_at=now)
    return opening(room, starts_in=-timedelta(minutes=1))


@pytest.fixture
def page(
    evening: Room, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Callable[[User], Caller]:
    """A page of the room for anybody."""

    def make(user: User) -> Caller:
        client = signed_in(user)
        return Caller(user=user, room=evening, client=client, commits=django_capture_on_commit_callbacks)

    return make


@pytest.fixture
def host(page: Callable[[User], Caller], ada: Creator) -> Caller:
    return page(ada.user)


@pytest.fixture
def cohost(page: Callable[[User], Caller], grace: Creator) -> Caller:
    return page(grace.user)


@pytest.fixture
def linus_page(page: Callable[[User], Caller], linus: User) -> Caller:
    return paid(page(linus))


@pytest.fixture
def barbara_page(page: Callable[[User], Caller]) -> Caller:
    return paid(page(cast.person("Barbara Quist")))


def paid(caller: Caller) -> Caller:
    """They have bought a seat and were let in."""
    ticket = buy_ticket(room_id=caller.room.id, buyer_id=caller.user.id, now=clock.now())
    handlers.tell("sale.paid", sale_id=ticket.sale_id, now=clock.now())
    caller.is_let_in()
    return caller


@pytest.fixture
def told(valkey: redis.Redis) -> Callable[[], list[Control]]:
    """What the relay was told since the last time."""
    last = "-"

    def read() -> list[Control]:
        nonlocal last
        entries: Any = valkey.xrange(STREAM, min=last)
        if entries:
            last = f"({entries[-1][0].decode()}"
        return [decode({key.decode(): value.decode() for key, value in fields.items()}) for _, fields in entries]

    return read
