"""The cast of the ledger tests, and the postings of the worked examples."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from ledger import accounts
from ledger.errors import LedgerError
from ledger.operations import fold, seal
from ledger.postings import Leg, Posting, credit, debit
from ledger.proof import verify
from ledger.queries import balances, trial_balance

ADA = UUID("0ada0000-0000-4000-8000-000000000001")
GRACE = UUID("06ace000-0000-4000-8000-000000000002")
LINUS = UUID("011105e0-0000-4000-8000-000000000003")
CHARITY = UUID("c0a21700-0000-4000-8000-000000000004")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
S = accounts.STRIPE_PENDING
AVAILABLE = accounts.STRIPE_AVAILABLE
TICKET_FEE = accounts.platform_fee("ticket")


def p(payee: UUID, stage: accounts.Stage = "pending") -> str:
    """A payee's payable."""
    return accounts.payable(payee, stage)


def posting(key: str, *legs: Leg, kind: str = "sale", effective_at: datetime = NOON, **fields: Any) -> Posting:
    """A posting about its own key."""
    fields.setdefault("subject", key)
    return Posting(key=key, kind=kind, legs=legs, effective_at=effective_at, **fields)


def move(key: str, source: str, target: str, amount_minor: int, currency: str = "USD", **fields: Any) -> Posting:
    """Dr source, Cr target."""
    return posting(key, debit(source, amount_minor, currency), credit(target, amount_minor, currency), **fields)


def sale(key: str = "sale:1", *, payee: UUID = ADA, **fields: Any) -> Posting:
    """E1: a ticket of 10.00, processing fee 59, platform 3%, the creator bears processing."""
    return posting(
        key,
        debit(S, 1000, "USD"),
        credit(p(payee), 911, "USD"),
        credit(TICKET_FEE, 30, "USD"),
        credit(accounts.PROCESSING_RECOVERED, 59, "USD"),
        debit(accounts.EXPENSE_PROCESSING, 59, "USD"),
        credit(S, 59, "USD"),
        **fields,
    )


def owed(*payables: str, currency: str = "USD") -> list[int]:
    """What is owed on these accounts: credits are positive here."""
    found = balances(accounts=payables)
    return [-found.get((code, currency), 0) for code in payables]


def books() -> dict[str, int]:
    """All balances that are not zero, debit positive, by account (and currency unless USD)."""
    return {
        line.account if line.currency == "USD" else f"{line.account} {line.currency}": line.balance_minor
        for line in trial_balance()
        if line.balance_minor
    }


@contextmanager
def refuses(error: type[LedgerError]) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The block raises this error; a savepoint keeps the test's transaction usable."""
    with pytest.raises(error) as caught, transaction.atomic():
        yield caught


def wait_until(true: Callable[[], bool], *, within_s: float = 120.0) -> None:
    """Wait for what other sessions of the server decide; fail when it does not come."""
    give_up_at = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        threading.Event().wait(0.01)


def fold_all() -> int:
    """Fold until there is no tail: open transactions of other databases hold a fold back too. Returns the entries."""
    entries = 0

    def no_tail() -> bool:
        nonlocal entries
        entries += fold()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT NOT EXISTS (SELECT FROM ledger_transaction t, ledger_book b"
                " WHERE (t.epoch, t.xact) >= (b.folded_epoch, b.folded_xact))"
            )
            return bool(cursor.fetchone()[0])

    wait_until(no_tail)
    return entries


def seal_all() -> None:
    """Seal until every row is sealed."""
    wait_until(lambda: seal().seal_id is None and verify().unsealed == 0)


def sqlstate(connection: psycopg.Connection[Any], statement: str, *parameters: Any) -> str:
    """The SQLSTATE that a statement is refused with, rolled back; "00000" when it passes."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement, parameters)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return error.sqlstate or "unknown"
    return "00000"
