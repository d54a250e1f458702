"""Reads at 10,000, 1,000,000 and (ENTRIES=10000000) more entries: balance, statement page, as-of balance, explain.

`python -m tests.bench.ledger_scale`. Entries are loaded by bulk posting through ledger_post, spread over a year of
effective dates, then folded and analysed. The aim is flat: within 1.5 times of the smallest size.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from tests.bench.harness import databases, use
from tests.databases import Database

SIZES = [10_000, 1_000_000]
ROUNDS = 7
REPEATS = 15
PAYEES = 1_000
PAYEE = "payable:00000000-0000-0000-0000-000000000007:pending"
BATCH = 1_000
LOAD = """
SELECT ledger_post(jsonb_agg(jsonb_build_object(
    'key', 'scale:' || n, 'kind', 'sale', 'subject', 'sale:' || n, 'actor', 'system', 'description', '',
    'metadata', '{}'::jsonb,
    'effective_at', '2026-01-01T00:00:00+00:00'::timestamptz + n * %(step)s * interval '1 microsecond',
    'legs', jsonb_build_array(
        jsonb_build_object('account', 'stripe:pending', 'amount_minor', 1000, 'currency', 'USD', 'memo', ''),
        jsonb_build_object(
            'account', 'payable:00000000-0000-0000-0000-' || lpad((n %% %(payees)s)::text, 12, '0') || ':pending',
            'amount_minor', -1000, 'currency', 'USD', 'memo', '')))))
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""


def main() -> None:
    """Load a database of each size, then read in turns, so that a slow minute hits all of them; one table."""
    sizes = sorted({*SIZES, int(os.environ.get("ENTRIES", "0"))} - {0})
    with databases(len(sizes)) as clones:
        for size, fresh in zip(sizes, clones, strict=True):
            began_at = time.perf_counter()
            load(fresh, size)
            rate = size / (time.perf_counter() - began_at)
            print(f"{size:,} entries loaded by ledger_post, {rate:,.0f} a second", flush=True)
        times: dict[int, dict[str, list[float]]] = {size: {} for size in sizes}
        for _ in range(ROUNDS):
            for size, fresh in zip(sizes, clones, strict=True):
                use(fresh)
                for name, found in measure(size).items():
                    times[size].setdefault(name, []).extend(found)
    table = Table(title="median milliseconds of a read", title_justify="left")
    table.add_column("what")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column("growth", justify="right")
    for name in times[sizes[0]]:
        row = [median(times[size][name]) for size in sizes]
        table.add_row(name, *(f"{value:.2f}" for value in row), f"{row[-1] / row[0]:.2f} times")
    Console(width=120).print(table)


def load(fresh: Database, size: int) -> None:
    """Post `size` entries, two a transaction, evenly over a year; fold and analyse."""
    count = size // 2
    step = int(timedelta(days=364) / timedelta(microseconds=1) / count)
    with psycopg.connect(fresh.owner_url, autocommit=True) as owner:
        owner.execute("SET synchronous_commit = off")
        for first in range(0, count, BATCH):
            last = min(first + BATCH, count) - 1
            owner.execute(LOAD, {"step": step, "payees": PAYEES, "first": first, "last": last})
            if first == 0 or first % 100_000 == 0:
                owner.execute("SELECT ledger_fold()")
                owner.execute("ANALYZE")
        while owner.execute("SELECT (ledger_fold() ->> 'entries')::bigint").fetchone() != (0,):
            pass
        owner.execute("VACUUM ANALYZE")


def measure(size: int) -> dict[str, list[float]]:
    """Milliseconds of each read, through the public queries."""
    from ledger import queries  # noqa: PLC0415 (Django is set up only now)

    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    noon = midnight + timedelta(hours=12)
    usd: dict[str, Any] = {"currency": "USD"}
    reads: dict[str, Callable[[], object]] = {
        "balance, hot": lambda: queries.balance_minor(account="stripe:pending", **usd),
        "balance, payee": lambda: queries.balance_minor(account=PAYEE, **usd),
        "statement page of 50, hot": lambda: queries.statement(
            account="stripe:pending", since=midnight, limit=50, **usd
        ),
        "statement page, payee": lambda: queries.statement(account=PAYEE, since=midnight, limit=5, **usd),
        "as of midnight, hot": lambda: queries.balance_minor_before(account="stripe:pending", instant=midnight, **usd),
        "as of noon, hot": lambda: queries.balance_minor_before(account="stripe:pending", instant=noon, **usd),
        "as of noon, payee": lambda: queries.balance_minor_before(account=PAYEE, instant=noon, **usd),
        "recorded a moment ago, payee": lambda: queries.balance_recorded(account=PAYEE, at=datetime.now(UTC), **usd),
        "explain a sale": lambda: queries.explain(subject=f"sale:{size // 4}"),
    }
    found: dict[str, list[float]] = {name: [] for name in reads}
    for name, read in reads.items():
        read()  # connects, and fills the caches
        for _ in range(REPEATS):
            at = time.perf_counter()
            read()
            found[name].append((time.perf_counter() - at) * 1000)
    return found


if __name__ == "__main__":
    main()
