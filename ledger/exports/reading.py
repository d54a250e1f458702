"""Reading all history in order, a batch at a time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ledger.queries.rows import rows

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAccount:
    """An account and the first day something took effect on it."""

    code: str
    currency: str
    type: str
    first_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedEntry:
    """One leg."""

    account: str
    type: str
    amount_minor: int
    currency: str
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTransaction:
    """One transaction with its legs."""

    id: int
    key: str
    kind: str
    subject: str
    actor: str
    description: str
    effective_at: datetime
    posted_at: datetime
    metadata: dict[str, Any]
    entries: tuple[ExportedEntry, ...]


def accounts() -> list[ExportedAccount]:
    """All accounts that were used, in the order of their codes. The first day is one index probe for each."""
    found = rows(
        """
        SELECT a.code, a.currency, a.type, (e.effective_at AT TIME ZONE 'UTC')::date
        FROM ledger_account a
        JOIN LATERAL (
            SELECT effective_at FROM ledger_entry WHERE account_id = a.id ORDER BY effective_at, id LIMIT 1
        ) e ON true
        ORDER BY a.code COLLATE "C", a.currency
        """,
        [],
    )
    return [ExportedAccount(**dict(zip(ExportedAccount.__slots__, row, strict=True))) for row in found]


def transactions() -> Iterator[ExportedTransaction]:
    """All transactions in the order of their numbers, in batches, so that memory stays small."""
    last = 0
    while True:
        found = rows(
            """
            SELECT t.id, t.key, t.kind, t.subject, t.actor, t.description, t.effective_at, t.posted_at,
                   t.metadata::text, (
                SELECT jsonb_agg(
                    jsonb_build_array(a.code, a.type, e.amount_minor, e.currency, e.memo) ORDER BY e.position)
                FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE e.transaction_id = t.id
            )::text
            FROM ledger_transaction t WHERE t.id > %s ORDER BY t.id LIMIT %s
            """,
            [last, BATCH],
        )
        for *head, metadata, entries in found:
            yield ExportedTransaction(
                **dict(zip(ExportedTransaction.__slots__[:8], head, strict=True)),
                metadata=json.loads(metadata),
                entries=tuple(
                    ExportedEntry(**dict(zip(ExportedEntry.__slots__, entry, strict=True)))
                    for entry in json.loads(entries)
                ),
            )
        if len(found) < BATCH:
            return
        last = found[-1][0]
