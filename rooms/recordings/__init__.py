"""Recordings of rooms: turned on by the host, taken in from the relay's folder, heard again on the replay page."""
