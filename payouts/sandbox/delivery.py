"""Webhook delivery: signed, in order as far as possible, retried with back-off.

Pending deliveries are rows, so a restart continues them (https://docs.stripe.com/webhooks: retries, signatures).
Signatures and back-off use real time; the sandbox's clock only dates the events.
"""

import asyncio
import hashlib
import hmac
import sqlite3
import time
from typing import TYPE_CHECKING

import httpx

from payouts.sandbox.events import body_of

if TYPE_CHECKING:
    from payouts.sandbox.core import Sandbox

MAX_ATTEMPTS = 16
_MAX_WAIT_S = 3600.0
_TIMEOUT_S = 20.0


def signature(body: str, secret: str, at: int) -> str:
    """The Stripe-Signature header of a body."""
    mac = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Courier:
    """Sends what is due, one event at a time per address."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            while True:
                self._sandbox.wake.clear()
                for row in self._store.rows(
                    "SELECT DISTINCT url FROM deliveries WHERE state = 'pending' AND due_at <= ?", time.time()
                ):
                    url = str(row["url"])
                    if url not in self._running:
                        self._running[url] = asyncio.create_task(self._drain(client, url))
                try:
                    await asyncio.wait_for(self._sandbox.wake.wait(), self._wait_s())
                except TimeoutError:
                    continue

    def _wait_s(self) -> float:
        row = self._store.row("SELECT min(due_at) AS due_at FROM deliveries WHERE state = 'pending'")
        if row is None or row["due_at"] is None:
            return 60.0
        # Addresses that are being served look for more by themselves; do not spin on them.
        return float(min(60.0, max(0.05, row["due_at"] - time.time())))

    async def _drain(self, client: httpx.AsyncClient, url: str) -> None:
        try:
            while row := self._store.row(
                "SELECT * FROM deliveries WHERE url = ? AND state = 'pending' AND due_at <= ? "
                "ORDER BY position LIMIT 1",
                url, time.time(),
            ):  # fmt: skip
                await self._send(client, row)
        finally:
            del self._running[url]

    async def _send(self, client: httpx.AsyncClient, row: sqlite3.Row) -> None:
        delivery, event_id = int(row["id"]), str(row["event"])
        body = body_of(self._store.load(event_id) or {})
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, row["secret"], int(time.time())),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        started = time.monotonic()
        status: int | None = None
        try:
            answer = await client.post(row["url"], content=body, headers=headers)
            status, text = answer.status_code, answer.text[:500]
        except httpx.HTTPError as error:
            text = f"{type(error).__name__}: {error}"
        took_ms = int((time.monotonic() - started) * 1000)
        with self._store.transaction():
            self._store.run(
                "INSERT INTO attempts (delivery, at, status, answer, took_ms) VALUES (?, ?, ?, ?, ?)",
                delivery, time.time(), status, text, took_ms,
            )  # fmt: skip
            if status is not None and 200 <= status < 300:
                self._delivered(delivery, event_id)
            else:
                self._retry(delivery, int(row["attempts"]) + 1)

    def _delivered(self, delivery: int, event_id: str) -> None:
        self._store.run("UPDATE deliveries SET state = 'delivered', attempts = attempts + 1 WHERE id = ?", delivery)
        self._store.run(
            "UPDATE objects SET body = json_set(body, '$.pending_webhooks', max(0, body->>'$.pending_webhooks' - 1)) "
            "WHERE id = ? AND kind = 'event'", event_id,
        )  # fmt: skip

    def _retry(self, delivery: int, attempt: int) -> None:
        wait_s = min(_MAX_WAIT_S, self._sandbox.knobs.retry_base_s * 2 ** (attempt - 1))
        state = "failed" if attempt >= MAX_ATTEMPTS else "pending"
        self._store.run(
            "UPDATE deliveries SET state = ?, attempts = ?, due_at = ? WHERE id = ?",
            state, attempt, time.time() + wait_s, delivery,
        )  # fmt: skip
