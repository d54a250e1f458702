"""Jobs of rooms. Each only does what PostgreSQL says is due, so a lost or doubled message changes nothing."""

from typing import Any

from celery import shared_task

from config import clock
from rooms.live import leases
from rooms.tickets import operations


@shared_task
def end_seat_holds(**_: Any) -> None:
    """Give up holds that ran out."""
    operations.end_seat_holds(now=clock.now())


@shared_task
def renew_leases(**_: Any) -> None:
    """Let live rooms go on, and end those that are over."""
    leases.renew(now=clock.now(), real_now=clock.real_now())
