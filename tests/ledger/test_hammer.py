"""Many connections post to the same accounts while sessions are killed: nothing is lost, doubled or overdrawn."""

import json
import os
import random
import threading
import time
from collections import Counter, defaultdict
from datetime import timedelta
from graphlib import TopologicalSorter
from typing import Any

import psycopg
import pytest

from ledger import accounts
from ledger.fees import policy
from ledger.operations import post_many
from ledger.postings import Leg, Posting
from ledger.proof import verify
from ledger.queries.rows import rows
from tests.databases import Database
from tests.ledger.cast import ADA, AVAILABLE, GRACE, LINUS, NOON, S, fold_all, move, p, sale
from tests.ledger.model import Model

WORKERS = 16
PLACES = [
    p(ADA), p(ADA, "available"), p(GRACE), p(GRACE, "available"), p(ADA, "in_transit"), accounts.wallet(LINUS),
    accounts.wallet(GRACE), S, AVAILABLE,
]  # fmt: skip
REFUSALS = {"LG003", "LG004"}


class Worker(threading.Thread):
    """One connection that posts at random and, when it is killed, tries again what it did not hear about."""

    def __init__(self, database: Database, *, seed: int, until: float, keys: int) -> None:
        super().__init__()
        self.random = random.Random(seed)  # noqa: S311 (chance, not secrecy)
        self.database, self.until, self.keys = database, until, keys
        self.outcomes: Counter[str] = Counter()
        self.acknowledged: set[str] = set()

    def run(self) -> None:
        while time.monotonic() < self.until:
            batch = [self.posting() for _ in range(self.random.choice([1, 1, 1, 3]))]
            while not self.attempt(batch):
                self.outcomes["tried again"] += 1

    def posting(self) -> Posting:
        """A posting that depends on its key alone, so that whoever posts a key posts the same."""
        number = self.random.randrange(self.keys)
        dice = random.Random(number)  # noqa: S311
        source, target = dice.sample(PLACES, 2)
        kind = dice.choice(["sale", "sale", "release", "refund"])
        return move(f"key:{number}", source, target, dice.randrange(1, 200), kind=kind, effective_at=NOON)

    def attempt(self, batch: list[Posting]) -> bool:
        """Post a batch; False when the connection was lost, and nobody knows whether it was posted."""
        try:
            with psycopg.connect(self.database.url, autocommit=True) as connection:
                self.post(connection, batch)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if error.sqlstate in {"40P01", "40001"}:
                self.outcomes["deadlock"] += 1
            return False
        return True

    def post(self, connection: psycopg.Connection[Any], batch: list[Posting]) -> None:
        """Post all or nothing in one call; refusals are part of the game."""
        try:
            connection.execute("SELECT ledger_post(%s::jsonb)", [json.dumps([each.request() for each in batch])])
        except psycopg.DatabaseError as error:
            if error.sqlstate not in REFUSALS:
                raise
            self.outcomes[error.sqlstate or ""] += 1
        else:
            self.outcomes["posted"] += 1
            self.acknowledged.update(each.key for each in batch)


def hammer(database: Database, *, seconds: float, keys: int, seed: int) -> Counter[str]:
    """Run the workers, a folder and a killer for a time; what came of it all."""
    post_many(postings=[move(f"open:{nth}", AVAILABLE, place, 1) for nth, place in enumerate(PLACES[:-1])])
    until = time.monotonic() + seconds
    workers = [Worker(database, seed=seed * 100 + nth, until=until, keys=keys) for nth in range(WORKERS)]
    for worker in workers:
        worker.start()
    dice = random.Random(seed)  # noqa: S311
    kills = 0
    with psycopg.connect(database.url, autocommit=True) as killer:
        while time.monotonic() < until:
            threading.Event().wait(0.05)
            killer.execute("SELECT ledger_fold()")
            pids = killer.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND usename = current_user AND state = 'active'"
            ).fetchall()
            if pids:
                killer.execute("SELECT pg_terminate_backend(%s)", [dice.choice(pids)[0]])
                kills += 1
    for worker in workers:
        worker.join()
    outcomes: Counter[str] = sum((worker.outcomes for worker in workers), Counter({"killed": kills}))
    posted = {key for (key,) in rows("SELECT key FROM ledger_transaction", [])}
    for worker in workers:
        assert worker.acknowledged <= posted, f"seed {seed}: acknowledged postings were lost"
    return outcomes


def check_against_a_sequential_replay() -> None:
    """Some order of the postings, one after the other, gives the same running balances and refuses none of them."""
    names: dict[int, tuple[str, str]] = {}
    legs: dict[int, list[Leg]] = defaultdict(list)
    running: dict[int, dict[str, int]] = defaultdict(dict)
    before: dict[int, set[int]] = defaultdict(set)
    last: dict[str, int] = {}
    for number, key, kind, code, amount, balance in rows(
        """
        SELECT t.id, t.key, t.kind, a.code, e.amount_minor, e.balance_minor
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.transaction_id = t.id
        JOIN ledger_account a ON a.id = e.account_id
        ORDER BY e.version
        """,
        [],
    ):
        names[number] = (key, kind)
        legs[number].append(Leg(account=code, amount_minor=amount, currency="USD"))
        if balance is not None:  # versions say who was first on an account; hot accounts have none
            running[number][code] = balance
            before[number] |= {last.get(code, number)} - {number}
            last[code] = number
    model = Model()
    for number in TopologicalSorter({each: before[each] for each in names}).static_order():  # a cycle raises
        key, kind = names[number]
        one = Posting(key=key, kind=kind, subject=key, effective_at=NOON, legs=tuple(legs[number]))
        assert model.post(one) == "posted", f"{key} would have been refused"
        assert {code: model.balances[code] for code in running[number]} == running[number], key


@pytest.mark.committed_db
def test_sixteen_connections_and_random_kills(committed_db: Database) -> None:
    outcomes = hammer(committed_db, seconds=4, keys=400, seed=int(os.environ.get("SEED", "1")))
    assert outcomes["deadlock"] == 0
    assert outcomes["posted"] > 0
    assert outcomes["killed"] > 0
    check_against_a_sequential_replay()
    fold_all()
    assert verify().findings == ()


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.committed_db
@pytest.mark.parametrize("seed", range(5))
def test_sixteen_connections_and_random_kills_for_minutes(seed: int, committed_db: Database) -> None:
    seconds = float(os.environ.get("SOAK_S", "60"))
    outcomes = hammer(committed_db, seconds=seconds, keys=50_000, seed=seed)
    assert outcomes["deadlock"] == 0
    check_against_a_sequential_replay()
    fold_all()
    assert verify().findings == ()


@pytest.mark.committed_db
def test_tiered_sales_at_the_same_moment_total_the_same(committed_db: Database) -> None:
    """E3: whatever the order in which forty sales cross the tier, their cuts add up to F of all of them."""
    spaces = policy("ticketed-spaces", 1)
    cuts: list[int] = []

    def sell(first: int) -> None:
        with psycopg.connect(committed_db.url) as connection:
            for number in range(first, 40, 8):
                basis = {"key": f"sale:{number}", "payee": str(ADA), "policy": spaces.slug, "currency": "USD"}
                price = 250_000 + number
                row = connection.execute(
                    "SELECT ledger_take_fee_basis(%s::jsonb)", [json.dumps(basis | {"price_minor": price})]
                ).fetchone()
                assert row is not None
                one = sale(f"sale:{number}", effective_at=NOON + number * timedelta(hours=1))
                connection.execute("SELECT ledger_post(%s::jsonb)", [json.dumps(one.request())])
                connection.commit()
                cuts.append(spaces.platform_fee_minor(price, row[0]["lifetime_minor"]))

    sellers = [threading.Thread(target=sell, args=[first]) for first in range(8)]
    for seller in sellers:
        seller.start()
    for seller in sellers:
        seller.join()
    assert len(cuts) == 40
    assert sum(cuts) == spaces.cumulative_fee_minor(40 * 250_000 + sum(range(40)))
    fold_all()
    assert verify().findings == ()
