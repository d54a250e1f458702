"""A database with a short history that a module shares, and raw SQL sessions on it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from ledger.operations import place_hold, post
from tests.conftest import point_django_at
from tests.databases import Database, Server
from tests.ledger.cast import ADA, AVAILABLE, S, books, fold_all, move, p, sale, seal_all


@pytest.fixture(scope="module")
def shared_db(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, database_server: Server
) -> Iterator[Database]:
    """One database for a module whose tests change nothing: each attempt is refused or rolled back."""
    database = database_server.clone()
    with django_db_blocker.unblock():
        before = point_django_at(database.name)
        try:
            yield database
        finally:
            point_django_at(before)
            database_server.drop(database)


@pytest.fixture(scope="module")
def history(shared_db: Database) -> dict[str, int]:
    """The books after a sale, its release, a hold and some euros, folded and sealed."""
    return write_history()


def write_history() -> dict[str, int]:
    """Write a short history and return the books."""
    post(posting=sale())
    post(posting=move("release:1", p(ADA), p(ADA, "available"), 911, kind="release"))
    place_hold(key="hold:1", account=p(ADA, "available"), currency="USD", amount_minor=100, subject="hold:1")
    post(posting=move("euros:1", S, AVAILABLE, 7, "EUR"))
    fold_all()
    seal_all()
    return books()


@pytest.fixture
def app(shared_db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A session of the application role, in autocommit."""
    with psycopg.connect(shared_db.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(shared_db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A session of the role that owns the tables, in autocommit."""
    with psycopg.connect(shared_db.owner_url, autocommit=True) as connection:
        yield connection
