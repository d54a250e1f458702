"""Store an event; process an event."""

from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Q

from config import clock
from payouts.errors import ContradictionError, StripeUnavailableError, UnknownObjectError
from payouts.inbox.incoming import IncomingEvent
from payouts.inbox.registry import handler_of
from payouts.locks import lock_event, lock_stripe_object
from payouts.models import EventState, StripeEvent
from payouts.models.event import DUE_STATES

log = structlog.get_logger(__name__)

ATTEMPTS_MAX = 8
"""Failures back off 2, 4, 8 … seconds, about four minutes in all, then a person is needed."""
WAITS_MAX = 12
"""An event waits for its object 2, 4, 8 … seconds, at most ten minutes at a time: about 50 minutes in all."""
BACKOFF_MAX_S = 600.0
STRIPE_AWAY_S = 30.0
"""An event whose handler asks Stripe, which does not answer, waits as long as it takes: no attempt is counted."""

_INSERT = """
INSERT INTO payouts_stripeevent
    (id, kind, type, object_id, account, api_version, livemode, created_at, raw, received_at, state, attempts,
     next_attempt_at, last_error)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'received', 0, %s, '')
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


def receive(*, event: IncomingEvent) -> bool:
    """Store a verified event: one statement, one round trip. False when it was there already."""
    received_at = clock.real_now()
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                event.id, event.kind, event.type, event.object_id, event.account, event.api_version, event.livemode,
                event.created_at, event.raw, received_at, received_at,
            ],
        )  # fmt: skip
        return cursor.fetchone() is not None


def process(*, event_id: str, now: datetime) -> EventState | None:
    """Process a due event: what it does and its new state commit together, or neither does.

    Two workers cannot have the same event (row lock) nor two events of one Stripe object (advisory lock). Answers
    the state that the event is in now, or None when there was nothing to do.
    """
    with structlog.contextvars.bound_contextvars(stripe_event_id=event_id), transaction.atomic(durable=True):
        event = lock_event(event_id)
        if event is None or event.state not in DUE_STATES:
            return None
        lock_stripe_object(event.object_id)
        event.attempts += 1
        _run(event, now=now)
        event.save(update_fields=["state", "attempts", "next_attempt_at", "last_error", "finished_at"])
        return EventState(event.state)


def _run(event: StripeEvent, *, now: datetime) -> None:
    handler = handler_of(event.type)
    try:
        if handler is not None:
            with transaction.atomic():  # a failed handler leaves nothing behind but the event's new state
                handler(event=event, now=now)
    except UnknownObjectError as error:
        _again(event, error, waiting=True)
    except StripeUnavailableError as error:
        _when_stripe_answers(event, error)
    except ContradictionError as error:
        finish(event, EventState.QUARANTINED, str(error))
        log.exception("event.quarantined", type=event.type, object_id=event.object_id)
    except Exception as error:
        _again(event, error, waiting=False)
        log.exception("event.failed", type=event.type, object_id=event.object_id, attempts=event.attempts)
    else:
        finish(event, EventState.DONE, "")


def _again(event: StripeEvent, error: Exception, *, waiting: bool) -> None:
    reason = str(error) if waiting else f"{type(error).__name__}: {error}"
    if event.attempts >= (WAITS_MAX if waiting else ATTEMPTS_MAX):
        finish(event, EventState.QUARANTINED if waiting else EventState.FAILED, reason)
        return
    event.state = EventState.WAITING if waiting else EventState.RECEIVED
    event.last_error = reason
    event.next_attempt_at = clock.real_now() + timedelta(seconds=min(BACKOFF_MAX_S, 2.0**event.attempts))


def _when_stripe_answers(event: StripeEvent, error: StripeUnavailableError) -> None:
    event.attempts -= 1
    event.state = EventState.WAITING
    event.last_error = f"Stripe was asked and did not answer: {error}"
    event.next_attempt_at = clock.real_now() + timedelta(seconds=max(error.retry_after_s or 0.0, STRIPE_AWAY_S))
    log.warning("event.stripe_away", type=event.type, object_id=event.object_id, error=str(error))


def finish(event: StripeEvent, state: EventState, error: str) -> None:
    """The locked event is over, for now."""
    event.state = state
    event.last_error = error
    event.next_attempt_at = None
    event.finished_at = clock.real_now()


def due_events(*, real_now: datetime, limit: int) -> list[str]:
    """The events that a sweeper should process now, oldest first."""
    due = StripeEvent.objects.filter(Q(state__in=DUE_STATES), next_attempt_at__lte=real_now)
    return list(due.order_by("next_attempt_at", "id").values_list("id", flat=True)[:limit])
