"""Who else is told of a purchase: those who are in the room it was made in."""

from rooms.events import hints
from rooms.models import Attendance, CoHost, Purchase, Room, Tip


def tell_of(purchase: Purchase) -> None:
    """Hint to the pages of a tip's room that there is one more; after the commit, and lost without harm."""
    if isinstance(purchase, Tip) and purchase.room_id is not None:
        tell_room(Room.objects.select_related("creator").get(id=purchase.room_id))


def tell_room(room: Room) -> None:
    """Hint that the room's tips changed, to those on stage and all who are present."""
    present = set(Attendance.objects.filter(room=room, ended_at__isnull=True).values_list("user_id", flat=True))
    cohosts = CoHost.objects.filter(room=room, accepted_at__isnull=False)
    present |= {room.creator.user_id, *cohosts.values_list("creator__user_id", flat=True)}
    for user_id in sorted(present):
        hints.tell(user_id=user_id, kind="room-tips", ref=str(room.id))
