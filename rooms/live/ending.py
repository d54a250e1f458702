"""Ending a room for everybody at once."""

from rooms.events import hints
from rooms.live.revocations import send_after_commit
from rooms.models import Room
from rooms.relay.control import End


def end_after_commit(room: Room) -> None:
    """After this transaction commits, put everybody out of the room. A lost message is told again with the leases."""
    send_after_commit(End(room=str(room.id)))
    hints.tell_room(room_id=room.id, kind="stage")
