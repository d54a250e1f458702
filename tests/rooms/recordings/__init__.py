"""Recordings: turned on, taken in, heard again."""
