"""First in, first out: which credits of an account paid for one of its debits, so which sales funded a payout."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from ledger.queries.rows import rows

# Debits and credits by day: folded days from the daily totals, the tail from its entries.
DAYS = """
SELECT m.day, sum(m.debit_minor)::bigint, sum(m.credit_minor)::bigint FROM (
    SELECT d.day, d.debit_minor, d.credit_minor FROM ledger_daily_total d WHERE d.account_id = %(account)s
    UNION ALL
    SELECT (e.effective_at AT TIME ZONE 'UTC')::date, greatest(e.amount_minor, 0), -least(e.amount_minor, 0)
    FROM ledger_tail() t
    JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = %(account)s
) m GROUP BY m.day ORDER BY m.day
"""
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """A credit, and how much of it went into what is traced."""

    key: str
    kind: str
    subject: str
    effective_at: datetime
    amount_minor: int
    used_minor: int


def trace(*, key: str, account: str) -> list[Funding]:
    """The credits of `account` that paid for what the transaction `key` took from it, oldest first.

    Empty when it took nothing there. The cost grows with the account's days and with what is traced, not with history.
    """
    taken = rows(
        """
        SELECT e.account_id, e.effective_at, e.id, e.amount_minor
        FROM ledger_key k
        JOIN ledger_entry e ON e.transaction_id = k.transaction_id AND e.amount_minor > 0
        JOIN ledger_account a ON a.id = e.account_id
        WHERE k.key = %s AND a.code = %s ORDER BY e.id
        """,
        [key, account],
    )
    return [funding for debit in taken for funding in _funding(*debit)]


def _funding(account_id: int, effective_at: datetime, entry_id: int, amount_minor: int) -> Iterator[Funding]:
    start = _debited_before(account_id, effective_at, entry_id)
    end = start + amount_minor
    day, reached = _day_that_reaches(account_id, start)
    for entry_key, kind, subject, at, credit in _credits_since(account_id, day):
        used = min(reached + credit, end) - max(reached, start)
        reached += credit
        if used > 0:
            yield Funding(
                key=entry_key, kind=kind, subject=subject, effective_at=at, amount_minor=credit, used_minor=used
            )
        if reached >= end:
            return


def _debited_before(account_id: int, effective_at: datetime, entry_id: int) -> int:
    day = effective_at.astimezone(UTC).date()
    whole_days = sum(debit for at, debit, _ in rows(DAYS, {"account": account_id}) if at < day)
    same_day = rows(
        """
        SELECT coalesce(sum(e.amount_minor), 0)::bigint FROM ledger_entry e
        WHERE e.account_id = %s AND e.effective_at >= %s AND (e.effective_at, e.id) < (%s, %s) AND e.amount_minor > 0
        """,
        [account_id, datetime.combine(day, time(), tzinfo=UTC), effective_at, entry_id],
    )
    return int(whole_days + same_day[0][0])


def _day_that_reaches(account_id: int, target_minor: int) -> tuple[date, int]:
    reached = 0
    for day, _, credit in rows(DAYS, {"account": account_id}):
        if reached + credit > target_minor:
            return day, reached
        reached += credit
    return date.max, reached


def _credits_since(account_id: int, day: date) -> Iterator[tuple[str, str, str, datetime, int]]:
    since, after_id = datetime.combine(day, time(), tzinfo=UTC), -1
    while True:
        page = rows(
            """
            SELECT e.id, t.key, t.kind, t.subject, e.effective_at, -e.amount_minor
            FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
            WHERE e.account_id = %s AND (e.effective_at, e.id) > (%s, %s) AND e.amount_minor < 0
            ORDER BY e.effective_at, e.id LIMIT %s
            """,
            [account_id, since, after_id, PAGE],
        )
        for _, key, kind, subject, at, credit in page:
            yield key, kind, subject, at, credit
        if len(page) < PAGE:
            return
        since, after_id = page[-1][4], page[-1][0]
