"""A shop on a database that commits, and real workers that can be killed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model

from tests.databases import Database
from tests.payouts.conftest import Shop, one_sandbox, sandbox, workers
from tests.payouts.stripe_driver import Sandbox, Workers
from tests.processes import Program

__all__ = ["one_sandbox", "sandbox", "workers"]

StartWorker = Callable[[], Program]


@pytest.fixture
def shop(committed_db: Database, sandbox: Sandbox, workers: Workers) -> Shop:
    """The shop, in a database of its own."""
    linus = get_user_model().objects.create_user("linus@example.org", display_name="Linus")
    return Shop(sandbox=sandbox, workers=workers, linus_id=UUID(str(linus.pk)))


def process_environment(database: Database, sandbox: Sandbox, data: Path, **more: str) -> dict[str, str]:
    """What our processes need to work on this database with this sandbox."""
    return database.environment(
        STRIPE_API_BASE=sandbox.url,
        CLOCK_URL=f"{sandbox.url}/_sandbox/clock",
        SWEEP_EVERY_S="0.5",
        DATA_DIR=str(data),
        **more,
    )


@pytest.fixture
def start_worker(committed_db: Database, sandbox: Sandbox, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a real Celery worker; beat runs beside it from the first one on."""
    environment = process_environment(committed_db, sandbox, tmp_path)
    with ExitStack() as ending:

        def start() -> Program:
            worker = Program(
                "worker", "-m", "celery", "-A", "config", "worker", "--concurrency", "1", environment=environment
            )
            return ending.enter_context(worker)

        ending.enter_context(Program("beat", "-m", "celery", "-A", "config", "beat", environment=environment))
        yield start
