"""Star tips a second: one statement each, beside the bare posting of the same two entries in the same run.

`python -m tests.bench.stars`. SECONDS (4) is read from the environment. Clients are processes. In the last row all of
them give from one wallet to one payee, which are two rows that they queue for.
"""

import multiprocessing
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import quantiles
from uuid import UUID, uuid4

from rich.console import Console
from rich.table import Table

from tests.bench.harness import database

SECONDS = float(os.environ.get("SECONDS", "4"))
CLIENTS = (1, 4)
FILLED = 1_000_000
ALL_ONE = "one wallet, one payee"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def main() -> None:
    """Measure and print one table."""
    with database() as fresh:
        pairs = _filled(max(CLIENTS))
        table = Table(title=f"Star tips a second ({SECONDS:.0f} s each)", title_justify="left")
        table.add_column("what")
        for clients in CLIENTS:
            table.add_column(f"{clients} client{'s' * (clients > 1)}", justify="right")
            table.add_column("p99 ms", justify="right")
        for name, used in (("bare posting", pairs), ("Star tip", pairs), (f"Star tip, {ALL_ONE}", pairs[:1])):
            cells = []
            for clients in CLIENTS:
                per_second, p99_ms = _measured(fresh.name, name, used, clients)
                cells += [f"{per_second:,.0f}", f"{p99_ms:.1f}"]
            table.add_row(name, *cells)
        Console().print(table)


def _filled(clients: int) -> list[tuple[UUID, UUID]]:
    """Payees, and wallets with Stars enough."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 settings exist only now

    from ledger.operations import post  # noqa: PLC0415
    from ledger.postings import Posting, credit, debit  # noqa: PLC0415
    from payouts.models import Payee, Wallet  # noqa: PLC0415

    pairs = []
    for number in range(clients):
        payee = Payee.objects.create(
            display_name="Ada", email="a@b.example", country="US", created_at=NOW, updated_at=NOW
        )
        user = get_user_model().objects.create_user(f"{number}@b.example", display_name="Linus")
        legs = (debit("stripe:pending", FILLED, "USD"), credit(f"wallet:{user.pk}", FILLED, "USD"))
        post(posting=Posting(key=f"charge:ch_{number}", kind="sale", legs=legs, effective_at=NOW, subject="sale:1"))
        Wallet.objects.create(user=user, bought=FILLED, opened_at=NOW)
        pairs.append((payee.id, UUID(str(user.pk))))
    return pairs


def _measured(database_name: str, what: str, pairs: list[tuple[UUID, UUID]], clients: int) -> tuple[float, float]:
    from django.db import connections  # noqa: PLC0415

    connections.close_all()
    with multiprocessing.get_context("fork").Pool(clients) as pool:
        asked = [(database_name, what, *pairs[number % len(pairs)]) for number in range(clients)]
        found = pool.starmap(_client, asked, chunksize=1)
    latencies = [latency for each in found for latency in each]
    return len(latencies) / SECONDS, quantiles(latencies, n=100)[98] * 1000


def _client(database_name: str, what: str, payee_id: UUID, user_id: UUID) -> list[float]:
    from django.db import connections  # noqa: PLC0415

    connections.settings["default"]["NAME"] = database_name
    action = _posting(payee_id, user_id) if what == "bare posting" else _gift(payee_id, user_id)
    action()
    latencies = []
    end = time.perf_counter() + SECONDS
    while (at := time.perf_counter()) < end:
        action()
        latencies.append(time.perf_counter() - at)
    return latencies


def _posting(payee_id: UUID, user_id: UUID) -> Callable[[], object]:
    from ledger.operations import post  # noqa: PLC0415
    from ledger.postings import Posting, credit, debit  # noqa: PLC0415

    legs = (debit(f"wallet:{user_id}", 1, "USD"), credit(f"payable:{payee_id}:pending", 1, "USD"))
    return lambda: post(
        posting=Posting(key=f"tip:{uuid4()}", kind="stars", legs=legs, effective_at=NOW, subject="tip:1")
    )


def _gift(payee_id: UUID, user_id: UUID) -> Callable[[], object]:
    from payouts.sales.shares import ShareSpec  # noqa: PLC0415
    from payouts.wallets.operations import spend  # noqa: PLC0415

    shares = [ShareSpec(payee_id=payee_id)]
    return lambda: spend(
        user_id=user_id, stars=1, subject=f"tip:{uuid4()}", title="A Star", shares=shares, hold_until=NOW, now=NOW
    )


if __name__ == "__main__":
    main()
