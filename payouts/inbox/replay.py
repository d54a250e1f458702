"""Put events back in the queue: what they then do is up to their handlers, which are safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from config import clock
from payouts.models import EventState, StripeEvent

REPLAYABLE = (EventState.FAILED, EventState.QUARANTINED, EventState.DONE)
TROUBLED = (EventState.FAILED, EventState.QUARANTINED)
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Finished events by state, type (none: all) and time of receipt, both ends included."""

    states: Sequence[str]
    types: Sequence[str] = ()
    received_from: datetime | None = None
    received_to: datetime | None = None

    def events(self) -> QuerySet[StripeEvent]:
        """Those that fit now."""
        found = StripeEvent.objects.filter(state__in=[state for state in self.states if state in REPLAYABLE])
        if self.types:
            found = found.filter(type__in=self.types)
        if self.received_from is not None:
            found = found.filter(received_at__gte=self.received_from)
        if self.received_to is not None:
            found = found.filter(received_at__lte=self.received_to)
        return found


def count_by_type(selection: Selection) -> dict[str, int]:
    """How many events would be replayed, by type: one query."""
    return dict(selection.events().order_by("type").values_list("type").annotate(Count("id")))


def replay_selection(selection: Selection) -> int:
    """Put all of them back, a batch a statement, so that workers are never kept waiting; answers how many.

    Events that finish again meanwhile are not taken a second time.
    """
    began_at = clock.real_now()
    total = 0
    while True:
        unfinished = selection.events().filter(finished_at__lt=began_at)
        ids = list(unfinished.order_by("id").values_list("id", flat=True)[:BATCH])
        put_back = _put_back(StripeEvent.objects.filter(id__in=ids, finished_at__lt=began_at))
        total += put_back
        if not put_back:
            return total


def replay(*, event_ids: list[str], states: Sequence[str] = TROUBLED) -> list[str]:
    """Put these back in the queue, if they are in one of these states; answers which."""
    wanted = StripeEvent.objects.filter(id__in=event_ids, state__in=states).order_by("id")
    return [event_id for event_id in wanted.values_list("id", flat=True)
            if _put_back(StripeEvent.objects.filter(id=event_id, state__in=states))]  # fmt: skip


def _put_back(events: QuerySet[StripeEvent]) -> int:
    return events.update(state=EventState.RECEIVED, attempts=0, next_attempt_at=clock.real_now(), finished_at=None)
