"""Where stories are played: how each begins, set up once and copied for every one.

The cast's rows stay in an outer transaction that every story rolls back to, and the sandbox's file is copied.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from pytest_django import Settings

from config import clock
from payouts.models import Sale
from payouts.runs.operations import release_due, settle_due
from tests.payouts.conftest import Shop
from tests.payouts.field.cast import Cast, gather
from tests.payouts.field.world import SETTLEMENT, World
from tests.payouts.sandbox.local import Local
from tests.payouts.saved import ALWAYS_ASKS, DECLINED_LATER, save_card
from tests.payouts.stripe_driver import PAYS, Sandbox, Workers

PACK: dict[str, Any] = {"product": "stars", "price_minor": 1100, "wallet_minor": 1000, "policy_slug": "obole-standard"}
REFUNDED_AT_A_WARNING = {"USD": 2500, "EUR": 777}
"""More than that, and other currencies, are left to finance."""
BANKS = ["000123456789", "000111111116", "000999999991"]


def set_up(sandbox: Sandbox, linus_id: UUID) -> Cast:
    """How every story begins: Ada's bank works, Edith's refuses, Grace's sends everything back.

    Some money is free, one payment is disputed, and the cast has its room, months and gift.
    """
    sandbox.control("settings", settlement_currencies=[code.lower() for code in SETTLEMENT])
    workers = Workers(sandbox)
    shop = Shop(sandbox=sandbox, workers=workers, linus_id=linus_id)
    payees = [
        shop.payee(name, account_number=bank) for name, bank in zip(["Ada", "Edith", "Grace"], BANKS, strict=True)
    ]
    for number in (PAYS, DECLINED_LATER, ALWAYS_ASKS):
        save_card(sandbox, workers, linus_id, number=number)
    cast = gather(payees, linus_id, sandbox, workers)
    for shares in (payees[:1], payees[1:], payees):
        assert sandbox.pay(shop.open(*shares, price_minor=2500).checkout_url) == 303
    assert sandbox.pay(shop.open(**PACK).checkout_url) == 303
    workers.turn()
    now = sandbox.advance(days=4)
    settle_due(now=now)
    release_due(now=now)
    sale = Sale.objects.filter(product="ticket").earliest("opened_at", "id")
    sandbox.control(f"objects/{sale.charge_id}/act", action="dispute")
    return cast


class Stage:
    """Makes worlds: the template is set up by the first, each run gets a copy."""

    def __init__(self, folder: Path, settings: Settings, build: Callable[[Sandbox], Cast]) -> None:
        self.template = folder / "template.sqlite3"
        self.settings = settings
        settings.EARLY_FRAUD_REFUND_MAX = REFUNDED_AT_A_WARNING
        self.folder = folder
        self.runs = 0
        with self._running(self.template) as local:
            self.cast = build(Sandbox(local.url))

    @contextmanager
    def _running(self, data: Path) -> Iterator[Local]:
        with Local(data) as local:
            self.settings.STRIPE_API_BASE = local.url
            self.settings.CLOCK_URL = f"{local.url}/_sandbox/clock"
            clock.now(fresh=True)
            try:
                yield local
            finally:
                clock._offset.__init__()  # type: ignore[misc]  # the next test starts in real time

    @contextmanager
    def run(self) -> Iterator[World]:
        """A world that leaves nothing behind."""
        self.runs += 1
        copy = self.folder / f"run-{self.runs}.sqlite3"
        shutil.copy(self.template, copy)
        atomic = transaction.atomic()
        atomic._from_testcase = True  # type: ignore[attr-defined]  # else `durable` would refuse to run inside
        with self._running(copy) as local, atomic:
            world = World(local, self.cast.payees)
            world.skip_news()
            yield world
            transaction.set_rollback(True)
        copy.unlink()
