"""Who else is told of a purchase: those who are in the room it was made in."""

from uuid import UUID

from rooms.events import hints
from rooms.models import Purchase, Tip


def tell_of(purchase: Purchase) -> None:
    """Hint to the open pages of a tip's room that there is one more; after the commit, and lost without harm."""
    if isinstance(purchase, Tip) and purchase.room_id is not None:
        tell_room(purchase.room_id)


def tell_room(room_id: UUID) -> None:
    """Hint that the room's tips changed, to all who have its page open and may hear it."""
    hints.tell_room(room_id=room_id, kind="tips")
