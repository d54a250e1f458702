"""A worker killed by SIGKILL between inbox and ledger, at two points: one posting in the end.

The worker is made to hang at the point by a row lock that the test holds; nothing in Obole helps.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from ledger.models import Transaction
from payouts.models import EventState, Payee, Sale, SaleState, StripeEvent
from tests.chaos.conftest import StartWorker
from tests.databases import Database
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.stripe_driver import Sandbox, ledger_of_stripe, post_event
from tests.processes import Program, wait_until

ROW_OF_THE_SALE = "SELECT 1 FROM payouts_sale WHERE id = %(sale)s FOR UPDATE"
ROW_OF_THE_BALANCE = """
SELECT 1 FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id
WHERE a.code = 'payable:' || %(payee)s || ':pending' FOR UPDATE OF b
"""
STUCK = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def held(url: str, statement: str, **parameters: str) -> Iterator[None]:
    """A row lock in another session, for as long as the block runs."""
    with psycopg.connect(url) as holder:
        assert holder.execute(statement, parameters).rowcount == 1
        yield
        holder.rollback()


def somebody_hangs(database: Database) -> bool:
    with psycopg.connect(database.url, autocommit=True) as watcher:
        row = watcher.execute(STUCK).fetchone()
    return row is not None and row[0] > 0


def end_sessions_that_hang(database: Database) -> None:
    """PostgreSQL notices that a client is gone only when it next writes to it: help it, so that the next one hangs."""
    with psycopg.connect(database.url, autocommit=True) as watcher:
        watcher.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


def state_of(sale: Sale) -> str:
    return str(Sale.objects.values_list("state", flat=True).get(id=sale.id))


def assert_posted_once(sale: Sale, sandbox: Sandbox, *, net_minor: int) -> None:
    assert Transaction.objects.filter(subject=sale.ledger_subject, kind="sale").count() == 1
    assert len(entries_of(sale.ledger_subject)) == 6
    assert ledger_of_stripe() == (0, net_minor)
    assert sandbox.balance() == {"USD": (0, net_minor)}


def let_in(sandbox: Sandbox) -> None:
    """Every event reaches the inbox; only a worker processes it."""
    for event in sandbox.events():
        assert post_event(event).status_code == 200


def kill_hanging(worker: Program, database: Database) -> None:
    worker.wait_until(lambda: somebody_hangs(database), what="hangs at the lock")
    worker.kill()


def test_killed_while_it_grants_access(
    shop: Shop, sandbox: Sandbox, committed_db: Database, start_worker: StartWorker
) -> None:
    ada = shop.payee("Ada")
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    with held(committed_db.url, ROW_OF_THE_SALE, sale=str(sale.id)):
        worker = start_worker()
        let_in(sandbox)
        kill_hanging(worker, committed_db)
        assert state_of(sale) == SaleState.OPEN
        assert not Transaction.objects.exists()
        about_it = StripeEvent.objects.filter(type__in=["charge.succeeded", "checkout.session.completed"])
        assert set(about_it.values_list("state", "attempts")) == {(EventState.RECEIVED, 0)}
    start_worker()
    wait_until(lambda: state_of(sale) == SaleState.POSTED, what="the sale is in the ledger")
    wait_until(lambda: not about_it.exclude(state=EventState.DONE).exists(), what="both events are done")
    assert_posted_once(sale, sandbox, net_minor=941)


@pytest.mark.parametrize("kills", [1, 3])
def test_killed_while_it_posts(
    shop: Shop, sandbox: Sandbox, committed_db: Database, start_worker: StartWorker, kills: int
) -> None:
    ada: Payee = shop.payee("Ada")
    shop.sell(ada)  # so that the account, whose balance row is locked below, is there
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    let_in(sandbox)
    with held(committed_db.owner_url, ROW_OF_THE_BALANCE, payee=str(ada.id)):
        for _ in range(kills):
            kill_hanging(start_worker(), committed_db)
            end_sessions_that_hang(committed_db)
        assert not Transaction.objects.filter(subject=sale.ledger_subject).exists()
    start_worker()
    wait_until(lambda: state_of(sale) == SaleState.POSTED, what="the sale is in the ledger")
    assert_posted_once(sale, sandbox, net_minor=2 * 941)
