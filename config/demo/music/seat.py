"""Hedy's grant to speak in the room that is live, given as to anybody."""

from config import clock
from config.demo.story import cast
from config.demo.story.live import room_now
from rooms.live.grants import LiveGrant, grant
from rooms.models import User


def seat_on_stage() -> LiveGrant:
    """A new grant. The room is opened anew once its time is nearly over."""
    now = clock.now(fresh=True)
    hedy = User.objects.get(email=cast.HEDY.email)
    return grant(room=room_now(now=now), user=hedy, now=now, real_now=clock.real_now(), speaks=True)
