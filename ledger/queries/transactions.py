"""Transactions by the business object they are about."""

from dataclasses import dataclass
from datetime import datetime

from ledger.queries.rows import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLine:
    """One entry with the transaction around it."""

    transaction_id: int
    key: str
    kind: str
    subject: str
    actor: str
    description: str
    effective_at: datetime
    posted_at: datetime
    position: int
    account: str
    amount_minor: int
    currency: str
    memo: str


def transactions_of(*, subject: str) -> list[TransactionLine]:
    """All entries about one business object ("sale:<uuid>"), in the order in which they were posted."""
    found = rows(
        """
        SELECT t.id, t.key, t.kind, t.subject, t.actor, t.description, t.effective_at, t.posted_at,
               e.position, a.code, e.amount_minor, e.currency, e.memo
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.transaction_id = t.id
        JOIN ledger_account a ON a.id = e.account_id
        WHERE t.subject = %s
        ORDER BY t.posted_at, t.id, e.position
        """,
        [subject],
    )
    return [TransactionLine(**dict(zip(TransactionLine.__slots__, row, strict=True))) for row in found]
