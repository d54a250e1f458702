"""The fault switch: what goes wrong on purpose, for which calls or events, how often."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from payouts.sandbox.store import Store

API = {
    "timeout_before": "the call is not executed and no answer comes (0 seconds: the connection drops at once)",
    "timeout_after": "the call is executed and its answer is lost",
    "delay": "the call waits so many seconds first; its idempotency key is in use meanwhile",
    "rate_limit": "429 with Retry-After; nothing is executed",
    "server_error": "500; nothing is executed, the answer is kept under the idempotency key",
    "conflict": "409, as if another call held the idempotency key",
}
EVENT = {
    "event_duplicate": "the event is sent twice",
    "event_delay": "the event is sent so many seconds later",
    "event_reorder": "the event is sent after the one that follows it (or after so many seconds)",
    "event_lose": "the event is never sent; GET /v1/events still lists it",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong now."""

    kind: str
    seconds: float


def add(store: Store, *, kind: str, pattern: str = "*", count: int = 1, seconds: float = 0.0) -> int:
    """Switch a fault on for the next `count` calls (`POST /v1/transfers*`) or events (`charge.*`) that match."""
    known = API | EVENT
    if kind not in known:
        raise ValueError(f"Unknown fault {kind!r}; known: {', '.join(known)}.")
    return store.run(
        "INSERT INTO faults (kind, pattern, remaining, seconds) VALUES (?, ?, ?, ?)", kind, pattern, count, seconds
    )


def take(store: Store, kinds: dict[str, str], name: str) -> Fault | None:
    """The first fault that matches, used up once."""
    for row in store.rows("SELECT * FROM faults WHERE remaining > 0 ORDER BY id"):
        if row["kind"] in kinds and fnmatchcase(name, row["pattern"]):
            store.run("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", row["id"])
            return Fault(kind=row["kind"], seconds=row["seconds"])
    return None


def clear(store: Store) -> None:
    """Switch every fault off."""
    store.run("DELETE FROM faults")
