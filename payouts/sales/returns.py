"""Late payments on their way back (E10): a refund like any other, whose money comes from suspense.

The sale tells whether all of it has gone, by refunds or to a bank: parked, returned, or parked with the reason why it
did not go.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from payouts import handlers
from payouts.models import TOO_LATE, Dispute, Refund, RefundReason, RefundState, Sale, SaleState
from payouts.models.refund import LIVE
from payouts.refunds.operations import write

RETURNING = (SaleState.PARKED, SaleState.RETURNED)
FAILED = (RefundState.FAILED, RefundState.REFUSED)


def ask_to_return(*, sale: Sale, now: datetime) -> None:
    """Write down that the locked, parked sale's whole payment is to be given back.

    The call's id follows from the sale's, so that the database itself refuses a second one.
    """
    refund = Refund(
        sale=sale,
        key=f"late:{sale.id}",
        amount_minor=sale.charge_minor,
        currency=sale.currency,
        reason=RefundReason.LATE,
        asked_by="system",
        asked_at=now,
    )
    if not sale.refunds.exists():  # unless somebody gave it back by hand before it was parked
        write(refund=refund, sale=sale, call_id=uuid.uuid5(sale.id, "refund.create"), now=now)


def follow(*, sale: Sale, now: datetime) -> None:
    """Bring the locked late sale in step with its refunds and lost disputes; told once when all has gone, or has not.

    `refund_id` names the refund that gave it back; none does what a bank took whole.
    """
    if sale.state not in RETURNING:
        return
    refunds = list(sale.refunds.all())
    live = [each for each in refunds if each.state in LIVE]
    lost = list(sale.disputes.filter(lost_minor__gt=0).order_by("closed_at"))
    before = (sale.refund_id, sale.state, sale.refund_failed_at)
    lost_minor = sum(each.lost_minor or 0 for each in lost)
    sale.refund_id = _newest_id(live or (refunds if lost_minor < sale.charge_minor else []))
    if sum(each.amount_minor for each in live) + lost_minor >= sale.charge_minor:
        _on_its_way(sale, live, lost)
    else:
        _stuck(sale, refunds)
    if (sale.refund_id, sale.state, sale.refund_failed_at) == before:
        return
    sale.save(update_fields=["state", "refund_id", "returned_at", "refund_failed_at", "refund_failure"])
    if sale.state == SaleState.RETURNED and before[1] != SaleState.RETURNED:
        handlers.tell("sale.returned", sale_id=sale.id, now=now)
    elif sale.refund_failed_at and not before[2]:
        handlers.tell("sale.return_failed", sale_id=sale.id, now=now)


def _newest_id(refunds: Sequence[Refund]) -> str:
    named = [each for each in refunds if each.refund_id]
    return max(named, key=lambda each: each.made_at or each.asked_at).refund_id if named else ""


def _on_its_way(sale: Sale, live: Sequence[Refund], lost: Sequence[Dispute]) -> None:
    sale.refund_failed_at, sale.refund_failure = None, ""
    times = [*(each.posted_at for each in live), *(each.closed_at for each in lost)]
    if all(times) and sale.state == SaleState.PARKED:
        sale.state = SaleState.RETURNED
        sale.returned_at = max(time for time in times if time)


def _stuck(sale: Sale, refunds: Sequence[Refund]) -> None:
    """Some of it stays in suspense. A person must see to it once a refund has failed, since nobody else asks again."""
    sale.state = SaleState.PARKED
    sale.returned_at = None
    failed = [each for each in refunds if each.state in FAILED]
    if failed:
        last = max(failed, key=lambda each: (each.failed_at or each.asked_at, each.asked_at))
        sale.refund_failed_at, sale.refund_failure = last.failed_at, last.failure


def is_late(sale: Sale) -> bool:
    """Whether this payment came too late, so that all of it is in suspense."""
    return sale.state in TOO_LATE
