"""What a benchmark needs: a migrated database with real durability, a clock, and a table of results.

from tests.bench.harness import database, report, timed

def main() -> None:
    with database() as fresh:                 # Django works on it; fresh.url is for other processes
        report("posting", {"one sale": timed(post_one, seconds=5.0)})
"""

import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles

import django
import psycopg
from rich.console import Console
from rich.table import Table

from config.embedded.client import hold
from tests.databases import Database, Server
from tests.environment import DATA_DIR, embedded, prepare


@dataclass(frozen=True, slots=True)
class Timing:
    """How often something ran within `elapsed_s`, and how long each took."""

    elapsed_s: float
    latencies_s: list[float]

    @property
    def per_second(self) -> float:
        """Runs a second."""
        return len(self.latencies_s) / self.elapsed_s

    def percentile_ms(self, percent: int) -> float:
        """The latency that `percent` of the runs stay below."""
        if len(self.latencies_s) == 1:
            return self.latencies_s[0] * 1000
        return quantiles(self.latencies_s, n=100, method="inclusive")[percent - 1] * 1000


def timed(action: Callable[[], object], *, seconds: float) -> Timing:
    """Run `action` over and over for `seconds`, at least once."""
    latencies: list[float] = []
    began_at = time.perf_counter()
    while not latencies or time.perf_counter() - began_at < seconds:
        at = time.perf_counter()
        action()
        latencies.append(time.perf_counter() - at)
    return Timing(elapsed_s=time.perf_counter() - began_at, latencies_s=latencies)


@contextmanager
def database() -> Iterator[Database]:
    """A fresh clone of the migrated template, on a server that syncs to disk; Django is set up to work on it.

    With DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL set, on that server.
    """
    with databases(1) as (fresh,):
        yield fresh


@contextmanager
def databases(count: int) -> Iterator[list[Database]]:
    """Several such clones; Django works on the first until `use` names another."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    prepare()
    if embedded():
        folder = DATA_DIR.parent / "bench"
        with hold(folder) as services:
            os.environ.update(services)
            yield from _clones(count)
    else:
        yield from _clones(count)


def use(fresh: Database) -> None:
    """Make Django work on this database."""
    from django.db import connections  # noqa: PLC0415 settings exist only now

    connections.close_all()
    connections.settings["default"]["NAME"] = fresh.name
    connections["default"].settings_dict["NAME"] = fresh.name


def _clones(count: int) -> Iterator[list[Database]]:
    django.setup()
    from django.db import connections  # noqa: PLC0415 settings exist only now

    server = Server()
    fresh = [server.clone() for _ in range(count)]
    use(fresh[0])
    try:
        yield fresh
    finally:
        connections.close_all()
        for each in fresh:
            server.drop(each)
        server.close()


def report(title: str, timings: Mapping[str, Timing]) -> None:
    """Print a table: runs a second and latencies, and on what it was measured."""
    table = Table(title=title, caption=_measured_on(), caption_justify="left", title_justify="left")
    table.add_column("what")
    for heading in ("a second", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    for name, timing in timings.items():
        percentiles = (f"{timing.percentile_ms(percent):.2f}" for percent in (50, 95, 99))
        table.add_row(name, f"{timing.per_second:,.0f}", *percentiles)
    Console().print(table)


def _measured_on() -> str:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
        version = connection.info.server_version // 10000
    return f"PostgreSQL {version}, {os.cpu_count()} cores, Python {platform.python_version()}"
