"""However a subscription stops opening a room, the relay is told with the same commit; what goes on is left alone.

That the relay then silences within the second is `tests/rooms/relay/test_access.py`'s to prove.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import redis
from pytest_django import DjangoCaptureOnCommitCallbacks

from config import clock
from payouts import handlers
from payouts.models import Sale
from rooms.gifts.operations import claim, give
from rooms.live import stream
from rooms.models import Creator, Gift, Room, Subscription, User
from rooms.relay.control import Revoke
from rooms.subscriptions.lapsing import lapse_due
from tests.rooms.live.conftest import signed_in
from tests.rooms.live.test_leases import told
from tests.rooms.refunds.conftest import stripe_says
from tests.rooms.subscriptions import patron

Ends = Callable[[Subscription, datetime], object]


@pytest.fixture(autouse=True)
def _client_of_this_test() -> Iterator[None]:
    stream.client.cache_clear()
    yield
    stream.client.cache_clear()


@pytest.fixture
def evening(evening: Room) -> Room:
    """Open to Ada's subscribers, too."""
    Room.objects.update(open_to_subscribers=True)
    return evening


@pytest.fixture
def hears(evening: Room, ada: Creator, linus: User) -> Subscription:
    """Linus has a grant by his subscription."""
    now = clock.now()
    made = patron.subscription(patron.plan(ada, now=now), linus, now=now)
    patron.invoice(made, now=now)
    Sale.objects.update(charge_id="ch_1")
    let_in(linus, evening)
    return made


def let_in(user: User, room: Room) -> None:
    """They open the room's page, which gets a grant."""
    assert signed_in(user).post(f"{room.get_absolute_url()}live/grant/").status_code == 200


def _refunded(made: Subscription, now: datetime) -> None:
    sale = Sale.objects.get()
    stripe_says(sale, sale.charge_minor, now=now)


def _disputed(made: Subscription, now: datetime) -> None:
    sale = Sale.objects.get()
    handlers.tell("dispute.opened", sale_id=sale.id, dispute_id=sale.id, now=now)


def _ended_at_stripe(made: Subscription, now: datetime) -> None:
    patron.say(made, now=now, status="canceled", ended_at=now, end_reason="cancellation_requested")


def _unpaid_to_the_end(made: Subscription, now: datetime) -> None:
    patron.say(made, now=now, status="canceled", ended_at=now, end_reason="payment_failed")


def _out_of_time(made: Subscription, now: datetime) -> None:
    Subscription.objects.filter(id=made.id).update(access_until=now)
    assert lapse_due(now=now) == [made.id]


@pytest.mark.parametrize("end", [_refunded, _disputed, _ended_at_stripe, _unpaid_to_the_end, _out_of_time])
def test_the_relay_is_told_with_the_same_commit(
    end: Ends,
    hears: Subscription,
    evening: Room,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        end(hears, clock.now())
    (revoke,) = told(valkey)
    assert isinstance(revoke, Revoke)
    assert (revoke.room, revoke.identity) == (str(evening.id), f"user:{hears.subscriber_id}")
    assert signed_in(hears.subscriber).post(f"{evening.get_absolute_url()}live/grant/").status_code == 403


def test_what_still_opens_the_room_is_left_alone(
    hears: Subscription,
    evening: Room,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    now = clock.now()
    with django_capture_on_commit_callbacks(execute=True):
        patron.say(hears, now=now, ends_at=now + timedelta(days=9))  # cancelled with the month
        patron.say(hears, now=now, status="past_due")  # and in grace
        stripe_says(Sale.objects.get(), 1, now=now)
        lapse_due(now=now)
    assert told(valkey) == []
    let_in(hears.subscriber, evening)


def test_a_gift_that_is_disputed_falls_silent_too(
    evening: Room,
    ada: Creator,
    linus: User,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    now = clock.now()
    gift = give(
        plan_id=patron.plan(ada, now=now).id,
        giver_id=linus.id,
        months=1,
        recipient_email="linus@obole.example",
        now=now,
    )
    handlers.tell("sale.paid", sale_id=gift.sale_id, now=now)
    claim(token=Gift.objects.get().token, user_id=linus.id, now=now)  # a gift for oneself is as good as any
    let_in(linus, evening)
    with django_capture_on_commit_callbacks(execute=True):
        handlers.tell("dispute.opened", sale_id=gift.sale_id, dispute_id=gift.id, now=now)
    assert [type(message) for message in told(valkey)] == [Revoke]
