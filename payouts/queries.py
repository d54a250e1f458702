"""What others may ask about payees, sales and payouts."""

from datetime import datetime


def worker_seen_at() -> datetime | None:
    """When a worker last answered (real time), or None."""
    return None


def oldest_unprocessed_event_at() -> datetime | None:
    """When the oldest event that still waits to be processed was received, or None."""
    return None
