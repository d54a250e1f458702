"""Fees that the processor gives back by themselves, apart from any refund."""

import re
from datetime import datetime

from django.db import transaction

from ledger import accounts
from ledger.operations import post
from ledger.postings import Leg, Posting
from payouts.locks import lock_balance_transaction, lock_sale
from payouts.models import IN_LEDGER, TOO_LATE, BalanceTransaction, MirrorState, Sale
from payouts.sales import reversals
from payouts.sales.postings import stripe_side

CHARGE_ID = re.compile(r"\b(?:ch|py)_\w+")


def sale_of_fee(movement: BalanceTransaction) -> Sale | None:
    """The sale whose charge's fee a movement gives back: its source, or the only charge that its description names."""
    if movement.net_minor <= 0 or movement.reporting_category != "fee":
        return None
    named = {movement.source_id} | set(CHARGE_ID.findall(str(movement.raw.get("description") or "")))
    found = list(Sale.objects.filter(charge_id__in=named - {""})[:2])
    return found[0] if len(found) == 1 else None


@transaction.atomic
def post_fee_returned(*, balance_transaction_id: str, sale: Sale, now: datetime) -> bool:
    """Book a fee that came back, and what of it had been counted as lost. False while the sale is not posted."""
    locked = lock_sale(sale.id)
    movement = lock_balance_transaction(balance_transaction_id)
    if locked is None or movement is None or movement.state == MirrorState.POSTED:
        return True
    if locked.state not in IN_LEDGER:
        return False
    shares = list(locked.shares.all())
    restored = [] if locked.state in TOO_LATE else reversals.fee_came_back(
        sale=locked, shares=shares, amount_minor=movement.net_minor
    )  # fmt: skip
    posting = Posting(
        key=f"fee_returned:{movement.id}",
        kind="refund.fee_returned",
        legs=(
            Leg(account=stripe_side(movement), amount_minor=movement.net_minor, currency=movement.currency),
            Leg(account=accounts.EXPENSE_PROCESSING, amount_minor=-movement.net_minor, currency=movement.currency),
            *restored,
        ),
        effective_at=movement.created_at,
        subject=locked.ledger_subject,
        description=f"Fee given back: {locked.title}",
        metadata={"charge": locked.charge_id, "balance_transaction": movement.id},
    )
    post(posting=posting)
    movement.state = MirrorState.POSTED
    movement.posting_key = posting.key
    movement.note = ""
    movement.save(update_fields=["state", "posting_key", "note"])
    return True
