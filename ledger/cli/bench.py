"""bench: how fast this ledger is, on the server and with the history that it has."""

import secrets
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import datetime
from statistics import median, quantiles
from uuid import UUID

from django.db import transaction

from ledger import accounts, queries
from ledger.cli.answer import Answer, table
from ledger.operations import post_many
from ledger.postings import Posting, credit, debit
from ledger.queries.rows import rows

USD = "USD"
PAYEE = accounts.payable(UUID(int=0), "pending")
BATCH = 100


def bench_arguments(parser: ArgumentParser) -> None:
    """ledger bench [--seconds S]."""
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each thing is done over and over")


def bench(options: Namespace) -> Answer:
    """Time postings and reads here, leaving nothing behind; one client, and postings are rolled back, so that what a
    commit costs is not in it. `make bench NAME=ledger` compares all of it, on databases of its own.
    """
    now: datetime = rows("SELECT clock_timestamp()", [])[0][0]
    hot, at = accounts.STRIPE_PENDING, now.replace(hour=12)
    actions: dict[str, Callable[[], object]] = {
        "post a sale of three entries": lambda: post_and_forget(1, now),
        f"post a batch of {BATCH}": lambda: post_and_forget(BATCH, now),
        "balance": lambda: queries.balance_minor(account=hot, currency=USD),
        "balance as of today's noon": lambda: queries.balance_minor_before(account=hot, currency=USD, instant=at),
        "statement page of 50": lambda: queries.statement(account=hot, currency=USD, since=at, limit=50),
        "trial balance": queries.trial_balance,
    }
    shown = table("One client", "what", "a second", "median ms", "p99 ms", numbers=("a second", "median ms", "p99 ms"))
    data = []
    for name, action in actions.items():
        times = timed(action, seconds=options.seconds)
        line = {
            "what": name,
            "per_second": len(times) / sum(times),
            "median_ms": median(times) * 1000,
            "p99_ms": (quantiles(times, n=100)[98] if len(times) > 1 else times[0]) * 1000,
        }
        data.append(line)
        shown.add_row(name, f"{line['per_second']:,.0f}", f"{line['median_ms']:.2f}", f"{line['p99_ms']:.2f}")
    return Answer(data=data, show=[shown])


def timed(action: Callable[[], object], *, seconds: float) -> list[float]:
    """How long each run took, in seconds; at least one run."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    while not times or time.perf_counter() < until:
        at = time.perf_counter()
        action()
        times.append(time.perf_counter() - at)
    return times


def post_and_forget(count: int, now: datetime) -> None:
    """Post `count` sales in a transaction that is rolled back."""
    batch = [_sale(f"bench:{secrets.token_hex(8)}", now) for _ in range(count)]
    with transaction.atomic():
        post_many(postings=batch)
        transaction.set_rollback(True)


def _sale(key: str, now: datetime) -> Posting:
    legs = (
        debit(accounts.STRIPE_PENDING, 1000, USD),
        credit(PAYEE, 970, USD),
        credit(accounts.platform_fee("ticket"), 30, USD),
    )
    return Posting(key=key, kind="sale", subject=key, legs=legs, effective_at=now, actor="bench")
