"""The ledger's transactions about one thing, with accounts in words and debits and credits apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from ledger.queries import TransactionLine, transactions_of
from rooms.studio.words import account_words, transaction_title


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One entry: the account in words and by its code, and the amount on its side."""

    words: str
    account: str
    currency: str
    debit_minor: int | None
    credit_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTransaction:
    """One balanced transaction with its entries."""

    transaction_id: int
    title: str
    key: str
    effective_at: datetime
    entries: tuple[EntryLine, ...]


def about(*, subject: str, names: Mapping[str, str]) -> tuple[LedgerTransaction, ...]:
    """Everything that was posted about a subject, in order; `names` are payees' names by UUID. One query."""
    return grouped(transactions_of(subject=subject), names=names)


def grouped(lines: Iterable[TransactionLine], *, names: Mapping[str, str]) -> tuple[LedgerTransaction, ...]:
    """The same of entries that were read already."""
    by_transaction = groupby(lines, key=lambda line: line.transaction_id)
    return tuple(_transaction(list(found), names) for _, found in by_transaction)


def _transaction(lines: list[TransactionLine], names: Mapping[str, str]) -> LedgerTransaction:
    first = lines[0]
    return LedgerTransaction(
        transaction_id=first.transaction_id,
        title=transaction_title(first.kind, first.description),
        key=first.key,
        effective_at=first.effective_at,
        entries=tuple(_entry(line, names) for line in lines),
    )


def _entry(line: TransactionLine, names: Mapping[str, str]) -> EntryLine:
    return EntryLine(
        words=account_words(line.account, names),
        account=line.account,
        currency=line.currency,
        debit_minor=line.amount_minor if line.amount_minor > 0 else None,
        credit_minor=-line.amount_minor if line.amount_minor < 0 else None,
    )
