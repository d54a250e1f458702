"""hledger's journal (https://hledger.org/hledger.html#journal)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC

from ledger.currencies import major
from ledger.exports.names import account_name
from ledger.exports.reading import ExportedTransaction, accounts, transactions


def hledger() -> Iterator[str]:
    """All history as an hledger journal: commodities and accounts declared, so that `hledger check --strict` passes.

    Ends with a transaction of nothing that asserts every balance.
    """
    opened = accounts()
    for currency in sorted({account.currency for account in opened}):
        decimals = major(0, currency)
        yield f"commodity 1{decimals[1:] or '.'} {currency}\n"
    for name in sorted({account_name(account.code, account.type) for account in opened}):
        yield f"account {name}\n"
    for tag in ("key", "subject", "actor", "posted"):
        yield f"tag {tag}\n"
    totals: dict[tuple[str, str], int] = defaultdict(int)
    last = None
    for transaction in transactions():
        day = transaction.effective_at.astimezone(UTC).date()
        last = day if last is None else max(last, day)
        for entry in transaction.entries:
            totals[account_name(entry.account, entry.type), entry.currency] += entry.amount_minor
        yield _transaction(transaction)
    if last is not None:
        yield f"\n{last} * balances\n"
        for (name, currency), total in sorted(totals.items()):
            yield f"    {name}  0 {currency} = {major(total, currency)} {currency}\n"


def _transaction(transaction: ExportedTransaction) -> str:
    day = transaction.effective_at.astimezone(UTC).date()
    title = " ".join([transaction.kind, *transaction.description.replace(";", ",").replace("|", "/").split()])
    lines = [
        f"\n{day} * {title}",
        f"    ; key: {_tag(transaction.key)}",
        f"    ; subject: {_tag(transaction.subject)}",
        f"    ; actor: {_tag(transaction.actor)}",
        f"    ; posted: {transaction.posted_at.isoformat()}",
    ]
    for entry in transaction.entries:
        amount = f"{major(entry.amount_minor, entry.currency)} {entry.currency}"
        lines.append(f"    {account_name(entry.account, entry.type)}  {amount}")
    return "\n".join(lines) + "\n"


def _tag(text: str) -> str:
    return " ".join(text.replace(",", " ").split())
