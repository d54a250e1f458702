"""The demo has a room that is live whenever it runs."""

from datetime import timedelta

from config import clock
from config.demo.music.__main__ import TUNE, frames
from config.demo.music.seat import seat_on_stage
from config.demo.story.live import LASTS, room_now
from rooms.access import Reason, decide
from rooms.live import hours
from rooms.models import CoHost, Creator, User
from tests.rooms import cast
from tests.rooms.live.conftest import RELAY


def test_there_is_an_open_room_and_one_more_once_it_is_nearly_over(ada: Creator, grace: Creator, linus: User) -> None:
    cast.creator("Hedy Marlowe")
    now = clock.now()

    room = room_now(now=now)

    assert hours.is_open(room, now=now)
    assert [cohost.accepted_at for cohost in CoHost.objects.all()] == [now, now]
    assert decide(room=room, user=linus, now=now).reason is Reason.GUEST
    assert room_now(now=now + timedelta(hours=1)) == room
    assert room_now(now=now + LASTS) != room


def test_hedy_may_speak_in_it(ada: Creator, grace: Creator, linus: User) -> None:
    cast.creator("Hedy Marlowe")

    seat = seat_on_stage()

    assert (seat.may_publish, seat.relay_url) == (True, RELAY)


def test_the_tune_is_of_opus_packets_of_20_ms() -> None:
    packets = list(frames(TUNE.read_bytes()))

    assert len(packets) > 500
    assert {packet[0] >> 3 for packet in packets} <= {1, 5, 9, 13, 15, 19, 23, 27, 31}  # RFC 6716, section 3.1
