"""One SQLite file holds everything: objects, timers, deliveries, idempotency keys, faults.

Every call is one transaction on one connection, made on the event loop's own thread, so calls never interleave.
WAL with synchronous=NORMAL keeps every committed call when the process is killed.
"""

import json
import secrets
import sqlite3
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    hidden TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS objects_list ON objects (kind, account, seq);
CREATE INDEX IF NOT EXISTS objects_charge ON objects (body->>'$.charge') WHERE body->>'$.charge' IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_source ON objects (body->>'$.source') WHERE body->>'$.source' IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_payment_intent ON objects (body->>'$.payment_intent')
    WHERE body->>'$.payment_intent' IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_customer ON objects (body->>'$.customer') WHERE body->>'$.customer' IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_balance ON objects
    (account, body->>'$.currency', body->>'$.available_on', body->>'$.net') WHERE kind = 'balance_transaction';
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at REAL NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    UNIQUE (due_at, kind, subject)
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    position REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'lost')),
    held INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (url, due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES deliveries (id),
    at REAL NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    took_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_delivery ON attempts (delivery);
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at REAL NOT NULL,
    status INTEGER,
    body TEXT,
    request_id TEXT NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    pattern TEXT NOT NULL,
    remaining INTEGER NOT NULL,
    seconds REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """`prefix_` and random letters and digits, as Stripe's ids look."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


class Store:
    """Rows in and out; knows no Stripe behaviour."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "cache_size=-32000"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.executescript(_SCHEMA)
        self.connection.execute("DELETE FROM idempotency WHERE status IS NULL")

    def empty(self) -> None:
        """Forget every row."""
        with self.transaction():
            for table in ("attempts", "deliveries", "objects", "timers", "idempotency", "faults", "meta"):
                self.run(f"DELETE FROM {table}")  # noqa: S608 (names come from code)

    def close(self) -> None:
        """Release the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested use joins the outer transaction."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Everything done inside, in a transaction, is taken back at the end: what would happen, without happening."""
        self.connection.execute("SAVEPOINT undone")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK TO undone")
            self.connection.execute("RELEASE undone")

    def rows(self, sql: str, *args: Any) -> list[sqlite3.Row]:
        """Every row of a query."""
        return self.connection.execute(sql, args).fetchall()

    def row(self, sql: str, *args: Any) -> sqlite3.Row | None:
        """The first row of a query."""
        found: sqlite3.Row | None = self.connection.execute(sql, args).fetchone()
        return found

    def run(self, sql: str, *args: Any) -> int:
        """Execute a statement; the id of the row inserted, or the number of rows changed."""
        cursor = self.connection.execute(sql, args)
        return int(cursor.lastrowid or 0) if sql.lstrip().upper().startswith("INSERT") else cursor.rowcount

    def insert(self, obj: Json, *, account: str, created: int, hidden: Json | None = None) -> None:
        """Keep a new object."""
        self.run(
            "INSERT INTO objects (id, kind, account, created, body, hidden) VALUES (?, ?, ?, ?, ?, ?)",
            obj["id"], obj["object"], account, created, json.dumps(obj), json.dumps(hidden or {}),
        )  # fmt: skip

    def update(self, obj: Json) -> None:
        """Replace an object's body."""
        if self.run("UPDATE objects SET body = ? WHERE id = ?", json.dumps(obj), obj["id"]) != 1:
            raise LookupError(obj["id"])

    def load(self, object_id: str, *, kind: str | None = None, account: str | None = None) -> Json | None:
        """One object by id, optionally only of a kind and in an account."""
        row = self.row("SELECT body, kind, account FROM objects WHERE id = ?", object_id)
        if row is None or (kind is not None and row["kind"] != kind):
            return None
        if account is not None and row["account"] != account:
            return None
        return _object(row["body"])

    def account_of(self, object_id: str) -> str:
        """The connected account that an object lives in; empty for the platform."""
        row = self.row("SELECT account FROM objects WHERE id = ?", object_id)
        return str(row["account"]) if row else ""

    def hidden(self, object_id: str) -> Json:
        """What the sandbox remembers about an object without showing it."""
        row = self.row("SELECT hidden FROM objects WHERE id = ?", object_id)
        return _object(row["hidden"]) if row else {}

    def hide(self, object_id: str, **values: Any) -> None:
        """Remember more about an object."""
        self.run("UPDATE objects SET hidden = ? WHERE id = ?",
                 json.dumps(self.hidden(object_id) | values), object_id)  # fmt: skip

    def select(
        self,
        kind: str,
        *,
        account: str | None = "",
        equal: Mapping[str, Any] | None = None,
        where: Sequence[tuple[str, Any]] = (),
        newest_first: bool = True,
        limit: int = 1_000_000,
    ) -> list[Json]:
        """Objects of a kind whose fields (dotted paths) equal the given values, and match more SQL conditions."""
        conditions, args = ["kind = ?"], [kind]
        if account is not None:
            conditions.append("account = ?")
            args.append(account)
        for path, value in (equal or {}).items():
            conditions.append(f"body->>'$.{path}' = ?")
            args.append(value)
        for condition, value in where:
            conditions.append(condition)
            args.append(value)
        sql = (
            f"SELECT body FROM objects WHERE {' AND '.join(conditions)} "  # noqa: S608  (names come from code)
            f"ORDER BY seq {'DESC' if newest_first else 'ASC'} LIMIT {int(limit)}"
        )
        return [_object(row["body"]) for row in self.rows(sql, *args)]

    def meta(self, key: str) -> str | None:
        """A remembered setting."""
        row = self.row("SELECT value FROM meta WHERE key = ?", key)
        return str(row["value"]) if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Remember a setting."""
        self.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)


def _object(text: str) -> Json:
    value: Json = json.loads(text)
    return value
