"""Case from the field: a marginal tier is crossed by sales that are priced at the same time."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connections

from config import clock
from ledger import accounts
from ledger.queries import balance_minor
from payouts.balance_transactions.matching import take
from payouts.balance_transactions.operations import import_pages
from payouts.gateway import lookups
from payouts.models import BalanceTransaction, FeeBasis, MirrorState, Sale, SaleState
from tests.databases import Database
from tests.payouts.conftest import Shop
from tests.payouts.field.books import assert_all_is_booked
from tests.payouts.stripe_driver import Sandbox

SALES = 6


@pytest.fixture
def linus(committed_db: Database) -> UUID:
    """Linus, whom every thread sees."""
    return UUID(str(get_user_model().objects.create_user("linus@example.org", display_name="Linus").pk))


def test_marginal_tier_crossing_under_concurrency(
    shop: Shop, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E3: lifetime 49,990.00, then six sales of 20.00 at once: 10.00 at 3%, 110.00 at 20%, whatever their order."""
    ada = shop.payee("Ada")
    FeeBasis.objects.create(payee=ada, policy_slug="ticketed-spaces", currency="USD", lifetime_minor=4_999_000)
    for _ in range(SALES):
        sale = shop.open(ada, price_minor=2000, policy_slug="ticketed-spaces")
        assert sandbox.pay(sale.checkout_url) == 303
    shop.workers.hear()
    with monkeypatch.context() as patched:
        patched.setattr("payouts.balance_transactions.operations.take_imported", lambda *, now: None)
        import_pages(now=clock.now())
    movements = list(BalanceTransaction.objects.filter(type="charge"))
    assert len(movements) == SALES
    assert lookups.balance_transactions().has_more is False

    def alone(movement: BalanceTransaction) -> None:
        try:
            take(movement=movement, now=clock.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(SALES) as pool:
        list(pool.map(alone, movements))
    import_pages(now=clock.now())  # whoever met a lock of another's is taken now
    assert set(Sale.objects.values_list("state", flat=True)) == {SaleState.POSTED}
    total = 30 + 20 * (SALES * 20 - 10)
    assert sum(sale.platform_fee_minor or 0 for sale in Sale.objects.all()) == total
    assert -balance_minor(account=accounts.platform_fee("ticket"), currency="USD") == total
    assert FeeBasis.objects.get().lifetime_minor == 4_999_000 + SALES * 2000
    assert sorted(sale.basis["lifetime_minor"] for sale in Sale.objects.all()) == [
        4_999_000 + number * 2000 for number in range(SALES)
    ]
    assert not BalanceTransaction.objects.exclude(state=MirrorState.POSTED).exists()
    assert_all_is_booked(sandbox)
