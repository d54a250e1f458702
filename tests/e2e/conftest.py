"""A whole running Obole for each end-to-end test, and people with browsers of their own."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser
from redis import Redis

from tests.databases import Database
from tests.e2e.people import Someone
from tests.e2e.stack import Stack, running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """When a walk fails, the report says where each person stood, what they read, and what the programs logged."""
    report = yield
    if report.when == "call" and report.failed and isinstance(item, pytest.Function):
        for part in item.funcargs.values():
            if isinstance(part, Someone):
                seen = part.page.locator("body").inner_text(timeout=5_000)
                report.sections.append((f"{part.name} at {part.page.url}", seen))
            if isinstance(part, Stack):
                report.sections += [(program.name, program.tail(12)) for program in part.programs]
    return report


@pytest.fixture
def stack(committed_db: Database, valkey: Redis, tmp_path: Path) -> Iterator[Stack]:
    """Sandbox, relay, web, worker and beat on a fresh database."""
    with running(database_url=committed_db.url, redis_url=settings.REDIS_URL, data=tmp_path) as everything:
        yield everything


@pytest.fixture
def ada(browser: Browser, stack: Stack) -> Iterator[Someone]:
    with Someone.visiting(browser, stack, name="Ada Okafor") as person:
        yield person


@pytest.fixture
def linus(browser: Browser, stack: Stack) -> Iterator[Someone]:
    with Someone.visiting(browser, stack, name="Linus Berg") as person:
        yield person


@pytest.fixture
def fin(browser: Browser, stack: Stack) -> Iterator[Someone]:
    with Someone.visiting(browser, stack, name="Fin Moreau") as person:
        yield person


@pytest.fixture
def grace(browser: Browser, stack: Stack) -> Iterator[Someone]:
    with Someone.visiting(browser, stack, name="Grace Lindqvist") as person:
        yield person
