"""Running SQL for the queries, and the two statements that all balances come from."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from django.db import connection

# The balance of a hot account is what is folded plus the tail, the transactions that no fold has taken yet. Both are
# read in one statement, hence in one snapshot: exact at any moment.
NOW = """
WITH tail AS (
    SELECT e.account_id, sum(e.amount_minor) AS amount_minor
    FROM ledger_tail() t
    JOIN ledger_entry e ON e.transaction_id = t.id
    JOIN ledger_account h ON h.id = e.account_id AND h.hot
    GROUP BY e.account_id
)
SELECT a.code, a.currency, a.type, (b.balance_minor + coalesce(tail.amount_minor, 0))::bigint
FROM ledger_account a
JOIN ledger_balance b ON b.account_id = a.id
LEFT JOIN tail ON tail.account_id = a.id
"""

# By effective date: whole days from the daily totals, whole hours of the last day from the hourly totals (which hot
# accounts alone have), what comes after from its entries, and what no fold has taken yet of earlier times from the
# tail. {asked} narrows the accounts.
BEFORE = """
WITH asked AS MATERIALIZED (
    SELECT a.id, a.code, a.currency, a.type, CASE WHEN a.hot THEN %(hour)s ELSE %(midnight)s END AS since
    FROM ledger_account a {asked}
),
moved AS (
    SELECT d.account_id, d.debit_minor - d.credit_minor AS amount_minor
    FROM asked JOIN ledger_daily_total d ON d.account_id = asked.id AND d.day < %(day)s
    UNION ALL
    SELECT h.account_id, h.debit_minor - h.credit_minor
    FROM asked JOIN ledger_hourly_total h ON h.account_id = asked.id AND h.hour >= %(midnight)s AND h.hour < %(hour)s
    UNION ALL
    SELECT e.account_id, e.amount_minor
    FROM asked JOIN ledger_entry e ON e.account_id = asked.id
        AND e.effective_at >= asked.since AND e.effective_at < %(instant)s
    UNION ALL
    SELECT e.account_id, e.amount_minor
    FROM ledger_tail() t
    JOIN ledger_entry e ON e.transaction_id = t.id
    JOIN asked ON asked.id = e.account_id AND t.effective_at < asked.since
)
SELECT a.code, a.currency, a.type, coalesce(sum(m.amount_minor), 0)::bigint
FROM asked a LEFT JOIN moved m ON m.account_id = a.id
GROUP BY a.code, a.currency, a.type
"""


def rows(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def before(instant: datetime, *, asked: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """(code, currency, type, balance) of the accounts that `asked` selects, of what took effect before an instant."""
    instant = instant.astimezone(UTC)
    midnight = datetime.combine(instant.date(), time(), tzinfo=UTC)
    hour = instant.replace(minute=0, second=0, microsecond=0)
    return rows(
        BEFORE.format(asked=asked),
        parameters | {"day": instant.date(), "midnight": midnight, "hour": hour, "instant": instant},
    )
