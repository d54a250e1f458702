"""What movements of Stripe's balance do to sales: a charge posts its sale."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from payouts.balance_transactions.registry import takes, takes_many
from payouts.gateway import reading
from payouts.models import BalanceTransaction, Sale
from payouts.sales import many, payments
from payouts.sales.posting import post_sale, split_sale


@takes("charge", "payment")
def take_charge(*, movement: BalanceTransaction, now: datetime) -> bool:
    """The charge inside tells its sale even when both of its events were lost."""
    charge = reading.charge_from_raw(movement.raw)
    with transaction.atomic():
        sale = payments.take_charge(charge=charge, now=now) if charge else None
        sale = sale or _known_sale(movement)
    if sale is None:
        return False
    split_sale(sale_id=sale.id, balance_transaction_id=movement.id, now=now)
    post_sale(sale_id=sale.id, now=now)
    return True


@takes_many("charge", "payment")
def take_charges(*, movements: Sequence[BalanceTransaction], now: datetime) -> set[str]:
    """The plain ones of a page together."""
    return many.split_and_post(movements, now=now)


def _known_sale(movement: BalanceTransaction) -> Sale | None:
    return Sale.objects.filter(charge_id=movement.source_id).first() if movement.source_id else None
