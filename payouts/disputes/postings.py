"""What the ledger is told about a dispute (E6). Pure: everything comes from stored rows. All is about its sale."""

from collections.abc import Sequence
from datetime import datetime

from ledger import accounts
from ledger.postings import Leg, Posting
from payouts.errors import ContradictionError
from payouts.models import BalanceTransaction, Dispute
from payouts.sales.postings import stripe_side


def movement_posting(*, dispute: Dispute, movement: BalanceTransaction) -> Posting:
    """What the networks took, with the dispute's fee, or brought back; on the side that the movement says.

    Raises:
        ContradictionError: in another currency than the movements before, or than the sale was settled in.
    """
    currency = movement.currency
    expected = dispute.settlement_currency or dispute.sale.settlement_currency or currency
    if currency != expected:
        raise ContradictionError(f"a dispute settled in {currency}, its sale in {expected}", object_id=movement.id)
    taken = movement.amount_minor < 0
    return posting(
        dispute,
        key=f"dispute:{movement.id}",
        kind="dispute.opened" if taken else "dispute.returned",
        legs=[
            *leg(accounts.STRIPE_DISPUTED, -movement.amount_minor, currency),
            *leg(accounts.EXPENSE_DISPUTE_FEE, movement.fee_minor, currency),
            *leg(stripe_side(movement), movement.net_minor, currency),
        ],
        at=movement.created_at,
        words="Disputed" if taken else "Dispute returned",
        balance_transaction=movement.id,
    )


def posting(
    dispute: Dispute, *, key: str, kind: str, legs: Sequence[Leg], at: datetime, words: str, **metadata: str
) -> Posting:
    """A posting about a dispute."""
    return Posting(
        key=key,
        kind=kind,
        legs=tuple(legs),
        effective_at=at,
        subject=dispute.ledger_subject,
        description=f"{words}: {dispute.sale.title}",
        metadata={"dispute": dispute.id, "charge": dispute.charge_id} | metadata,
    )


def leg(account: str, amount_minor: int, currency: str) -> list[Leg]:
    """A debit of what is above zero, a credit of what is below; nothing is no leg."""
    return [Leg(account=account, amount_minor=amount_minor, currency=currency)] if amount_minor else []
