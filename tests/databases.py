"""Databases for tests: one migrated template, built when a migration changes, and clones of it.

The template is made by `manage.py migrate` as the owner role; tests then work as the application role, so that a
missing grant fails a test.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from config.embedded.client import hold
from tests.environment import DATA_DIR, REPOSITORY, database_prefix, embedded

TEMPLATES_KEPT = 3  # switching between branches does not rebuild
BUILD_LOCK = 0x0B01E
# What a migrated schema depends on: our migrations and SQL, the grants, and the versions of other people's migrations.
SCHEMA_SOURCES = (
    "*/migrations/**/*.py", "*/migrations/**/*.sql", "*/sql/**/*.sql", "ledger/grants.py", "config/settings.py",
    "config/staff.py", "requirements/base.txt",
)  # fmt: skip
END_OWN_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND usename = current_user
"""
OURS_ALONE = "obole:test-database"  # a key that marks a Valkey database as one that tests may empty


def at(url: str, database: str) -> str:
    """`url` with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@dataclass(frozen=True)
class Database:
    """A clone of the template, and how to reach it."""

    name: str

    @property
    def url(self) -> str:
        """As the application role, obole_web."""
        return at(os.environ["DATABASE_URL"], self.name)

    @property
    def owner_url(self) -> str:
        """As the owner role, obole_owner."""
        return at(os.environ["DATABASE_OWNER_URL"], self.name)

    def environment(self, **changes: str) -> dict[str, str]:
        """The variables for a process of Obole's that shall work on this database."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.url,
            "DATABASE_OWNER_URL": self.owner_url,
            **changes,
        }


class Server:
    """PostgreSQL as the owner role sees it: makes the template, clones and drops."""

    def __init__(self) -> None:
        self._connection = psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)
        self._web = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        self._made = 0
        self._template: str | None = None

    def clone(self) -> Database:
        """A fresh, migrated database of this process."""
        self._template = self._template or self._build_template()
        if self._made == 0:
            for name in self._names(f"{database_prefix()}%"):  # left by a killed run that had our slot
                self.drop(Database(name))
        self._made += 1
        database = Database(f"{database_prefix()}{self._made}")
        self._run("CREATE DATABASE {} TEMPLATE {}", database.name, self._template)
        return database

    def drop(self, database: Database) -> None:
        """Drop a clone, whoever is still connected (each role may end its own sessions alone; FORCE wants more)."""
        if database.name in self._names(database.name):
            with suppress(psycopg.errors.ObjectNotInPrerequisiteState):  # invalid: a drop was killed half-way
                self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", database.name)
            for role in (self._connection, self._web):
                role.execute(END_OWN_SESSIONS, [database.name])
            self._run("DROP DATABASE {}", database.name)

    def close(self) -> None:
        """End both roles' connections."""
        self._connection.close()
        self._web.close()

    def _build_template(self) -> str:
        name = f"obole_template_{fingerprint()}"
        self._connection.execute("SELECT pg_advisory_lock(%s)", [BUILD_LOCK])
        try:
            if name not in self._names(name):
                self._make_room()
                building = f"{database_prefix()}template"
                self.drop(Database(building))
                self._run("CREATE DATABASE {}", building)
                migrate(Database(building))
                self._run("ALTER DATABASE {} RENAME TO {}", building, name)
        finally:
            self._connection.execute("SELECT pg_advisory_unlock(%s)", [BUILD_LOCK])
        return name

    def _make_room(self) -> None:
        """Drop the oldest templates (object ids grow) beyond those that are kept."""
        for name in self._names("obole_template_%")[: -(TEMPLATES_KEPT - 1)]:
            self.drop(Database(name))

    def _names(self, pattern: str) -> list[str]:
        escaped = pattern.replace("_", r"\_")
        found = self._connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY oid", [escaped]
        )
        return [name for (name,) in found]

    def _run(self, statement: str, *names: str) -> None:
        self._connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


def fingerprint() -> str:
    """Twelve hex digits that change whenever the migrated schema may."""
    digest = hashlib.sha256()
    for pattern in SCHEMA_SOURCES:
        for path in sorted(REPOSITORY.glob(pattern)):
            digest.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def migrate(database: Database) -> None:
    """Run all migrations as the owner; raises RuntimeError with what `migrate` said."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "manage.py", "migrate", "--no-input", "--skip-checks", "--verbosity", "0"],
        env=database.environment(DATABASE_URL=database.owner_url),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"migrate failed on the tests' template database:\n{done.stdout}{done.stderr}")
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # each clone then starts with statistics


@contextmanager
def running_server() -> Iterator[Server]:
    """The server of this test process: embedded unless one was given; its clones are dropped by whoever made them."""
    with ExitStack() as stack:
        if embedded():
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold(DATA_DIR, for_tests=True))
        server = Server()
        stack.callback(server.close)
        yield server


def empty_valkey(client: redis.Redis) -> None:
    """Empty this process's Valkey database; on a server that was given, refuses one that holds somebody's data.

    Raises RuntimeError when the database has keys and was never a test's.
    """
    if not embedded() and client.dbsize() and not client.exists(OURS_ALONE):
        raise RuntimeError("the tests' Valkey database holds foreign keys: give a REDIS_URL of an unused server")
    client.flushdb()
    client.set(OURS_ALONE, Path(sys.argv[0]).name)
