"""Reading the ledger. Amounts are minor units, debit positive: what is owed to a payee is a negative balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

# The balance of a hot account is what is folded plus the tail, the transactions that no fold has taken yet. Both are
# read in one statement, hence in one snapshot: exact at any moment.
BALANCES = """
WITH tail AS (
    SELECT e.account_id, sum(e.amount_minor) AS amount_minor
    FROM ledger_book b
    JOIN ledger_transaction t ON (t.epoch, t.xact) >= (b.folded_epoch, b.folded_xact)
    JOIN ledger_entry e ON e.transaction_id = t.id
    JOIN ledger_account h ON h.id = e.account_id AND h.hot
    GROUP BY e.account_id
)
SELECT a.code, a.currency, a.type, (b.balance_minor + coalesce(tail.amount_minor, 0))::bigint
FROM ledger_account a
JOIN ledger_balance b ON b.account_id = a.id
LEFT JOIN tail ON tail.account_id = a.id
"""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBalanceLine:
    """One account's balance, debit positive."""

    account: str
    currency: str
    type: str
    balance_minor: int


def balance_minor(*, account: str, currency: str) -> int:
    """The balance of one account at this moment; 0 for one that was never used."""
    rows = _rows(f"{BALANCES} WHERE a.code = %s AND a.currency = %s", [account, currency])
    return int(rows[0][3]) if rows else 0


def balances(*, accounts: Sequence[str]) -> dict[tuple[str, str], int]:
    """The balances of these accounts in every currency they were used in, by (account, currency)."""
    rows = _rows(f"{BALANCES} WHERE a.code = ANY(%s)", [list(accounts)])
    return {(code, currency): int(amount) for code, currency, _, amount in rows}


def transactions_of(*, subject: str) -> list[TransactionLine]:
    """All entries about one business object ("sale:<uuid>"), in the order in which they were posted."""
    rows = _rows(
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
    return [TransactionLine(**dict(zip(TransactionLine.__slots__, row, strict=True))) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry of an account, with the account's balance after it, in the order of effective dates."""

    entry_id: int
    transaction_id: int
    key: str
    kind: str
    subject: str
    description: str
    effective_at: datetime
    amount_minor: int
    memo: str
    balance_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An account over a time: what it opened with, what moved, what it closed with."""

    account: str
    currency: str
    since: datetime | None
    until: datetime | None
    opening_minor: int
    lines: tuple[StatementLine, ...]
    closing_minor: int


def statement(
    *, account: str, currency: str, since: datetime | None = None, until: datetime | None = None
) -> Statement:
    """The entries of an account that took effect from `since` up to before `until`, with opening and closing."""
    opening = 0 if since is None else balance_minor_before(account=account, currency=currency, instant=since)
    rows = _rows(
        """
        SELECT e.id, t.id, t.key, t.kind, t.subject, t.description, e.effective_at, e.amount_minor, e.memo,
               (%s + sum(e.amount_minor) OVER (ORDER BY e.effective_at, e.id))::bigint
        FROM ledger_account a
        JOIN ledger_entry e ON e.account_id = a.id
        JOIN ledger_transaction t ON t.id = e.transaction_id
        WHERE a.code = %s AND a.currency = %s AND e.effective_at >= coalesce(%s, '-infinity'::timestamptz)
          AND e.effective_at < coalesce(%s, 'infinity'::timestamptz)
        ORDER BY e.effective_at, e.id
        """,
        [opening, account, currency, since, until],
    )
    lines = tuple(StatementLine(**dict(zip(StatementLine.__slots__, row, strict=True))) for row in rows)
    return Statement(
        account=account,
        currency=currency,
        since=since,
        until=until,
        opening_minor=opening,
        lines=lines,
        closing_minor=lines[-1].balance_minor if lines else opening,
    )


def balance_minor_before(*, account: str, currency: str, instant: datetime) -> int:
    """The balance of one account from everything that took effect before an instant."""
    rows = _rows(
        """
        SELECT coalesce(sum(e.amount_minor), 0)::bigint
        FROM ledger_account a
        JOIN ledger_entry e ON e.account_id = a.id AND e.effective_at < %s
        WHERE a.code = %s AND a.currency = %s
        """,
        [instant, account, currency],
    )
    return int(rows[0][0])


def trial_balance(*, as_of: datetime | None = None) -> list[TrialBalanceLine]:
    """Every account's balance, now or from everything that took effect before `as_of`; each currency sums to zero."""
    if as_of is None:
        rows = _rows(f"{BALANCES} ORDER BY a.currency, a.code", [])
    else:
        rows = _rows(
            """
            SELECT a.code, a.currency, a.type, sum(e.amount_minor)::bigint
            FROM ledger_account a
            JOIN ledger_entry e ON e.account_id = a.id AND e.effective_at < %s
            GROUP BY a.code, a.currency, a.type ORDER BY a.currency, a.code
            """,
            [as_of],
        )
    return [
        TrialBalanceLine(account=code, currency=currency, type=kind, balance_minor=int(amount))
        for code, currency, kind, amount in rows
    ]


def _rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
