"""`/events/` as it is served: by uvicorn, over HTTP."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis
from django.conf import settings
from django.test import Client

from rooms.events import hints
from rooms.models import User
from tests.databases import Database
from tests.processes import Program, answers, free_port, wait_until
from tests.rooms import cast

LISTENERS = 5
APPLICATION = "obole-web-under-test"


@pytest.fixture
def port(committed_db: Database) -> Iterator[int]:
    """The site, served."""
    port = free_port()
    arguments = ["-m", "uvicorn", "config.asgi:application", "--port", str(port), "--timeout-graceful-shutdown", "1"]
    # libpq reads PGAPPNAME: it tells the site's connections from the test's.
    environment = committed_db.environment(PGAPPNAME=APPLICATION)
    with Program("web", *arguments, environment=environment) as web:
        web.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), what="the site answers")
        yield port


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def _listening(port: int, session: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    connection.request("GET", "/events/", headers={"Cookie": cookie, **headers})
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def _event(answer: http.client.HTTPResponse) -> list[str]:
    """The lines of the next event."""
    lines = []
    while line := answer.readline().decode().rstrip("\n"):
        lines.append(line)
    return lines


def test_a_page_hears_its_hints(port: int, committed_db: Database) -> None:
    linus = cast.person("Linus")
    hints._client.cache_clear()
    with _listening(port, _session_of(linus)) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert _event(answer) == ["retry: 2000", "event: ready", "data: {}"]

        hints.tell(user_id=linus.id, kind="ticket", ref="1")

        heard = _event(answer)
    assert heard[1:] == ["event: hint", 'data: {"kind": "ticket", "ref": "1"}']

    hints.tell(user_id=linus.id, kind="ticket", ref="2")
    last = heard[0].removeprefix("id: ")
    with _listening(port, _session_of(linus), **{"Last-Event-ID": last}) as answer:
        _event(answer)
        assert _event(answer)[2] == 'data: {"kind": "ticket", "ref": "2"}'


def test_open_pages_hold_no_database_connection_and_leave_no_valkey_connection(
    port: int, committed_db: Database, valkey: redis.Redis
) -> None:
    sessions = [_session_of(cast.person(f"listener{number}")) for number in range(LISTENERS)]
    streams = [_listening(port, session) for session in sessions]
    for stream in streams:
        _event(stream.__enter__())

    wait_until(lambda: _web_connections(committed_db) == 0, what="no page holds a database connection", within_s=10)
    assert _blocked_readers(valkey) == LISTENERS

    for stream in streams:
        stream.__exit__(None, None, None)
    wait_until(lambda: _blocked_readers(valkey) == 0, what="pages that left are forgotten", within_s=10)


def test_who_is_not_signed_in_hears_nothing(port: int) -> None:
    with _listening(port, "nobody") as answer:
        assert answer.status == 403
        assert answer.headers["Content-Type"] == "application/problem+json"


def _web_connections(database: Database) -> int:
    """Connections of the site to the test's database."""
    with psycopg.connect(database.owner_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = %s",
            [database.name, APPLICATION],
        ).fetchone()
    assert row is not None
    return int(row[0])


def _blocked_readers(valkey: redis.Redis) -> int:
    number = valkey.connection_pool.connection_kwargs["db"]
    return sum(client["cmd"] == "xread" and int(client["db"]) == number for client in valkey.client_list())
