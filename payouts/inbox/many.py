"""Process many events at once where their handlers know how; whatever is left goes one by one.

A batch is one transaction: what it does and its events' new states commit together. Anything that raises undoes the
whole batch, and each of its events is then processed alone, so that none suffers from another.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog
from django.db import connection, transaction

from config import clock
from payouts.batches import update_many
from payouts.inbox.operations import due_events, finish, process
from payouts.inbox.registry import bulk_handler_of
from payouts.models import EventState, StripeEvent
from payouts.models.event import DUE_STATES

log = structlog.get_logger(__name__)

BATCH = 100
WORTH_IT = 5
"""Fewer events go one by one: their locks are held for a shorter time."""
_FREE = """
SELECT id FROM unnest(%s::text[], %s::text[]) AS wanted (id, object_id)
WHERE pg_try_advisory_xact_lock(hashtextextended(object_id, 0))
"""


def process_many(*, event_ids: Sequence[str], now: datetime) -> None:
    """Process these events, those that are due; each to the same end as `process` alone would bring it."""
    done: set[str] = set()
    for chunk in _chunks(event_ids):
        if len(chunk) >= WORTH_IT:
            done |= _in_bulk(chunk, now=now)
    for event_id in event_ids:
        if event_id not in done:
            process(event_id=event_id, now=now)


def _chunks(event_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(event_ids), BATCH):
        yield event_ids[start : start + BATCH]


def _in_bulk(event_ids: Sequence[str], *, now: datetime) -> set[str]:
    try:
        with transaction.atomic(durable=True):
            return _batch(event_ids, now=now)
    except Exception:
        log.exception("inbox.batch_failed", count=len(event_ids))
        return set()


def _batch(event_ids: Sequence[str], *, now: datetime) -> set[str]:
    """One bulk handler's events at a time, each handler's objects locked by whoever gets them first."""
    due = StripeEvent.objects.select_for_update(skip_locked=True).filter(id__in=event_ids, state__in=DUE_STATES)
    events = [event for event in due.order_by("id") if bulk_handler_of(event.type) is not None]
    free = _objects_free(events)
    handled: list[StripeEvent] = []
    events = [event for event in events if event.id in free]
    for handler in {bulk_handler_of(event.type) for event in events}:
        if handler is not None:
            mine = [event for event in events if bulk_handler_of(event.type) is handler]
            ids = handler(events=mine, now=now)
            handled += [event for event in mine if event.id in ids]
    for event in handled:
        event.attempts += 1
        finish(event, EventState.DONE, "")
    update_many(handled, ["state", "attempts", "next_attempt_at", "last_error", "finished_at"])
    return {event.id for event in handled}


def _objects_free(events: Sequence[StripeEvent]) -> set[str]:
    """The events whose objects nobody else is working on; no waiting, so that two batches never wait in a circle."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [[event.id for event in events], [event.object_id for event in events]])
        return {event_id for (event_id,) in cursor.fetchall()}


def sweep(*, limit: int, now: datetime) -> int:
    """Process what is due, oldest first, batch by batch until nothing is left or so many were looked at; how many."""
    total = 0
    while total < limit:
        due = due_events(real_now=clock.real_now(), limit=BATCH)
        if not due:
            break
        process_many(event_ids=due, now=now)
        total += len(due)
    return total
