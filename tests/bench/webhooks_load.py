"""The loads of the webhook benchmark: signed events over HTTP, a bare Django cursor, pgbench."""

import asyncio
import hashlib
import hmac
import json
import multiprocessing
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.bench.ledger import program
from tests.databases import Database
from tests.processes import Program, answers, free_port

SECONDS = float(os.environ.get("SECONDS", "5"))
WEB_PROCESSES = 2
CONNECTIONS = 8
SECRET = "whsec_bench"
HTTP = "HTTP: signature checked, stored, 200"
CURSOR = "bare Django cursor, 2 processes"
PGBENCH = "pgbench alone, 8 clients"
INSERT = """
INSERT INTO payouts_stripeevent
    (id, kind, type, object_id, account, api_version, livemode, created_at, raw, received_at, state, attempts,
     next_attempt_at, last_error)
VALUES ({id}, 'snapshot', 'charge.succeeded', {id}, '', '2026-10-28', false, now(), {raw}, now(), 'received', 0,
    now(), '')
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement."""

    per_second: float
    p50_ms: float
    p99_ms: float


def measure(fresh: Database, *, rounds: int) -> dict[str, list[Round]]:
    """Every way, interleaved, so that a slow minute hits all of them."""
    port = free_port()
    environment = fresh.environment(OBOLE_ENV="development", STRIPE_WEBHOOK_SECRETS=SECRET, LOG_LEVEL="WARNING")
    web = Program(
        "web", "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port),
        "--lifespan", "off", "--no-access-log", "--workers", str(WEB_PROCESSES), environment=environment,
    )  # fmt: skip
    ways: dict[str, Callable[[], Round]] = {
        HTTP: lambda: over_http(port),
        CURSOR: lambda: by_cursor(fresh),
        PGBENCH: lambda: by_pgbench(fresh),
    }
    with web:
        web.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), what="web answers")
        over_http(port)  # both processes have loaded everything
        found: dict[str, list[Round]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                found[name].append(way())
        return found


def body(event_id: str) -> bytes:
    """An event as big as Stripe's about a charge, some 3.5 kB."""
    charge = {"id": f"ch_{event_id}", "object": "charge", "amount": 1000, "filler": "x" * 3000}
    return json.dumps(
        {
            "id": event_id, "object": "event", "api_version": "2026-10-28.endive", "created": int(time.time()),
            "data": {"object": charge}, "livemode": False, "pending_webhooks": 1, "type": "charge.succeeded",
            "request": {"id": None, "idempotency_key": None},
        }
    ).encode()  # fmt: skip


def over_http(port: int) -> Round:
    """A client process of its own, with requests made and signed beforehand."""
    context = multiprocessing.get_context("spawn")
    answer: Any = context.Queue()
    client = context.Process(target=_client, args=(port, answer))
    client.start()
    count, latencies = answer.get(timeout=SECONDS * 10 + 60)
    client.join()
    return _round(count, latencies)


def _client(port: int, answer: Any) -> None:
    run = os.urandom(4).hex()
    requests = [_request(port, f"evt_{run}_{number}") for number in range(int(SECONDS * 4000))]
    answer.put(asyncio.run(_send(port, requests)))


def _request(port: int, event_id: str) -> bytes:
    raw, stamp = body(event_id), int(time.time())
    signature = hmac.new(SECRET.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhooks/stripe/ HTTP/1.1\r\nHost: testserver\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(raw)}\r\nStripe-Signature: t={stamp},v1={signature}\r\nX-Forwarded-Proto: https\r\n\r\n"
    )
    return head.encode() + raw


async def _send(port: int, requests: list[bytes]) -> tuple[float, list[float]]:
    """Several connections, each with its next request when the last one is answered."""
    latencies: list[float] = []
    until = time.perf_counter() + SECONDS
    queue = iter(requests)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in queue:
            at = time.perf_counter()
            if at > until:
                break
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            latencies.append(time.perf_counter() - at)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return len(latencies) / SECONDS, latencies


def by_cursor(fresh: Database) -> Round:
    """As many processes as serve the web, each with one connection in autocommit."""
    context = multiprocessing.get_context("spawn")
    started: Any = context.Barrier(WEB_PROCESSES)
    answer: Any = context.Queue()
    workers = [context.Process(target=_insert, args=(fresh.url, started, answer)) for _ in range(WEB_PROCESSES)]
    for worker in workers:
        worker.start()
    found = [answer.get(timeout=SECONDS + 60) for _ in workers]
    for worker in workers:
        worker.join()
    latencies = [latency for one in found for latency in one]
    return _round(len(latencies) / SECONDS, latencies)


def _insert(url: str, started: Any, answer: Any) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": url}
    import django  # noqa: PLC0415 (settings are read here, in the process of its own)

    django.setup()
    from django.db import connection  # noqa: PLC0415

    run, statement, number = os.urandom(4).hex(), INSERT.format(id="%s", raw="%s"), 0
    latencies: list[float] = []
    with connection.cursor() as cursor:
        started.wait()
        until = time.perf_counter() + SECONDS
        while (at := time.perf_counter()) < until:
            number += 1
            event_id = f"evt_{run}_{number}"
            cursor.execute(statement, [event_id, event_id, body(event_id)])
            cursor.fetchone()
            latencies.append(time.perf_counter() - at)
    answer.put(latencies)


def by_pgbench(fresh: Database) -> Round:
    """The server alone."""
    raw = body("evt_pgbench").hex()
    run = os.urandom(4).hex()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(
            "\\set n random(1, 9000000000000)\n"
            + INSERT.format(id=f"'evt_{run}_' || :n", raw=f"'\\x{raw}'::bytea").replace("\n", " ")
            + ";\n"
        )
        command = [program("pgbench"), "-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", str(int(SECONDS)), "-l"]
        done = subprocess.run(
            [*command, "-f", str(script), fresh.url], capture_output=True, text=True, cwd=folder, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-500:])
        rate = re.search(r"tps = ([\d.]+)", done.stdout)
        logs = Path(folder).glob("pgbench_log.*")
        latencies = [int(line.split()[2]) / 1e6 for log in logs for line in log.read_text().splitlines()]
    return _round(float(rate[1]) if rate else 0.0, latencies)


def _round(per_second: float, latencies: list[float]) -> Round:
    cuts = quantiles(latencies, n=100, method="inclusive")
    return Round(per_second=per_second, p50_ms=cuts[49] * 1000, p99_ms=cuts[98] * 1000)
