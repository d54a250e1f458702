"""Events that never came: listed from Stripe's API and stored as if they had, each once by its id.

The platform's events, those of each connected account and the thin ones are sources with a cursor each. A
cursor's window is read page by page, newest first; where it stopped is saved with each page, so a killed run goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from payouts.errors import StripeRefusedError
from payouts.gateway import event_lists
from payouts.gateway.event_lists import EventPage
from payouts.inbox.operations import receive
from payouts.models import EventCursor, Payee, StripeEvent

log = structlog.get_logger(__name__)

PLATFORM = "platform"
THIN = "v2"
STILL_COMING = timedelta(minutes=5)
"""Younger events may be on their way to the endpoint: nothing is missing yet."""
READ_EVERY = timedelta(minutes=10)
"""How long a source is left alone that has been read up to now."""
BEGINS = timedelta(days=1)
"""How far back a source is read when it is seen for the first time."""
WINDOW = timedelta(days=1)
KEPT_FOR = timedelta(days=event_lists.KEPT_FOR_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What reading some of a source brought: how many events Stripe listed, and the ids that were missing here."""

    source: str
    listed: int
    missing: tuple[str, ...]


def sources(*, account: str = "") -> list[str]:
    """The platform, thin events and every connected account; or that account alone."""
    if account:
        return [account]
    accounts = Payee.objects.exclude(stripe_account_id="").order_by("stripe_account_id")
    return [PLATFORM, THIN, *accounts.values_list("stripe_account_id", flat=True)]


def read_range(*, source: str, since: datetime, until: datetime, dry_run: bool) -> Iterator[Filled]:
    """Read one source from `since` to before `until`, a page at a time; nothing is stored in a dry run.

    Raises StripeUnavailableError: what came before it is kept.
    """
    after_id = ""
    while True:
        page = _page(source, since, until, after_id)
        yield _filled(source, page, store=not dry_run)
        if not page.has_more:
            return
        after_id = page.last_id


def go_back(*, since: datetime, account: str = "", now: datetime) -> None:
    """Have every source (or that account) read again from `since`, by whoever reads next."""
    for source in sources(account=account):
        cursor = _cursor(source, now=now)
        if since < cursor.read_to or cursor.window_to is not None:
            EventCursor.objects.filter(name=source).update(
                read_to=min(since, cursor.read_to), window_to=None, after_id="", updated_at=now
            )


def catch_up(*, now: datetime, pages_max: int, account: str = "", every: timedelta = READ_EVERY) -> list[Filled]:
    """Read what is due, longest unread first, at most so many pages; answers what each page brought.

    Due is what was not read for `every`; zero reads all that can be missing.

    Raises StripeUnavailableError: what came before it is kept.
    """
    wanted = sources(account=account)
    for source in wanted:
        _cursor(source, now=now)
    results: list[Filled] = []
    for cursor in EventCursor.objects.filter(name__in=wanted).order_by("read_to", "name"):
        while len(results) < pages_max and cursor.read_to < now - STILL_COMING - every:
            results.append(_step(cursor, now=now))
    return results


def _cursor(source: str, *, now: datetime) -> EventCursor:
    start = {"read_to": now - BEGINS, "updated_at": now}
    return EventCursor.objects.get_or_create(name=source, defaults=start)[0]


def _step(cursor: EventCursor, *, now: datetime) -> Filled:
    """One page of the cursor's window, which moves on when it was the last."""
    since = max(cursor.read_to, now - KEPT_FOR)
    until = cursor.window_to or min(since + WINDOW, now - STILL_COMING)
    page = _page(cursor.name, since, until, cursor.after_id)
    with transaction.atomic():
        filled = _filled(cursor.name, page, store=True)
        if page.has_more:
            cursor.window_to, cursor.after_id = until, page.last_id
        else:
            cursor.read_to, cursor.window_to, cursor.after_id = until, None, ""
        cursor.updated_at = now
        cursor.save()
    return filled


def _page(source: str, since: datetime, until: datetime, after_id: str) -> EventPage:
    if source == THIN:
        return event_lists.thin_events(since=since, until=until)
    account = "" if source == PLATFORM else source
    try:
        return event_lists.snapshot_events(account=account, since=since, until=until, after_id=after_id)
    except StripeRefusedError as error:
        # An account that left the platform must not keep the others from being read.
        log.warning("catch_up.refused", source=source, code=error.code, error=error.message)
        return EventPage(items=(), has_more=False)


def _filled(source: str, page: EventPage, *, store: bool) -> Filled:
    ours = [event for event in page.items if event.livemode == settings.STRIPE_LIVEMODE]
    known = set(StripeEvent.objects.filter(id__in=[event.id for event in ours]).values_list("id", flat=True))
    missing = [event for event in ours if event.id not in known]
    if store:
        missing = [event for event in missing if receive(event=event)]
        if missing:
            log.warning("catch_up.filled", source=source, count=len(missing))
    return Filled(source=source, listed=len(page.items), missing=tuple(event.id for event in missing))
