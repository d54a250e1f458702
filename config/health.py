"""Health for supervisors and load balancers: `/healthz` (alive) and `/readyz` (fit to serve)."""

from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from config import clock
from payouts import queries as payouts

WORKER_SILENT_AFTER = timedelta(seconds=30)
EVENT_WAITING_TOO_LONG = timedelta(minutes=10)


def alive(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """200 when every check passes, else 503; each check says what it found."""
    checks = {name: _run(check) for name, check in CHECKS.items()}
    passed = all(result == "ok" for result in checks.values())
    return JsonResponse({"ready": passed, "checks": checks}, status=200 if passed else 503)


def _run(check: Callable[[], str | None]) -> str:
    try:
        return check() or "ok"
    except (DatabaseError, redis.RedisError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _valkey() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
        client.ping()


def _migrations() -> str | None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} migrations not applied: run migrate as the owner role" if plan else None


def _worker() -> str | None:
    seen_at = payouts.worker_seen_at()
    if seen_at is None:
        return "no worker has ever answered"
    silent_for = clock.real_now() - seen_at
    return f"silent for {silent_for.total_seconds():.0f} s" if silent_for > WORKER_SILENT_AFTER else None


def _oldest_event() -> str | None:
    received_at = payouts.oldest_unprocessed_event_at()
    if received_at is None:
        return None
    waiting_for = clock.real_now() - received_at
    too_long = waiting_for > EVENT_WAITING_TOO_LONG
    return f"an event has waited for {waiting_for.total_seconds():.0f} s" if too_long else None


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": _database,
    "valkey": _valkey,
    "migrations": _migrations,
    "worker": _worker,
    "oldest_event": _oldest_event,
}
