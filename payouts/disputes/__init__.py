"""Disputes: what the card's bank takes back, our answer to it, and whose money it is in the end (E6)."""
