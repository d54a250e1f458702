"""Beancount (https://beancount.github.io/docs/beancount_language_syntax.html)."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, timedelta

from ledger.currencies import exponent, major
from ledger.exports.names import account_name
from ledger.exports.reading import ExportedTransaction, accounts, transactions


def beancount() -> Iterator[str]:
    """All history as Beancount lines: currencies with their precision, accounts opened, and balances asserted."""
    opened = accounts()
    yield 'option "title" "Obole"\n'
    currencies: dict[str, date] = {}
    names: dict[str, tuple[date, set[str]]] = {}
    for account in opened:
        first = min(currencies.get(account.currency, account.first_day), account.first_day)
        currencies[account.currency] = first
        name = account_name(account.code, account.type)
        day, used = names.get(name, (account.first_day, set()))
        names[name] = (min(day, account.first_day), used | {account.currency})
    for currency, day in sorted(currencies.items()):
        yield f"{day} commodity {currency}\n  precision: {exponent(currency)}\n"
    for name, (day, used) in sorted(names.items()):
        yield f"{day} open {name} {','.join(sorted(used))}\n"
    totals: dict[tuple[str, str], int] = defaultdict(int)
    last = date.min
    for transaction in transactions():
        last = max(last, transaction.effective_at.astimezone(UTC).date())
        for entry in transaction.entries:
            totals[account_name(entry.account, entry.type), entry.currency] += entry.amount_minor
        yield _transaction(transaction)
    for (name, currency), total in sorted(totals.items()):
        yield f"{last + timedelta(days=1)} balance {name} {major(total, currency)} {currency}\n"


def _transaction(transaction: ExportedTransaction) -> str:
    day = transaction.effective_at.astimezone(UTC).date()
    lines = [f"{day} * {_quoted(transaction.kind)} {_quoted(transaction.description)}"]
    facts = {
        "key": transaction.key,
        "subject": transaction.subject,
        "actor": transaction.actor,
        "effective-at": transaction.effective_at.isoformat(),
        "posted-at": transaction.posted_at.isoformat(),
    }
    if transaction.metadata:
        facts["metadata"] = json.dumps(transaction.metadata, sort_keys=True, ensure_ascii=False)
    lines += [f"  {name}: {_quoted(value)}" for name, value in facts.items()]
    for entry in transaction.entries:
        amount = f"{major(entry.amount_minor, entry.currency)} {entry.currency}"
        lines.append(f"  {account_name(entry.account, entry.type)}  {amount}")
        if entry.memo:
            lines.append(f"    memo: {_quoted(entry.memo)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
