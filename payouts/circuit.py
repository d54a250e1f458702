"""The circuit breaker: while Stripe does not answer, nobody waits for it; calls stay in the outbox.

It opens after several unanswered requests in a row and closes with the first answer. While it is open, one request at
a time goes out as a probe. What counts is silence (no answer, 5xx): a refusal, 409 or 429 is an answer. The same call
failing again and again counts once, so that one that Stripe cannot digest does not close the shop. Real time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from config import clock
from payouts.errors import StripeRefusedError, StripeUnavailableError
from payouts.models import StripeCircuit

log = structlog.get_logger(__name__)

NAME = "stripe"
OPENS_AFTER = 4
PAUSE_S = 5.0
"""The first pause; each probe that is not answered doubles it."""
PAUSE_MAX_S = 60.0
PROBE_MAY_TAKE = timedelta(seconds=30)


def admits(*, real_now: datetime) -> bool:
    """Whether to ask Stripe now. Where it has been silent, one caller is let through as a probe when a pause ends."""
    row = StripeCircuit.objects.filter(name=NAME, open_until__isnull=False).first()
    if row is None or row.open_until is None:
        return True
    if row.open_until > real_now:
        return False
    mine = StripeCircuit.objects.filter(name=NAME, open_until=row.open_until)
    return mine.update(open_until=real_now + PROBE_MAY_TAKE) == 1


def answered() -> None:
    """Stripe answered, whatever it said."""
    silent = StripeCircuit.objects.filter(name=NAME, silent__gt=0)
    if silent.update(silent=0, since=None, source="", error="", open_until=None):
        log.info("stripe.answers_again")


@transaction.atomic
def unanswered(*, source: str, error: StripeUnavailableError, real_now: datetime) -> None:
    """Stripe did not answer; what is not silence (409, 429) counts as an answer. `source` is a call, or a task."""
    if not error.silent:
        answered()
        return
    StripeCircuit.objects.bulk_create([StripeCircuit(name=NAME)], ignore_conflicts=True)
    row = StripeCircuit.objects.select_for_update().get(name=NAME)
    was_open = row.open_until is not None
    if row.source != source or was_open:
        row.silent += 1
    row.source, row.error = source, str(error)
    row.since = row.since or real_now
    if row.silent >= OPENS_AFTER:
        row.open_until = real_now + timedelta(seconds=pause_s(row.silent))
    row.save()
    if row.open_until is not None and not was_open:
        log.error("stripe.silent", since=row.since.isoformat(), error=row.error)


def pause_s(silent: int) -> float:
    """Seconds until the next probe: 5, 10, 20 … one minute."""
    return min(PAUSE_MAX_S, PAUSE_S * 2.0 ** min(silent - OPENS_AFTER, 8))


@contextmanager
def guarded(*, source: str) -> Iterator[None]:
    """Ask Stripe something, outside any transaction, unless it is known not to answer.

    Raises:
        StripeUnavailableError: it was not asked, or did not answer.
    """
    if not admits(real_now=clock.real_now()):
        raise StripeUnavailableError("Not asked: Stripe has not answered for a while", executed=False)
    try:
        yield
    except StripeUnavailableError as error:
        unanswered(source=source, error=error, real_now=clock.real_now())
        raise
    except StripeRefusedError:
        answered()
        raise
    answered()


def silent_since() -> datetime | None:
    """Since when Stripe has not answered, or None while it does: one query."""
    found: datetime | None = (
        StripeCircuit.objects.filter(name=NAME, open_until__isnull=False).values_list("since", flat=True).first()
    )
    return found


def state() -> StripeCircuit | None:
    """The whole row while the circuit is open, for those who look after it."""
    return StripeCircuit.objects.filter(name=NAME, open_until__isnull=False).first()
