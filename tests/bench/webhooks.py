"""Webhooks acknowledged a second, beside bare inserts of the same rows, and sales a second from inbox to ledger.

`python -m tests.bench.webhooks`. Two web processes (uvicorn, the Procfile's) take signed events over HTTP from
keep-alive clients; the same rows are inserted by two processes with a bare Django cursor and by pgbench alone, on the
same server, interleaved. Then a Celery worker of two drains an inbox full of sales whose balance transactions it
imports by the page from the sandbox. ROUNDS (3), SECONDS (5) and SALES (600) are read from the environment.
"""

import os
import signal
import sys
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench import webhooks_drain, webhooks_load
from tests.bench.harness import database

ROUNDS = int(os.environ.get("ROUNDS", "3"))


def main() -> None:
    """Measure everything and print two tables."""
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # so that a worker left behind does not eat the next run's jobs
    with database() as fresh:
        acknowledged(webhooks_load.measure(fresh, rounds=ROUNDS))
        drained(webhooks_drain.measure(fresh, rounds=ROUNDS))


def acknowledged(found: dict[str, list[webhooks_load.Round]]) -> None:
    """Each way of storing an event, and its share of the bare cursor's rate."""
    table = Table(title=f"events stored a second (median of {ROUNDS})", title_justify="left")
    for heading in ("what", "a second", "p50 ms", "p99 ms", "of the cursor"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    rates = {name: median(each.per_second for each in rounds) for name, rounds in found.items()}
    for name, rounds in found.items():
        p50, p99 = (median(getattr(each, field) for each in rounds) for field in ("p50_ms", "p99_ms"))
        share = rates[name] / rates[webhooks_load.CURSOR]
        table.add_row(name, f"{rates[name]:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{share:.0%}")
    Console(width=120).print(table)


def drained(rates: list[float]) -> None:
    """The rate from inbox to ledger."""
    table = Table(title=f"from inbox to ledger ({webhooks_drain.SALES} sales, two events each)", title_justify="left")
    table.add_column("what")
    table.add_column("sales a second", justify="right")
    table.add_row("two worker processes", f"{median(rates):,.0f}  ({', '.join(f'{rate:,.0f}' for rate in rates)})")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
