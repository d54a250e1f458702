"""What the ledger is told when money leaves suspense for a sale. Pure."""

from collections.abc import Sequence
from datetime import datetime

from ledger import accounts
from ledger.postings import Leg, Posting
from payouts.models import Sale, SaleShare
from payouts.sales.legs import legs_of


def matched(*, sale: Sale, shares: Sequence[SaleShare], at: datetime, actor: str) -> Posting:
    """All of a payment in suspense goes to the legs of the sale that it pays for; the fee was booked when it came."""
    legs = [Leg(account=accounts.SUSPENSE, amount_minor=sale.gross_minor or 0, currency=sale.settlement_currency)]
    legs += [
        Leg(account=leg.account, amount_minor=-leg.amount_minor, currency=sale.settlement_currency)
        for leg in legs_of(sale=sale, shares=shares)
        if leg.amount_minor
    ]
    return Posting(
        key=f"matched:{sale.charge_id}",
        kind="sale.matched",
        legs=tuple(legs),
        effective_at=at,
        subject=sale.ledger_subject,
        actor=actor,
        description=sale.title,
        metadata={"charge": sale.charge_id, "balance_transaction": sale.balance_transaction_id},
    )
