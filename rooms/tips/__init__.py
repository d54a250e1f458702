"""Tips: to a creator, or in a room to those on stage, by the room's split."""
