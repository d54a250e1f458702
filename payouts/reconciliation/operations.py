"""Reconcile: follow both sides from where the last run stopped, look at open differences again, compare the totals.

The cost of a run is what is new and what is open, never history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet

from config import clock
from ledger.queries import Place, follow, moved_by
from payouts.balance_transactions.operations import import_pages, is_behind
from payouts.models import BalanceTransaction, BreakKind, MirrorState, ReconciliationBreak, ReconciliationCursor
from payouts.reconciliation import balances, findings
from payouts.reconciliation.balances import Total
from payouts.reconciliation.findings import SIDES, Finding
from payouts.runs.operations import settle_due

log = structlog.get_logger(__name__)

GRACE = timedelta(minutes=10)
"""How long the one side may wait for the other before it is a difference."""
BATCH = 1000
BATCHES_A_RUN = 20
ATTEMPTS = 3
"""How often the totals are read before a difference counts: money may move between reading the one and the other."""
CURSOR = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The totals and every open difference, oldest first."""

    totals: Sequence[Total]
    breaks: Sequence[ReconciliationBreak]


def reconcile(*, now: datetime, grace: timedelta = GRACE) -> Report:
    """Import, settle, compare. Outside any transaction; two at once end in the same rows.

    Raises:
        StripeUnavailableError: what was compared before it is kept.
    """
    import_pages(now=now)
    settle_due(now=now)
    check_movements(now=now, grace=grace)
    check_postings(now=now, grace=grace)
    look_again(now=now)
    return Report(totals=check_balances(now=now), breaks=list(open_breaks()))


def open_breaks() -> QuerySet[ReconciliationBreak]:
    """What differs now, oldest first."""
    return ReconciliationBreak.objects.filter(resolved_at__isnull=True).order_by("since", "id")


def check_movements(*, now: datetime, grace: timedelta) -> None:
    """Stripe's side: what waits for its posting for too long, and whether new postings moved what Stripe says."""
    unposted = BalanceTransaction.objects.exclude(state=MirrorState.POSTED).filter(imported_at__lte=now - grace)
    _record(findings.of_unposted(unposted.defer("raw").order_by("imported_at")[: BATCH * BATCHES_A_RUN]), now=now)
    posted = BalanceTransaction.objects.filter(state=MirrorState.POSTED, reconciled_at__isnull=True)
    for _ in range(BATCHES_A_RUN):
        keys = sorted(set(posted.order_by("imported_at").values_list("posting_key", flat=True)[:BATCH]))
        if not keys:
            break
        with transaction.atomic():
            _record(findings.of_posted(keys), now=now)
            BalanceTransaction.objects.filter(posting_key__in=keys, state=MirrorState.POSTED).update(reconciled_at=now)


def check_postings(*, now: datetime, grace: timedelta) -> None:
    """The ledger's side: postings that moved Stripe's balance and that no movement names."""
    for _ in range(BATCHES_A_RUN):
        with transaction.atomic():
            cursor = _cursor(now)
            place = Place(epoch=cursor.epoch, xact=cursor.xact, transaction_id=cursor.transaction_id)
            found = follow(accounts=SIDES, after=place, posted_before=clock.real_now() - grace, limit=BATCH)
            _record(findings.of_postings(found.moved), now=now)
            cursor.epoch, cursor.xact = found.place.epoch, found.place.xact
            cursor.transaction_id, cursor.updated_at = found.place.transaction_id, now
            cursor.save()
        if not found.more:
            break


def _cursor(now: datetime) -> ReconciliationCursor:
    """Locked, so that two runs follow one after the other."""
    ReconciliationCursor.objects.get_or_create(name=CURSOR, defaults={"updated_at": now})
    return ReconciliationCursor.objects.select_for_update().get(name=CURSOR)


def look_again(*, now: datetime) -> None:
    """Open differences of single movements and postings: bring them up to date, and close those that went away."""
    single = (BreakKind.MOVEMENT_WITHOUT_POSTING, BreakKind.AMOUNT, BreakKind.POSTING_WITHOUT_MOVEMENT)
    open_ones = list(open_breaks().filter(kind__in=single)[: BATCH * BATCHES_A_RUN])
    ids = [each.movement_id for each in open_ones if each.movement_id]
    movements = list(BalanceTransaction.objects.filter(id__in=ids).defer("raw"))
    keys = sorted({each.posting_key for each in movements if each.posting_key})
    alone = [each.posting_key for each in open_ones if each.kind == BreakKind.POSTING_WITHOUT_MOVEMENT]
    still = [
        *findings.of_unposted(movements),
        *findings.of_posted(keys),
        *findings.of_postings(moved_by(keys=alone, accounts=SIDES)),
    ]
    _record(still, now=now)
    _resolve(open_ones, still, now=now)


def check_balances(*, now: datetime) -> list[Total]:
    """The totals, read again while they differ, since money moves between the readings."""
    totals = balances.totals()
    differing = balances.findings(totals, behind=is_behind(), now=now)
    for _ in range(ATTEMPTS - 1):
        if not differing:
            break
        import_pages(now=now)
        settle_due(now=now)
        totals = balances.totals()
        differing = balances.findings(totals, behind=is_behind(), now=now)
    open_ones = list(open_breaks().filter(kind__in=(BreakKind.BALANCE, BreakKind.SIDE)))
    _record(differing, now=now)
    _resolve(open_ones, differing, now=now)
    return totals


def _record(found: Sequence[Finding], *, now: datetime) -> None:
    """Open what is new; bring what is open up to date."""
    known = {each.key: each for each in open_breaks().filter(key__in=[finding.key for finding in found])}
    new = [_row(finding, now=now) for finding in found if finding.key not in known]
    ReconciliationBreak.objects.bulk_create(new, ignore_conflicts=True)
    for finding in found:
        if (row := known.get(finding.key)) is not None:
            row.amount_minor, row.cause, row.seen_at = finding.amount_minor, finding.cause, now
    ReconciliationBreak.objects.bulk_update(known.values(), ["amount_minor", "cause", "seen_at"], batch_size=BATCH)
    for row in new:
        log.warning("reconciliation.break", key=row.key, amount_minor=row.amount_minor, cause=row.cause)


def _row(finding: Finding, *, now: datetime) -> ReconciliationBreak:
    return ReconciliationBreak(
        key=finding.key,
        kind=finding.kind,
        amount_minor=finding.amount_minor,
        currency=finding.currency,
        cause=finding.cause,
        movement_id=finding.movement_id,
        posting_key=finding.posting_key,
        since=finding.since,
        found_at=now,
        seen_at=now,
    )


def _resolve(open_ones: Sequence[ReconciliationBreak], still: Sequence[Finding], *, now: datetime) -> None:
    keys = {finding.key for finding in still}
    gone = [each.id for each in open_ones if each.key not in keys]
    ReconciliationBreak.objects.filter(id__in=gone, resolved_at__isnull=True).update(resolved_at=now)
