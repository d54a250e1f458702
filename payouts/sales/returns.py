"""Late payments on their way back (E10): a refund like any other, whose money comes from suspense.

The sale tells whether all of it has gone: parked, returned, or parked with the reason why it did not go.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from payouts import handlers
from payouts.models import TOO_LATE, Refund, RefundReason, RefundState, Sale, SaleState
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


def follow(*, sale: Sale, refunds: Sequence[Refund], now: datetime) -> None:
    """Bring the locked late sale in step with its refunds; told once when all is on its way, or when it is not."""
    if sale.state not in RETURNING:
        return
    live = [each for each in refunds if each.state in LIVE]
    before = (sale.refund_id, sale.state, sale.refund_failed_at)
    sale.refund_id = max(
        (each for each in live or refunds if each.refund_id),
        key=lambda each: each.made_at or each.asked_at,
        default=Refund(refund_id=sale.refund_id),
    ).refund_id
    if sum(each.amount_minor for each in live) >= sale.charge_minor:
        _on_its_way(sale, live)
    elif any(each.state in FAILED for each in refunds):
        _stuck(sale, refunds)
    if (sale.refund_id, sale.state, sale.refund_failed_at) == before:
        return
    sale.save(update_fields=["state", "refund_id", "returned_at", "refund_failed_at", "refund_failure"])
    if sale.state == SaleState.RETURNED and before[1] != SaleState.RETURNED:
        handlers.tell("sale.returned", sale_id=sale.id, now=now)
    elif sale.refund_failed_at and not before[2]:
        handlers.tell("sale.return_failed", sale_id=sale.id, now=now)


def _on_its_way(sale: Sale, live: Sequence[Refund]) -> None:
    sale.refund_failed_at, sale.refund_failure = None, ""
    times = [each.posted_at for each in live]
    if all(times) and sale.state == SaleState.PARKED:
        sale.state = SaleState.RETURNED
        sale.returned_at = max(time for time in times if time)


def _stuck(sale: Sale, refunds: Sequence[Refund]) -> None:
    """Some of it stays in suspense and nobody asks for it: a person must see to it."""
    last = max((each for each in refunds if each.failed_at), key=lambda each: (each.failed_at, each.asked_at))
    sale.state = SaleState.PARKED
    sale.returned_at = None
    sale.refund_failed_at, sale.refund_failure = last.failed_at, last.failure


def is_late(sale: Sale) -> bool:
    """Whether this payment came too late, so that all of it is in suspense."""
    return sale.state in TOO_LATE
