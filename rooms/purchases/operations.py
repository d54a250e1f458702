"""Record where a purchase and an entry came from, and forget it in time."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from rooms.models import PurchaseRecord, RoomEntry
from rooms.purchases import refund_policy
from rooms.purchases.context import PurchaseContext, Whereabouts


def record_purchase(*, sale_id: UUID, context: PurchaseContext | None, now: datetime) -> None:
    """Keep how a sale came about, in the transaction that opens it. A policy that never was counts as none."""
    if context is None:
        return
    known = refund_policy.version(context.refund_policy)
    PurchaseRecord.objects.create(
        sale_id=sale_id,
        recorded_at=now,
        ip=context.whereabouts.ip,
        user_agent=context.whereabouts.user_agent,
        refund_policy=known.version if known else "",
    )


def record_entry(*, room_id: UUID, user_id: UUID, whereabouts: Whereabouts, now: datetime) -> None:
    """Keep that somebody entered a room. One query."""
    entry = RoomEntry(
        room_id=room_id,
        user_id=user_id,
        ip=whereabouts.ip,
        user_agent=whereabouts.user_agent,
        first_at=now,
        last_at=now,
    )
    RoomEntry.objects.bulk_create(
        [entry],
        update_conflicts=True,
        unique_fields=["room", "user", "ip", "user_agent"],
        update_fields=["last_at"],
    )


@transaction.atomic
def forget_addresses(*, now: datetime) -> int:
    """Forget addresses and browsers that no dispute can ask for any more; answers how many rows."""
    until = now - timedelta(days=settings.ADDRESSES_KEPT_DAYS)
    purchases = PurchaseRecord.objects.filter(recorded_at__lt=until, forgotten_at__isnull=True)
    forgotten = purchases.update(ip=None, user_agent="", forgotten_at=now)
    deleted, _ = RoomEntry.objects.filter(last_at__lt=until).delete()
    return forgotten + deleted
