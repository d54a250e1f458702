"""Statements: what an account opened with, what moved, what it closed with."""

from dataclasses import dataclass
from datetime import datetime

from ledger.queries.balances import balance_minor_before
from ledger.queries.rows import rows


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
    """An account over a time; `more` when the limit cut it, then the last line is where the next page goes on."""

    account: str
    currency: str
    since: datetime | None
    until: datetime | None
    opening_minor: int
    lines: tuple[StatementLine, ...]
    closing_minor: int
    more: bool = False


def statement(
    *,
    account: str,
    currency: str,
    since: datetime | None = None,
    until: datetime | None = None,
    after: StatementLine | None = None,
    limit: int | None = None,
) -> Statement:
    """The entries of an account that took effect from `since` up to before `until`, with opening and closing.

    In pages: `limit` lines at most, going on after the last line of the page before.
    """
    if after is not None:
        opening = after.balance_minor
    elif since is not None:
        opening = balance_minor_before(account=account, currency=currency, instant=since)
    else:
        opening = 0
    found = rows(
        """
        SELECT e.id, t.id, t.key, t.kind, t.subject, t.description, e.effective_at, e.amount_minor, e.memo
        FROM ledger_entry e
        JOIN ledger_transaction t ON t.id = e.transaction_id
        WHERE e.account_id = (
            SELECT a.id FROM ledger_account a WHERE a.code = %(account)s AND a.currency = %(currency)s
          )
          AND (e.effective_at, e.id) > (%(from)s, %(from_id)s) AND e.effective_at < %(until)s
        ORDER BY e.effective_at, e.id LIMIT %(limit)s
        """,
        {
            "account": account,
            "currency": currency,
            "from": after.effective_at if after else since or "-infinity",
            "from_id": after.entry_id if after else -1,
            "until": until or "infinity",
            "limit": None if limit is None else limit + 1,
        },
    )
    lines = []
    balance = opening
    for row in found[:limit]:
        balance += row[7]
        lines.append(StatementLine(**dict(zip(StatementLine.__slots__, (*row, balance), strict=True))))
    return Statement(
        account=account,
        currency=currency,
        since=since,
        until=until,
        opening_minor=opening,
        lines=tuple(lines),
        closing_minor=balance,
        more=len(found) > len(lines),
    )
