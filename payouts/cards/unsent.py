"""One taps that never reached Stripe: nobody's card is charged when they have long forgotten that they tapped."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from payouts.locks import lock_sale
from payouts.models import CallState, SaleState, StripeCall
from payouts.outbox.operations import take_back
from payouts.sales.operations import expire

log = structlog.get_logger(__name__)

NOT_SENT: Final = "not_sent"
UNSENT_FOR: Final = timedelta(minutes=15)
REASON: Final = "Stripe could not be reached for a quarter of an hour, so this was given up."
GIVEN_UP_AT_ONCE = 500
OPERATION: Final = "payment_intent.create"


def give_up_unsent(*, real_now: datetime, now: datetime) -> int:
    """Give up the charges of saved cards that waited too long and that nobody sent; how many.

    One that was sent is left alone, for Stripe may have made it: only its answer tells.
    """
    calls = StripeCall.objects.filter(
        operation=OPERATION,
        state=CallState.PENDING,
        attempts=0,
        next_attempt_at__lte=real_now,
        created_at__lte=real_now - UNSENT_FOR,
    )
    subjects = list(calls.order_by("subject").values_list("subject", flat=True)[:GIVEN_UP_AT_ONCE])
    return sum(_give_up(UUID(subject.removeprefix("sale:")), now=now) for subject in subjects)


@transaction.atomic
def _give_up(sale_id: UUID, *, now: datetime) -> bool:
    sale = lock_sale(sale_id)
    if sale is None or sale.state != SaleState.OPEN:
        return False
    if not take_back(subject=sale.ledger_subject, operation=OPERATION, why="Stripe was away for too long"):
        return False
    sale.decline_code = NOT_SENT
    sale.save(update_fields=["decline_code"])
    expire(sale=sale, now=now, failure=REASON)
    log.warning("card_sale.given_up", sale_id=str(sale_id))
    return True
