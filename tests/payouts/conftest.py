"""The sandbox, Obole's workers turned by hand, and the fixed cast."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from config import clock
from payouts.models import Payee, Sale
from payouts.payees.operations import onboarding_url, open_payee
from payouts.sales.operations import ShareSpec, open_sale, start_checkout
from tests.finance import in_finance
from tests.payouts.disputes.court import Court
from tests.payouts.stripe_driver import Sandbox, Workers, running_sandbox


@pytest.fixture(scope="session")
def one_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The process that all tests of this worker use, one after another: starting one costs more than most tests."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(one_sandbox: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    """An empty sandbox, that Obole's gateway and clock are pointed at."""
    one_sandbox.control("reset")
    settings.STRIPE_API_BASE = one_sandbox.url
    settings.CLOCK_URL = f"{one_sandbox.url}/_sandbox/clock"
    clock.now(fresh=True)
    yield one_sandbox
    clock._offset.__init__()  # type: ignore[misc]  # the next test starts in real time


@pytest.fixture
def workers(sandbox: Sandbox) -> Workers:
    """The workers."""
    return Workers(sandbox)


@dataclass
class Shop:
    """Sells tickets of Ada's to Linus, through Stripe."""

    sandbox: Sandbox
    workers: Workers
    linus_id: UUID

    def payee(self, name: str, **bank: str) -> Payee:
        """A payee who went through onboarding."""
        now = clock.now()
        payee = open_payee(user_id=None, display_name=name, email=f"{name.lower()}@example.org", country="US", now=now)
        url = onboarding_url(
            payee_id=payee.id, return_url="http://testserver/back", refresh_url="http://testserver/again", now=now
        )
        assert self.sandbox.onboard(url, **bank) == 303
        self.workers.call()
        self.workers.hear()
        return Payee.objects.get(id=payee.id)

    def open(self, *payees: Payee, price_minor: int = 1000, hold: timedelta = timedelta(days=3), **more: Any) -> Sale:
        """An open sale with its Checkout Session."""
        now = clock.now()
        wanted: dict[str, Any] = {
            "product": "ticket",
            "subject": f"ticket:{uuid4()}",
            "title": "Notes on the Analytical Engine",
            "buyer_id": self.linus_id,
            "buyer_email": "linus@example.org",
            "price_minor": price_minor,
            "currency": "USD",
            "shares": [ShareSpec(payee_id=payee.id, weight=1) for payee in payees],
            "policy_slug": "obole-standard",
            "hold_until": now + hold,
            "seat_hold_until": now + timedelta(minutes=15),
            "return_url": "http://testserver/tickets/1/",
            "cancel_url": "http://testserver/rooms/1/",
            "now": now,
        }
        sale = open_sale(**wanted | more)
        return start_checkout(sale_id=sale.id)

    def sell(self, *payees: Payee, **more: Any) -> Sale:
        """A sale that Linus paid and that all events have told about."""
        sale = self.open(*payees, **more)
        assert self.sandbox.pay(sale.checkout_url) == 303
        self.workers.turn()
        sale.refresh_from_db()
        return sale


@pytest.fixture
def linus(db: None) -> UUID:
    """Linus listens."""
    person = get_user_model().objects.create_user("linus@example.org", display_name="Linus")
    return UUID(str(person.pk))


@pytest.fixture
def shop(sandbox: Sandbox, workers: Workers, linus: UUID) -> Shop:
    """The shop."""
    return Shop(sandbox=sandbox, workers=workers, linus_id=linus)


@pytest.fixture
def ada(shop: Shop) -> Payee:
    """Ada hosts, and can be paid."""
    return shop.payee("Ada")


@pytest.fixture
def grace(shop: Shop) -> Payee:
    """Grace co-hosts, and can be paid."""
    return shop.payee("Grace")


@pytest.fixture
def court(sandbox: Sandbox, workers: Workers) -> Court:
    """The bank, which opens disputes and decides them."""
    return Court(sandbox=sandbox, workers=workers)


@pytest.fixture
def fin(db: None) -> Iterator[Client]:
    """Fin does finance, with a second factor."""
    person = in_finance(get_user_model().objects.create_user("fin@example.org", display_name="Fin", is_staff=True))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client = Client()
    client.force_login(person)
    yield client
    client.logout()
