"""Events: snapshot events of v1 objects (https://docs.stripe.com/api/events) and thin events of v2 accounts
(https://docs.stripe.com/event-destinations#thin-payload), queued for delivery as they are recorded."""

import json
import time
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import stripe

from payouts.sandbox import faults
from payouts.sandbox.store import Json, new_id

if TYPE_CHECKING:
    from payouts.sandbox.core import Sandbox

API_VERSION = str(stripe.api_version)


def iso(seconds: float) -> str:
    """A v2 timestamp, such as 2026-11-21T08:00:00.000Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def emit(sandbox: "Sandbox", event_type: str, obj: Json, *, account: str, previous: Json | None) -> Json:
    """A snapshot event, sent to the forward addresses and to the endpoints that asked for its type."""
    targets = _targets(sandbox, event_type, connected=bool(account))
    event: Json = {
        "id": new_id("evt"),
        "object": "event",
        "account": account,
        "api_version": API_VERSION,
        "context": account or None,
        "created": sandbox.clock.now(),
        "data": {"object": obj} | ({"previous_attributes": previous} if previous else {}),
        "livemode": False,
        "pending_webhooks": len(targets),
        "request": {"id": sandbox.cause.request_id, "idempotency_key": sandbox.cause.idempotency_key},
        "type": event_type,
    }
    if not account:
        del event["account"]
    sandbox.store.insert(event, account=account, created=event["created"])
    _queue(sandbox, event, targets)
    return event


def emit_thin(sandbox: "Sandbox", event_type: str, obj: Json, *, data: Json | None = None) -> Json:
    """A thin event about a v2 account; its data is kept for fetch_event() and not sent."""
    cause = sandbox.cause
    event: Json = {
        "id": new_id("evt_test"),
        "object": "v2.core.event",
        "context": None,
        "created": iso(sandbox.clock.now_s()),
        "livemode": False,
        "reason": (
            {"type": "request", "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key or ""}}
            if cause.request_id
            else None
        ),
        "related_object": {"id": obj["id"], "type": obj["object"], "url": f"/v2/core/accounts/{obj['id']}"},
        "snapshot_event": None,
        "type": event_type,
    }
    sandbox.store.insert(event, account="", created=sandbox.clock.now(), hidden={"data": data})
    _queue(sandbox, event, [(url, sandbox.settings.webhook_secret) for url in sandbox.settings.forward_v2_to])
    return event


def resend(sandbox: "Sandbox", event: Json) -> int:
    """Queue an event again for every address that it was for; how many deliveries that makes."""
    rows = sandbox.store.rows("SELECT DISTINCT url, secret FROM deliveries WHERE event = ?", event["id"])
    targets = [(str(row["url"]), str(row["secret"])) for row in rows]
    if not targets:
        thin = event["object"] == "v2.core.event"
        targets = (
            [(url, sandbox.settings.webhook_secret) for url in sandbox.settings.forward_v2_to]
            if thin
            else _targets(sandbox, event["type"], connected=bool(event.get("account")))
        )
    for url, secret in targets:
        _row(sandbox, event["id"], url, secret, due_at=time.time())
    sandbox.wake.set()
    return len(targets)


def _targets(sandbox: "Sandbox", event_type: str, *, connected: bool) -> list[tuple[str, str]]:
    targets = [(url, sandbox.settings.webhook_secret) for url in sandbox.settings.forward_to]
    for endpoint in sandbox.store.select("webhook_endpoint", newest_first=False):
        hidden = sandbox.store.hidden(endpoint["id"])
        wanted = any(fnmatchcase(event_type, pattern) for pattern in endpoint["enabled_events"])
        if endpoint["status"] == "enabled" and wanted and bool(hidden.get("connect")) == connected:
            targets.append((endpoint["url"], hidden["secret"]))
    return targets


def _queue(sandbox: "Sandbox", event: Json, targets: list[tuple[str, str]]) -> None:
    fault = faults.take(sandbox.store, faults.EVENT, event["type"]) if targets else None
    now = time.time()
    for url, secret in targets:
        kind = fault.kind if fault else ""
        late_s = fault.seconds if fault and kind in ("event_delay", "event_reorder") else 0.0
        row = _row(sandbox, event["id"], url, secret, due_at=now + late_s, held=kind == "event_reorder")
        if kind == "event_duplicate":
            _row(sandbox, event["id"], url, secret, due_at=now)
        elif kind == "event_lose":
            sandbox.store.run("UPDATE deliveries SET state = 'lost' WHERE id = ?", row)
        elif kind != "event_reorder":
            # An event held back to change the order follows the next one.
            sandbox.store.run(
                "UPDATE deliveries SET held = 0, due_at = ?, position = ? WHERE held = 1 AND url = ?",
                now, row + 0.5, url,
            )  # fmt: skip
    sandbox.wake.set()


def _row(sandbox: "Sandbox", event_id: str, url: str, secret: str, *, due_at: float, held: bool = False) -> int:
    row = sandbox.store.run(
        "INSERT INTO deliveries (event, url, secret, position, due_at, held) VALUES (?, ?, ?, 0, ?, ?)",
        event_id, url, secret, due_at, int(held),
    )  # fmt: skip
    sandbox.store.run("UPDATE deliveries SET position = id WHERE id = ?", row)
    return row


def body_of(event: Json) -> str:
    """The exact text that is signed and sent."""
    return json.dumps(event, separators=(",", ":"))
