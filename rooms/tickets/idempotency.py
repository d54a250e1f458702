"""Buying once for one idempotency key. Source: draft-ietf-httpapi-idempotency-key-header, section 2."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from rooms import locks
from rooms.errors import KeyReusedError
from rooms.models import ACTIVE_STATES, IdempotentRequest, Ticket
from rooms.purchases.context import PurchaseContext
from rooms.tickets.operations import buy_ticket

KEY_MAX: Final = 255
KEPT: Final = timedelta(hours=24)
OK, CREATED = 200, 201


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

    The key is stored in the transaction of the purchase, so a refused purchase leaves the key free. Keys age by real
    time, as Stripe's do, whatever the test clock says.

    Raises:
        KeyReusedError: the key came with another request.
        And what `buy_ticket` raises.
    """
    with transaction.atomic():
        locks.lock_buyer(user_id)
        mine = IdempotentRequest.objects.filter(user_id=user_id)
        mine.filter(created_at__lte=real_now - KEPT).delete()
        done = mine.select_related("ticket__sale").filter(key=key).first()
        if done is not None:
            if done.request_sha256 != request_sha256:
                raise KeyReusedError(key=key)
            return done, True
        had_one = Ticket.objects.filter(room_id=room_id, buyer_id=user_id, state__in=ACTIVE_STATES).exists()
        ticket = buy_ticket(room_id=room_id, buyer_id=user_id, context=context, now=now)
        done = IdempotentRequest.objects.create(
            user_id=user_id,
            key=key,
            request_sha256=request_sha256,
            ticket=ticket,
            status=OK if had_one else CREATED,
            created_at=real_now,
        )
    return done, False
