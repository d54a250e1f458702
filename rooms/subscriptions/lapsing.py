"""Access that runs out by the clock alone: the grace of a failed renewal, or a paid month whose news is late."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from rooms import locks
from rooms.subscriptions import queries
from rooms.subscriptions.handlers import lapse

LAPSED_AT_ONCE: Final = 200


def lapse_due(*, now: datetime) -> list[UUID]:
    """Tell the relay of every subscription whose time is over, each in its own transaction; their ids."""
    due = queries.due_to_lapse(now=now, limit=LAPSED_AT_ONCE)
    return [subscription_id for subscription_id in due if _lapse(subscription_id, now=now)]


@transaction.atomic
def _lapse(subscription_id: UUID, *, now: datetime) -> bool:
    found = locks.lock_subscription(subscription_id)
    if found is None or found.access_until is None or found.gives_access(now=now):
        return False
    lapse(found, now=now)
    return True
