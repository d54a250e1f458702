"""Fixtures that every test may use: databases, Valkey, the browser, Hypothesis profiles."""

import os
import shutil
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.databases import Database, Server, empty_valkey, running_server

REFUSED_FIXTURES = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}
REFUSAL = (
    "is refused: it would empty tables by TRUNCATE, which the ledger forbids. "
    "Use the fixture `committed_db`, a fresh database of the test's own"
)
# Each of these starts all of Obole: two at once would make each other slow, so one worker takes them one by one.
WHOLE_STACKS = ("tests/e2e", "tests/unit/test_demo_runner")
SLOWEST_FIRST = (
    *WHOLE_STACKS, "tests/rooms/relay/test_chromium", "tests/chaos", "tests/unit/test_embedded",
    "tests/rooms/recordings/test_browser", "tests/rooms/studio/test_browser", "tests/rooms/pages/test_",
    "tests/payouts/field",
)  # fmt: skip
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

# Time limits per example say more about the machine than about the code.
_PATIENT = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("short", _PATIENT, max_examples=40)
hypothesis_settings.register_profile("again", _PATIENT, max_examples=10)  # on the second PostgreSQL
hypothesis_settings.register_profile("soak", _PATIENT, max_examples=2000)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse what cannot work on an append-only ledger, and start with the files that take a minute each.

    A worker takes a file at a time: one that begins a long file last keeps all the others idle.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(SLOWEST_FIRST))
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and (marker.args or marker.kwargs.get("transaction") or marker.kwargs.get("reset_sequences")):
            raise pytest.UsageError(f"{item.nodeid}: django_db(transaction=True) {REFUSAL}")
        refused = REFUSED_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if refused:
            raise pytest.UsageError(f"{item.nodeid}: {min(refused)} {REFUSAL}")
        case = getattr(item, "cls", None)
        if case and issubclass(case, TransactionTestCase) and not hasattr(case, "setUpTestData"):
            raise pytest.UsageError(f"{item.nodeid}: TransactionTestCase {REFUSAL}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """A file to a worker, in our order (xdist keeps files with few, long tests for the end); whole stacks to one."""
    config.option.loadscopereorder = False
    scheduling = LoadFileScheduling(config, log)
    file_of = scheduling._split_scope

    def split_scope(nodeid: str) -> str:
        return "whole stacks" if nodeid.startswith(WHOLE_STACKS) else str(file_of(nodeid))

    scheduling._split_scope = split_scope
    return scheduling


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    """PostgreSQL, started when the first test needs it."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker, database_server: Server
) -> Iterator[None]:
    """Point Django at a clone of the migrated template, for all rollback tests of this process."""
    database = database_server.clone()
    point_django_at(database.name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    database_server.drop(database)


@pytest.fixture
def committed_db(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker, database_server: Server
) -> Iterator[Database]:
    """A fresh database for a test that commits, or works from several connections, threads or processes.

    `.url` and `.owner_url` are for other processes, `.environment()` holds all that they need.
    """
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        pytest.fail("a test takes either `db` (rolled back) or `committed_db`, not both", pytrace=False)
    database = database_server.clone()
    with django_db_blocker.unblock():
        before = point_django_at(database.name)
        try:
            yield database
        finally:
            point_django_at(before)
            database_server.drop(database)


@pytest.fixture
def valkey(database_server: Server) -> Iterator[redis.Redis]:
    """A client of this process's own Valkey database, empty when the test begins."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        empty_valkey(client)
        yield client


@pytest.fixture(autouse=True)
def _fresh_services(request: pytest.FixtureRequest) -> None:
    """A test with a database starts with an empty cache; the marker `committed_db` stands for the fixture."""
    if request.node.get_closest_marker("committed_db"):
        request.getfixturevalue("committed_db")
    names = {"db", "committed_db"}.intersection(request.fixturenames)
    if names or request.node.get_closest_marker("django_db") or request.node.get_closest_marker("committed_db"):
        request.getfixturevalue("valkey")


def chromium_path() -> str | None:
    """Where Chromium is."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; REQUIRE_BROWSER=1 makes its absence a failure."""
    path = chromium_path()
    if path is None:
        message = "no Chromium found: `apt-get install chromium`, or set CHROMIUM to its path"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    # Playwright's event loop lives in this thread, and Django would refuse the ORM beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            launched = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
            yield launched
            launched.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def point_django_at(name: str) -> str:
    """Make every connection that Django opens from now on use database `name`; gives the name used before."""
    connections.close_all()
    used = connections.settings["default"]
    before, used["NAME"] = str(used["NAME"]), name
    connections["default"].settings_dict["NAME"] = name
    return before
