"""How long people were in a room, from what the relay tells, whatever order, crash or second device it comes with."""

from datetime import UTC, datetime, timedelta

import pytest
import redis
from pytest_django import DjangoAssertNumQueries

from config import clock
from rooms.live import listening
from rooms.live.attendance import audience_count, seconds_heard, seconds_on_stage
from rooms.models import Admission, Attendance, Creator, Room, StreamPosition, Ticket, User
from rooms.relay.events import STREAM, Event, Here, Joined, Left, OnStage, encode
from rooms.tasks import listen_to_relay
from tests.rooms.live.conftest import signed_in

BEGAN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def identity(evening: Room, linus: User, paid: Ticket) -> str:
    """Linus has asked for a grant, so the site knows who stands behind his ticket."""
    return let_in(linus, evening)


def let_in(user: User, room: Room) -> str:
    """The identity that the grant carries."""
    answer = signed_in(user).post(f"{room.get_absolute_url()}live/grant/")
    assert answer.status_code == 200
    return str(answer.json()["identity"])


def tell(valkey: redis.Redis, *events: Event) -> None:
    """As the relay does."""
    for event in events:
        valkey.xadd(STREAM, encode(event))  # type: ignore[arg-type]


def listen(*, at: float = 0) -> None:
    listening.listen(now=clock.now(), real_now=BEGAN + timedelta(seconds=at))


def joined(room: Room, identity: str, session: str, *, at: float, way: str = "listen") -> Joined:
    return Joined(room=str(room.id), identity=identity, session=session, way=way, at_s=BEGAN.timestamp() + at)


def here(room: Room, *sessions: str, at: float) -> Here:
    return Here(room=str(room.id), sessions=sessions, at_s=BEGAN.timestamp() + at)


def left(
    room: Room, identity: str, session: str, *, at: float, seconds: float, way: str = "listen", reason: str = "left"
) -> Left:
    return Left(
        room=str(room.id),
        identity=identity,
        session=session,
        way=way,
        at_s=BEGAN.timestamp() + at,
        seconds=seconds,
        reason=reason,
    )


def heard(room: Room, user: User) -> int:
    return seconds_heard(room_id=room.id, user_id=user.id)


def test_a_session_counts_from_its_beginning_to_its_end(
    evening: Room, linus: User, identity: str, valkey: redis.Redis
) -> None:
    tell(valkey, joined(evening, identity, "s1", at=0))
    listen()
    assert (heard(evening, linus), audience_count(room_id=evening.id)) == (0, 1)

    tell(valkey, here(evening, "s1", at=10))
    listen(at=10)
    assert heard(evening, linus) == 10

    tell(valkey, left(evening, identity, "s1", at=25.5, seconds=25.5))
    listen(at=26)
    assert (heard(evening, linus), audience_count(room_id=evening.id)) == (25, 0)
    row = Attendance.objects.get()
    assert (row.user, row.way, row.end_reason, row.seconds) == (linus, "listen", "left", 25)


def test_the_relays_name_of_a_session_is_not_kept(evening: Room, identity: str, valkey: redis.Redis) -> None:
    tell(valkey, joined(evening, identity, "its holder may end it", at=0))
    listen()

    assert Attendance.objects.get().session_key == listening.session_key("its holder may end it")


def test_overlapping_sessions_are_not_counted_twice(
    evening: Room, linus: User, identity: str, valkey: redis.Redis
) -> None:
    tell(
        valkey,
        left(evening, identity, "phone", at=60, seconds=60),
        left(evening, identity, "laptop", at=90, seconds=60, reason="moved"),
        left(evening, identity, "later", at=200, seconds=50, way="webm"),
        left(evening, identity, "spoke", at=400, seconds=100, way="publish"),
    )
    listen()

    assert heard(evening, linus) == 90 + 50
    assert seconds_on_stage(room_id=evening.id, user_id=linus.id) == 100


def test_what_was_told_twice_or_late_changes_nothing(
    evening: Room, linus: User, identity: str, valkey: redis.Redis
) -> None:
    end = left(evening, identity, "s1", at=30, seconds=30)
    tell(valkey, end, joined(evening, identity, "s1", at=0), here(evening, "s1", at=20), end)
    listen()
    StreamPosition.objects.update(last_id="0-0")
    listen()

    assert heard(evening, linus) == 30
    assert Attendance.objects.get().ended_at == BEGAN + timedelta(seconds=30)


def test_a_relay_that_was_killed_costs_what_it_had_not_told(
    evening: Room, linus: User, identity: str, valkey: redis.Redis
) -> None:
    tell(valkey, joined(evening, identity, "before", at=0), here(evening, "before", at=20))
    listen(at=21)
    # Killed at 25, up again at 26, the page back at 27.
    tell(valkey, joined(evening, identity, "after", at=27), here(evening, "after", at=110))
    listen(at=111)

    assert heard(evening, linus) == 20 + 83
    assert audience_count(room_id=evening.id) == 1
    lost = Attendance.objects.get(session_key=listening.session_key("before"))
    assert (lost.ended_at, lost.end_reason) == (BEGAN + timedelta(seconds=20), "lost")


def test_a_session_taken_for_lost_goes_on_when_it_is_told_of_again(
    evening: Room, linus: User, identity: str, valkey: redis.Redis
) -> None:
    tell(valkey, joined(evening, identity, "s1", at=0))
    listen(at=100)
    assert audience_count(room_id=evening.id) == 0

    tell(valkey, here(evening, "s1", at=101))
    listen(at=101)
    assert (heard(evening, linus), audience_count(room_id=evening.id)) == (101, 1)

    tell(valkey, left(evening, identity, "s1", at=120, seconds=120))
    listen(at=121)
    assert heard(evening, linus) == 120


def test_the_ticket_is_checked_in_once(
    evening: Room, linus: User, paid: Ticket, identity: str, valkey: redis.Redis
) -> None:
    tell(valkey, joined(evening, identity, "s1", at=0))
    listen()
    first = Ticket.objects.get(checked_in_at__gt=paid.paid_at).checked_in_at

    tell(valkey, joined(evening, identity, "s2", at=50))
    listen()
    paid.refresh_from_db()
    assert paid.checked_in_at == first


def test_host_and_strangers_are_kept_apart(
    evening: Room, ada: Creator, linus: User, identity: str, valkey: redis.Redis
) -> None:
    host = let_in(ada.user, evening)
    tell(
        valkey,
        joined(evening, host, "host", at=0, way="publish"),
        joined(evening, "ticket:unknown", "nobody", at=0),
        OnStage(room=str(evening.id), slots=(host, "", "", ""), at_s=BEGAN.timestamp()),
    )
    valkey.xadd(STREAM, {"kind": "nonsense", "body": "{"})
    tell(valkey, joined(evening, identity, "s1", at=0))
    listen()

    assert set(Attendance.objects.values_list("user_id", flat=True)) == {ada.user.id, linus.id}
    assert audience_count(room_id=evening.id) == 1


def test_a_grant_remembers_who_stands_behind_the_identity_once(
    evening: Room, linus: User, paid: Ticket, identity: str
) -> None:
    let_in(linus, evening)

    admission = Admission.objects.get()
    assert (admission.user, admission.ticket, admission.identity) == (linus, paid, identity)
    assert (admission.reason, admission.revoked_at) == ("ticket", None)
    assert admission.first_granted_at < admission.last_granted_at


def test_what_was_told_is_stored_in_twelve_queries_however_much(
    evening: Room, identity: str, valkey: redis.Redis, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listen_to_relay(unknown="argument")
    for number in range(40):
        tell(valkey, joined(evening, identity, f"s{number}", at=0), here(evening, f"s{number}", at=5))
        tell(valkey, left(evening, identity, f"t{number}", at=9, seconds=9))

    with django_assert_num_queries(12):
        listen(at=10)
    assert Attendance.objects.count() == 80


def test_more_than_a_batch_is_read_at_once(
    evening: Room, identity: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "AT_ONCE", 1)
    tell(valkey, left(evening, identity, "one", at=9, seconds=9), left(evening, identity, "two", at=9, seconds=9))

    listen(at=10)

    assert Attendance.objects.count() == 2


def test_asking_costs_a_query(
    evening: Room, linus: User, identity: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        assert (heard(evening, linus), audience_count(room_id=evening.id)) == (0, 0)
