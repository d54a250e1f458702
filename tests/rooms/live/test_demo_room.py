"""The demo has a room that is live whenever it runs."""

from datetime import timedelta

from config import clock
from config.demo.story.live import LASTS, room_now
from rooms.access import Reason, decide
from rooms.live import hours
from rooms.models import CoHost, Creator, User


def test_there_is_an_open_room_and_one_more_once_it_is_nearly_over(ada: Creator, grace: Creator, linus: User) -> None:
    now = clock.now()

    room = room_now(now=now)

    assert hours.is_open(room, now=now)
    assert CoHost.objects.get().accepted_at == now
    assert decide(room=room, user=linus, now=now).reason is Reason.GUEST
    assert room_now(now=now + timedelta(hours=1)) == room
    assert room_now(now=now + LASTS) != room
