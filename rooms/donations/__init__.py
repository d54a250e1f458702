"""Donations: a charity for a room, and what people give it there."""
