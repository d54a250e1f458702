"""Record where a purchase and an entry came from, and forget it in time."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from rooms.models import PurchaseRecord, RoomEntry, SubscriptionRecord
from rooms.models.subscription import OPEN_STATES
from rooms.purchases import refund_policy
from rooms.purchases.context import PurchaseContext, Whereabouts


def record_purchase(*, sale_id: UUID, context: PurchaseContext | None, now: datetime) -> None:
    """Keep how a sale came about, in the transaction that opens it. A policy that never was counts as none."""
    if context is not None:
        PurchaseRecord.objects.create(sale_id=sale_id, recorded_at=now, **_kept(context))


def record_subscription(*, subscription_id: UUID, context: PurchaseContext | None, now: datetime) -> None:
    """Keep how a subscription came about, in the transaction that opens it; its sales come later, month by month."""
    if context is not None:
        SubscriptionRecord.objects.create(subscription_id=subscription_id, recorded_at=now, **_kept(context))


def _kept(context: PurchaseContext) -> dict[str, str | None]:
    known = refund_policy.version(context.refund_policy)
    return {
        "ip": context.whereabouts.ip,
        "user_agent": context.whereabouts.user_agent,
        "refund_policy": known.version if known else "",
    }


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
    """Forget addresses and browsers that no dispute can ask for any more; answers how many rows.

    Those of a subscription are kept while it runs: every month that it brings can be disputed.
    """
    until = now - timedelta(days=settings.ADDRESSES_KEPT_DAYS)
    purchases = PurchaseRecord.objects.filter(recorded_at__lt=until, forgotten_at__isnull=True)
    forgotten = purchases.update(ip=None, user_agent="", forgotten_at=now)
    subscribed = SubscriptionRecord.objects.filter(recorded_at__lt=until, forgotten_at__isnull=True).filter(
        Q(subscription__access_until__lt=until)
        | Q(subscription__access_until__isnull=True) & ~Q(subscription__state__in=OPEN_STATES)
    )
    over = list(subscribed.values_list("pk", flat=True))
    forgotten += SubscriptionRecord.objects.filter(pk__in=over).update(ip=None, user_agent="", forgotten_at=now)
    deleted, _ = RoomEntry.objects.filter(last_at__lt=until).delete()
    return forgotten + deleted
