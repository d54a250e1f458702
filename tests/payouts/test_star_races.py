"""Many give from one wallet at the same time: never more than there is, and wallet and ledger stay equal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.db import connections

from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from ledger.queries import balance_minor
from payouts.errors import NotEnoughStarsError
from payouts.models import Payee, StarSpend, Wallet
from payouts.sales.shares import ShareSpec
from payouts.wallets.operations import spend
from tests.databases import Database

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
THREADS, EACH, STARS = 8, 5, 1000


def test_a_wallet_is_never_overdrawn(committed_db: Database) -> None:
    """Forty gifts of 70 want 2,800 of 1,000 Stars: fourteen are given."""
    user_id = UUID(str(get_user_model().objects.create_user("linus@example.org", display_name="Linus").pk))
    payee = Payee.objects.create(display_name="Ada", email="a@b.example", country="US", created_at=NOW, updated_at=NOW)
    legs = (debit("stripe:pending", STARS, "USD"), credit(accounts.wallet(user_id), STARS, "USD"))
    post(posting=Posting(key="charge:ch_1", kind="sale", legs=legs, effective_at=NOW, subject="sale:1"))
    Wallet.objects.create(user_id=user_id, bought=STARS, opened_at=NOW)

    def give(_: int) -> int:
        given = 0
        for _ in range(EACH):
            try:
                spend(
                    user_id=user_id,
                    stars=70,
                    subject=f"tip:{uuid4()}",
                    title="Stars",
                    shares=[ShareSpec(payee_id=payee.id)],
                    hold_until=NOW,
                    now=NOW,
                )
            except NotEnoughStarsError:
                continue
            given += 1
        return given

    assert sum(_at_once(give)) == STARS // 70
    wallet = Wallet.objects.get()
    assert wallet.balance == STARS % 70
    assert -balance_minor(account=accounts.wallet(user_id), currency="USD") == wallet.balance
    assert -balance_minor(account=accounts.payable(payee.id, "pending"), currency="USD") == wallet.spent
    spends = StarSpend.objects.order_by("start").values_list("start", "stop")
    assert [start for start, _ in spends] == list(range(0, wallet.spent, 70))


def _at_once(work: Callable[[int], Any]) -> list[Any]:
    def alone(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(alone, range(THREADS)))
