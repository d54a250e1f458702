"""CSV, one line an entry; and JSON Lines, one a transaction after one for each account."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict

from ledger.currencies import exponent, major
from ledger.exports.reading import accounts, transactions

COLUMNS = (
    "transaction_id", "key", "kind", "subject", "actor", "effective_at", "posted_at", "account", "type",
    "amount_minor", "amount", "currency", "exponent", "memo", "description",
)  # fmt: skip


def csv_lines() -> Iterator[str]:
    """A header, then every entry."""
    yield _line(COLUMNS)
    for transaction in transactions():
        head = (
            transaction.id,
            transaction.key,
            transaction.kind,
            transaction.subject,
            transaction.actor,
            transaction.effective_at.isoformat(),
            transaction.posted_at.isoformat(),
        )
        for entry in transaction.entries:
            amount = (entry.amount_minor, major(entry.amount_minor, entry.currency), entry.currency)
            last = (exponent(entry.currency), entry.memo, transaction.description)
            yield _line((*head, entry.account, entry.type, *amount, *last))


def json_lines() -> Iterator[str]:
    """Every account with its exponent, then every transaction with its entries and metadata."""
    for account in accounts():
        yield _json(
            {"record": "account", "exponent": exponent(account.currency)}
            | asdict(account)
            | {"first_day": account.first_day.isoformat()}
        )
    for transaction in transactions():
        times = {
            "effective_at": transaction.effective_at.isoformat(),
            "posted_at": transaction.posted_at.isoformat(),
        }
        yield _json({"record": "transaction"} | asdict(transaction) | times)


def _line(values: tuple[object, ...]) -> str:
    buffer = io.StringIO()
    # A text that a spreadsheet would take for a formula is kept a text.
    safe = [f"'{value}" if isinstance(value, str) and value[:1] in "=+@\t\r" and value else value for value in values]
    csv.writer(buffer).writerow(safe)
    return buffer.getvalue()


def _json(record: dict[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n"
