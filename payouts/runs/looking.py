"""Look at Stripe's side of payouts that were sent or paid, so that an event that was lost for good costs days at most.

What is found is booked as its event would have been, and an event that comes all the same does nothing more.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from payouts.errors import StripeRefusedError
from payouts.gateway import facts, lookups
from payouts.locks import lock_payout, lock_stripe_object
from payouts.models import Payout, PayoutState
from payouts.runs import steps
from payouts.runs.looks import next_look

log = structlog.get_logger(__name__)

LOOKED_AT = (PayoutState.SENT, PayoutState.PAID)
BATCH = 500
CLOCKS_DIFFER_BY = timedelta(days=1)


def look(*, now: datetime, pages_max: int) -> list[UUID]:
    """Look at the payouts that are due, longest due first, an account at a time; answers those that changed.

    With `pages_max` pages read, no further account is begun.

    Raises StripeUnavailableError: what came before it is kept.
    """
    due = Payout.objects.filter(check_at__lte=now, state__in=LOOKED_AT).select_related("payee")
    by_account: dict[str, list[Payout]] = defaultdict(list)
    for payout in due.order_by("check_at", "id")[:BATCH]:
        by_account[payout.payee.stripe_account_id].append(payout)
    changed: list[UUID] = []
    pages = 0
    for account, payouts in by_account.items():
        if pages >= pages_max:
            break
        told, read = _told(account, payouts)
        pages += read
        changed += [payout.id for payout in payouts if _learn(payout.id, told.get(payout.stripe_payout_id), now=now)]
    return changed


def _told(account: str, payouts: Sequence[Payout]) -> tuple[dict[str, facts.BankPayout], int]:
    """Stripe's present state of these payouts, by id, and how many pages that took."""
    wanted = {payout.stripe_payout_id for payout in payouts}
    moments = [moment for each in payouts for moment in (each.transferred_at, each.sent_at) if moment is not None]
    since, until = min(moments) - CLOCKS_DIFFER_BY, max(moments) + CLOCKS_DIFFER_BY
    told: dict[str, facts.BankPayout] = {}
    after_id, pages = "", 0
    while True:
        pages += 1
        try:
            page = lookups.bank_payouts(stripe_account=account, since_=since, until=until, after_id=after_id)
        except StripeRefusedError as error:
            # An account that left the platform must not keep the others from being looked at.
            log.warning("payouts.look_refused", account=account, code=error.code, error=error.message)
            return told, pages
        told |= {found.id: found for found in page.items if found.id in wanted}
        if not page.has_more or told.keys() == wanted:
            return told, pages
        after_id = page.items[-1].id


@transaction.atomic
def _learn(payout_id: UUID, told: facts.BankPayout | None, *, now: datetime) -> bool:
    """Whether it has changed. One that was not found is looked for again."""
    if told is not None:
        lock_stripe_object(told.id)
    payout = lock_payout(payout_id)
    if payout is None or payout.state not in LOOKED_AT:
        return False
    before = payout.state
    if told is None:
        log.warning("payouts.not_found", payout_id=str(payout.id), stripe_payout_id=payout.stripe_payout_id)
    elif told.status == "paid":
        steps.bank_paid(payout=payout, at=_arrived(payout, told, now=now), now=now)
    elif told.status in {"failed", "canceled"}:
        steps.bank_said_no(payout=payout, told=told, at=told.failed_at or now, now=now)
    if payout.state == before:
        payout.check_at = next_look(payout, now=now)
        payout.save(update_fields=["check_at"])
        return False
    log.warning("payouts.news_was_lost", payout_id=str(payout.id), state=payout.state)
    return True


def _arrived(payout: Payout, told: facts.BankPayout, *, now: datetime) -> datetime:
    """When it was paid: on the day that Stripe names, not before it was sent, nor in the future."""
    day = datetime.combine(told.arrives_on, time(), tzinfo=UTC)
    return min(max(day, payout.transferred_at or day), now)
