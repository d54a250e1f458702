"""Leases of open rooms, the end of others, and revocations, as the relay reads them from Valkey."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from config import clock
from rooms.live import leases, revocations, stream
from rooms.models import Creator, Room, Ticket, TicketState, User
from rooms.relay.control import STREAM, Control, End, Lease, Revoke, decode
from rooms.tasks import renew_leases
from rooms.tickets import handlers
from tests.rooms import cast
from tests.rooms.live.conftest import opening, signed_in

REAL = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _client_of_this_test() -> Iterator[None]:
    stream.client.cache_clear()
    yield
    stream.client.cache_clear()


def told(valkey: redis.Redis) -> list[Control]:
    """What the relay would read, from the beginning."""
    entries = valkey.xrange(STREAM)
    return [decode({key.decode(): value.decode() for key, value in fields.items()}) for _, fields in entries]  # type: ignore[union-attr]


def lease(room: Room) -> Lease:
    """Nobody has come yet, so nobody may be on stage."""
    return Lease(room=str(room.id), until_s=REAL.timestamp() + 60, speakers=(), muted=(), at_s=REAL.timestamp())


@pytest.fixture
def let_in(paid: Ticket, linus: User, evening: Room) -> Ticket:
    """Linus has a grant by his ticket."""
    assert signed_in(linus).post(f"{evening.get_absolute_url()}live/grant/").status_code == 200
    return paid


def test_open_rooms_are_renewed_and_no_others(evening: Room, ada: Creator, valkey: redis.Redis) -> None:
    soon = opening(cast.room(ada), starts_in=timedelta(minutes=9))
    opening(cast.room(ada), starts_in=timedelta(minutes=11))
    opening(cast.room(ada), starts_in=-timedelta(hours=2))
    off = opening(cast.room(ada), starts_in=timedelta(0))
    Room.objects.filter(id=off.id).update(cancelled_at=clock.now())

    renewed = leases.renew(now=clock.now(), real_now=REAL)

    assert set(renewed) == {evening.id, soon.id}
    assert sorted(told(valkey), key=str) == sorted([lease(evening), lease(soon)], key=str)


def test_a_room_is_ended_once_when_its_time_is_over(evening: Room, valkey: redis.Redis) -> None:
    leases.renew(now=clock.now(), real_now=REAL)

    for _ in range(2):
        assert leases.renew(now=evening.ends_at, real_now=REAL) == []

    assert told(valkey) == [lease(evening), End(room=str(evening.id))]


def test_a_cancelled_room_is_ended(evening: Room, valkey: redis.Redis) -> None:
    leases.renew(now=clock.now(), real_now=REAL)
    Room.objects.update(cancelled_at=clock.now())

    leases.renew(now=clock.now(), real_now=REAL)

    assert told(valkey)[-1] == End(room=str(evening.id))


def test_renewing_costs_seven_queries_however_many_rooms(
    evening: Room, ada: Creator, valkey: redis.Redis, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        opening(cast.room(ada), starts_in=timedelta(0))

    with django_assert_num_queries(7):
        assert len(leases.renew(now=clock.now(), real_now=REAL)) == 4


def test_without_a_relay_nothing_is_asked_or_told(
    evening: Room, valkey: redis.Redis, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.RELAY_URL = ""

    with django_assert_num_queries(0):
        renew_leases(unknown="argument")

    assert told(valkey) == []


def test_the_task_renews_by_real_time(evening: Room, valkey: redis.Redis) -> None:
    before = clock.real_now().timestamp()
    renew_leases()
    after = clock.real_now().timestamp()

    [message] = told(valkey)
    assert isinstance(message, Lease)
    assert before + leases.LEASE_S <= message.until_s <= after + leases.LEASE_S


def lose(ticket: Ticket) -> None:
    """The ticket stops being valid."""
    ticket.state = TicketState.LATE
    ticket.save(update_fields=["state"])


def test_a_ticket_that_stops_being_valid_is_silenced_when_that_is_committed(
    let_in: Ticket,
    evening: Room,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        lose(let_in)
        handlers._tell(let_in, now=clock.now())
        assert told(valkey) == []

    [message] = told(valkey)
    assert isinstance(message, Revoke)
    assert (message.room, message.identity) == (str(evening.id), f"ticket:{let_in.id}")
    # Until no token from the room's last second can be used any more.
    assert message.until_s >= evening.ends_at.timestamp() + 600 - 1


def test_a_payment_that_came_too_late_is_followed_through_its_handler(
    let_in: Ticket, valkey: redis.Redis, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    Ticket.objects.update(state=TicketState.RELEASED, released_at=clock.now())

    with django_capture_on_commit_callbacks(execute=True):
        handlers.sale_late(sale_id=let_in.sale_id, now=clock.now())

    assert [type(message) for message in told(valkey)] == [Revoke]


def test_valid_tickets_unpaid_ones_and_closed_rooms_are_left_alone(
    let_in: Ticket,
    evening: Room,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        revocations.follow(let_in, now=clock.now())
        lose(let_in)
        revocations.follow(let_in, now=evening.ends_at)
        let_in.paid_at = None
        revocations.follow(let_in, now=clock.now())

    assert told(valkey) == []


def test_a_revocation_that_valkey_did_not_take_is_told_with_the_next_leases(
    let_in: Ticket,
    evening: Room,
    valkey: redis.Redis,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    there = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    with django_capture_on_commit_callbacks(execute=True):
        lose(let_in)
        revocations.follow(let_in, now=clock.now())
    assert told(valkey) == []
    settings.REDIS_URL = there
    stream.client.cache_clear()

    leases.renew(now=clock.now(), real_now=REAL)

    revoke, renewed = told(valkey)
    assert isinstance(revoke, Revoke)
    assert revoke.identity == f"ticket:{let_in.id}"
    assert renewed == lease(evening)
