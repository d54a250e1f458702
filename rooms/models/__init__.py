"""Models of rooms: people, rooms, seats and tickets."""

from rooms.models.user import User

__all__ = ["User"]
