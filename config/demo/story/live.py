"""A room that is live while the demo runs: Ada hosts, Grace and Hedy co-host, and Linus has a guest's seat."""

from datetime import datetime, timedelta
from typing import Final

from config.demo.story import cast
from rooms.live import hours
from rooms.models import Creator, Room, User
from rooms.scheduling import operations as scheduling
from rooms.stage import guests

TITLE: Final = "Open microphone"
ABOUT: Final = (
    "A room that is open now: Hedy plays. Listen as Linus, raise a hand; enter as Ada in another browser, and bring "
    "him up."
)
LASTS: Final = timedelta(hours=12)


def room_now(*, now: datetime) -> Room:
    """The live room: the one that is still open, else a new one, so that every start of the demo has one."""
    ada = Creator.objects.get(user__email=cast.ADA.email)
    open_already = hours.open_rooms(now=now).filter(creator=ada, title=TITLE, ends_at__gt=now + timedelta(hours=1))
    return open_already.first() or _open(ada, now=now)


def _open(ada: Creator, *, now: datetime) -> Room:
    """Rooms are scheduled ahead; the doors of one that begins in a minute are open."""
    others = list(Creator.objects.filter(user__email__in=[cast.GRACE.email, cast.HEDY.email]).order_by("handle"))
    starts_at = now + timedelta(minutes=1)
    room = scheduling.schedule_room(
        creator_id=ada.id,
        title=TITLE,
        description=ABOUT,
        starts_at=starts_at,
        ends_at=starts_at + LASTS,
        capacity=200,
        price_minor=300,
        currency="USD",
        open_to_subscribers=True,
        cohosts=[scheduling.CoHostSpec(creator_id=other.id, weight=1) for other in others],
        now=now,
    )
    for other in others:
        scheduling.accept_cohosting(room_id=room.id, creator_id=other.id, now=now)
    linus = User.objects.get(email=cast.LINUS.email)
    guests.invite_guest(room_id=room.id, by_id=ada.user_id, email=linus.email, now=now)
    return room
