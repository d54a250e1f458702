"""A chargeback takes the sound within the second; when it is won, the next grant opens the room again."""

from collections.abc import Iterator

import pytest
import redis
from pytest_django import DjangoCaptureOnCommitCallbacks

from config import clock
from payouts import handlers
from rooms.live import stream
from rooms.models import Room, Ticket, User
from rooms.relay.control import STREAM, Revoke, decode
from tests.rooms.live.conftest import signed_in


@pytest.fixture(autouse=True)
def _client_of_this_test() -> Iterator[None]:
    stream.client.cache_clear()
    yield
    stream.client.cache_clear()


def revoked(valkey: redis.Redis) -> list[str]:
    """The identities that the relay is told to put out, in order."""
    entries = valkey.xrange(STREAM)
    told = [decode({key.decode(): value.decode() for key, value in fields.items()}) for _, fields in entries]  # type: ignore[union-attr]
    return [message.identity for message in told if isinstance(message, Revoke)]


def test_an_open_dispute_silences_and_a_won_one_opens_the_room_again(
    paid: Ticket,
    evening: Room,
    linus: User,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    listener, address = signed_in(linus), f"/rooms/{evening.slug}/live/grant/"
    assert listener.post(address).status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        handlers.tell("dispute.opened", sale_id=paid.sale_id, dispute_id="du_1", now=clock.now())
    assert revoked(valkey) == [f"ticket:{paid.id}"]
    assert listener.post(address).status_code == 403

    handlers.tell("dispute.closed", sale_id=paid.sale_id, dispute_id="du_1", won=True, now=clock.now())
    assert listener.post(address).status_code == 200
