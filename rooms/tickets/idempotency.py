"""Buying a ticket once for one idempotency key."""

from datetime import datetime
from uuid import UUID

from rooms.idempotency import CREATED, OK, Done, once
from rooms.models import ACTIVE_STATES, IdempotentRequest, Ticket
from rooms.purchases.context import PurchaseContext
from rooms.tickets.operations import buy_ticket


def buy_ticket_once(
    *,
    user_id: UUID,
    room_id: UUID,
    key: str,
    request_sha256: str,
    context: PurchaseContext | None = None,
    now: datetime,
    real_now: datetime,
) -> tuple[IdempotentRequest, bool]:
    """Buy, or find what was done for this key; True when it was found.

    Raises:
        What `once` and `buy_ticket` raise.
    """

    def buy() -> Done:
        had_one = Ticket.objects.filter(room_id=room_id, buyer_id=user_id, state__in=ACTIVE_STATES).exists()
        ticket = buy_ticket(room_id=room_id, buyer_id=user_id, context=context, now=now)
        return Done(subject=f"ticket:{ticket.id}", status=OK if had_one else CREATED)

    return once(user_id=user_id, key=key, request_sha256=request_sha256, do=buy, real_now=real_now)
