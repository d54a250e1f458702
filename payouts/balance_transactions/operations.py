"""Import balance transactions in pages, and take each to the ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet

from payouts.balance_transactions.matching import take, take_many
from payouts.gateway import facts, lookups
from payouts.models import BalanceTransaction, ImportCursor
from payouts.models.balance_transaction import WAITING_STATES

log = structlog.get_logger(__name__)

CURSOR = "balance_transactions"
OVERLAP = timedelta(seconds=60)
"""Stripe's lists may show a movement a moment late, behind newer ones: the last minute is read again."""
PAGES_A_RUN = 50
MOVEMENTS_A_RUN = 1000
TOGETHER = 100


def import_pages(*, now: datetime) -> int:
    """Import what is new, page by page, then match and post; answers how many movements were new.

    Each page commits with the cursor, so a killed import goes on from its last page. Outside any transaction.

    Raises:
        StripeUnavailableError: what came before it is kept.
    """
    imported = _backfill(now=now) + _read_forward(now=now)
    take_imported(now=now)
    return imported


def _cursor(now: datetime) -> ImportCursor:
    return ImportCursor.objects.get_or_create(name=CURSOR, defaults={"updated_at": now})[0]


def is_behind() -> bool:
    """Whether the first import has not reached the beginning yet: the mirror is not whole."""
    return ImportCursor.objects.filter(name=CURSOR, backfilled_at__isnull=True).exclude(newest_id="").exists()


def _backfill(*, now: datetime) -> int:
    """Before the first import has reached the beginning: walk back from the newest."""
    cursor = _cursor(now)
    imported = 0
    for _ in range(PAGES_A_RUN):
        if cursor.backfilled_at is not None:
            break
        page = lookups.balance_transactions(older_than=cursor.backfill_id)
        if page.items:
            cursor.newest_id = cursor.newest_id or page.items[0].id
            cursor.backfill_id = page.items[-1].id
        elif not cursor.newest_id:
            break  # nothing has ever happened on this account
        if not page.has_more:
            cursor.backfilled_at = now
        imported += _store(page.items, cursor, now=now)
    return imported


def _read_forward(*, now: datetime) -> int:
    cursor = _cursor(now)
    if cursor.backfilled_at is None:
        return 0
    newer_than = _overlapping(cursor)
    imported = 0
    for _ in range(PAGES_A_RUN):
        page = lookups.balance_transactions(newer_than=newer_than)
        if page.items:
            newer_than = cursor.newest_id = page.items[0].id
            imported += _store(page.items, cursor, now=now)
        if not page.has_more:
            break
    return imported


def _overlapping(cursor: ImportCursor) -> str:
    """The newest movement that is older than the overlap, to read on from; the very newest if there is none."""
    newest = BalanceTransaction.objects.get(id=cursor.newest_id)
    older = BalanceTransaction.objects.filter(created_at__lt=newest.created_at - OVERLAP)
    return older.order_by("-created_at", "-id").values_list("id", flat=True).first() or cursor.newest_id


@transaction.atomic
def _store(items: Sequence[facts.BalanceTransaction], cursor: ImportCursor, *, now: datetime) -> int:
    known = set(BalanceTransaction.objects.filter(id__in=[each.id for each in items]).values_list("id", flat=True))
    new = [_row(each, now=now) for each in items if each.id not in known]
    BalanceTransaction.objects.bulk_create(new, ignore_conflicts=True)
    cursor.updated_at = now
    cursor.save()
    if new:
        log.info("balance_transactions.imported", count=len(new), newest=cursor.newest_id)
    return len(new)


def _row(fact: facts.BalanceTransaction, *, now: datetime) -> BalanceTransaction:
    return BalanceTransaction(
        id=fact.id,
        type=fact.type,
        reporting_category=fact.reporting_category,
        source_id=fact.source_id,
        amount_minor=fact.amount_minor,
        fee_minor=fact.fee_minor,
        net_minor=fact.net_minor,
        currency=fact.currency,
        exchange_rate=fact.exchange_rate,
        created_at=fact.created_at,
        available_on=fact.available_on,
        raw=fact.raw,
        imported_at=now,
        next_attempt_at=now,
    )


def take_imported(*, now: datetime) -> None:
    """Match every movement that is due to what we did, oldest first.

    Those of one second come in no order, a refund before its charge perhaps: what waits is asked once more when others
    were taken after it.
    """
    due = BalanceTransaction.objects.filter(state__in=WAITING_STATES, next_attempt_at__lte=now)
    ids = list(due.order_by("next_attempt_at", "created_at", "id").values_list("id", flat=True)[:MOVEMENTS_A_RUN])
    waiting = _take_all(ids, now=now)
    if waiting and len(waiting) < len(ids):
        _take_all(waiting, now=now)


def _take_all(ids: Sequence[str], *, now: datetime) -> list[str]:
    """Which of them wait on."""
    for start in range(0, len(ids), TOGETHER):
        movements = list(_waiting(ids[start : start + TOGETHER]))
        taken = take_many(movements=movements, now=now)
        for movement in movements:
            if movement.id not in taken:
                with structlog.contextvars.bound_contextvars(balance_transaction_id=movement.id):
                    take(movement=movement, now=now)
    return list(_waiting(ids).values_list("id", flat=True))


def _waiting(ids: Sequence[str]) -> QuerySet[BalanceTransaction]:
    return BalanceTransaction.objects.filter(id__in=ids, state__in=WAITING_STATES).order_by("created_at", "id")
