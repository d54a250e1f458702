"""Differences between Stripe and the books: each found once, to the cent, and gone by itself when it is gone."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from config import clock
from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from ledger.queries.rows import rows
from payouts.models import (
    BalanceTransaction,
    BreakKind,
    MirrorState,
    Payee,
    ReconciliationBreak,
    ReconciliationCursor,
)
from payouts.reconciliation.operations import GRACE, Report, reconcile
from payouts.runs.operations import release_due, run_payouts
from tests.databases import Database
from tests.ledger.cast import wait_until
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers

NONE = timedelta(0)
NOT_YET = """
SELECT count(*) FROM ledger_transaction t, ledger_book b
WHERE (t.epoch, t.xact) >= (b.epoch, pg_snapshot_xmin(pg_current_snapshot()))
"""


@pytest.fixture
def shop(committed_db: Database, sandbox: Sandbox, workers: Workers) -> Shop:
    """In a database of its own: the ledger is followed only through what is committed."""
    linus = get_user_model().objects.create_user("linus@example.org", display_name="Linus")
    return Shop(sandbox=sandbox, workers=workers, linus_id=UUID(str(linus.pk)))


def run(grace: timedelta = NONE) -> Report:
    """Once no older transaction of the whole server is open, below which the ledger is not followed."""
    wait_until(lambda: rows(NOT_YET, []) == [(0,)])
    return reconcile(now=clock.now(), grace=grace)


def found(report: Report) -> list[tuple[str, int, str]]:
    return [(each.kind, each.amount_minor, each.movement_id or each.posting_key) for each in report.breaks]


def by_hand(amount_minor: int, *, key: str = "hand:1") -> None:
    """Somebody posts to Stripe's balance without Stripe."""
    towards, away = (debit, credit) if amount_minor > 0 else (credit, debit)
    post(
        posting=Posting(
            key=key, kind="correction", effective_at=clock.now(), subject="hand:1", description="By hand",
            legs=(
                towards(accounts.STRIPE_AVAILABLE, abs(amount_minor), "USD"),
                away(accounts.SUSPENSE, abs(amount_minor), "USD"),
            ),
        )
    )  # fmt: skip


@pytest.mark.committed_db
def test_nothing_at_all_agrees(sandbox: Sandbox) -> None:
    report = run()
    assert list(report.breaks) == []
    assert [(total.stripe_available_minor, total.ledger_available_minor) for total in report.totals] == [(0, 0)]


def test_sales_settlements_and_payouts_agree_at_every_stage(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    shop.sell(ada)
    assert found(run()) == []
    release_due(now=sandbox.advance(days=4))
    assert found(run()) == []
    run_payouts(now=clock.now())
    workers.turn()
    report = run()
    assert found(report) == []
    assert [(total.stripe_available_minor, total.ledger_available_minor) for total in report.totals] == [(30, 30)]
    assert not BalanceTransaction.objects.filter(reconciled_at__isnull=True).exists()


def test_a_movement_without_posting_is_a_row_with_its_age_until_it_is_posted(
    shop: Shop, ada: Payee, sandbox: Sandbox
) -> None:
    shop.sell(ada)
    sandbox.client.v1.payment_intents.create(
        {"amount": 700, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
         "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    )  # fmt: skip
    assert found(run(grace=GRACE)) == []  # young: its sale might still become known
    sandbox.advance(days=1)
    report = run(grace=GRACE)
    movement = BalanceTransaction.objects.get(amount_minor=700)
    assert found(report) == [(BreakKind.MOVEMENT_WITHOUT_POSTING, 650, movement.id)]
    row = report.breaks[0]
    assert (row.currency, row.since, row.resolved_at) == ("USD", movement.created_at, None)
    assert "made by hand in Stripe's dashboard" in row.cause
    assert [(total.explained_minor, total.unexplained_minor) for total in report.totals] == [(650, 0)]
    assert found(run(grace=GRACE)) == found(report)
    assert ReconciliationBreak.objects.count() == 1

    post(
        posting=Posting(
            key="hand:700", kind="correction", effective_at=movement.created_at, subject="hand:700", description="",
            legs=(debit(accounts.STRIPE_PENDING, 650, "USD"), credit(accounts.SUSPENSE, 650, "USD")),
        )
    )  # fmt: skip
    BalanceTransaction.objects.filter(id=movement.id).update(state=MirrorState.POSTED, posting_key="hand:700")
    assert found(run()) == []
    row.refresh_from_db()
    assert row.resolved_at is not None


def test_a_posting_without_movement_is_a_row(shop: Shop, ada: Payee) -> None:
    shop.sell(ada)
    assert found(run()) == []
    by_hand(-5)
    report = run()
    assert found(report) == [(BreakKind.POSTING_WITHOUT_MOVEMENT, 5, "hand:1")]
    assert "No balance transaction says that it was posted as hand:1" in report.breaks[0].cause
    assert [total.unexplained_minor for total in report.totals] == [0]
    by_hand(5, key="hand:2")  # put right by its opposite: two rows, which a person may close by naming movements
    assert sorted(found(run())) == [
        (BreakKind.POSTING_WITHOUT_MOVEMENT, -5, "hand:2"), (BreakKind.POSTING_WITHOUT_MOVEMENT, 5, "hand:1"),
    ]  # fmt: skip


def test_a_young_posting_has_time_to_get_its_movement(shop: Shop, ada: Payee) -> None:
    shop.sell(ada)
    by_hand(-5)
    report = run(grace=GRACE)
    # The posting is not judged yet, but the totals differ by it already, and that is said.
    assert found(report) == [(BreakKind.BALANCE, 5, "")]
    report = run()
    assert found(report) == [(BreakKind.POSTING_WITHOUT_MOVEMENT, 5, "hand:1")]
    assert ReconciliationBreak.objects.get(kind=BreakKind.BALANCE).resolved_at is not None


@pytest.mark.parametrize(("more", "cause"), [(1, "rounded twice"), (59, "exactly the fee"), (-7, "compare the two")])
def test_a_posting_that_differs_by_a_cent_is_a_row(shop: Shop, ada: Payee, more: int, cause: str) -> None:
    sale = shop.sell(ada)
    movement = BalanceTransaction.objects.get()
    # Stripe's word changes after it was posted, which only a bug or a hand can do.
    BalanceTransaction.objects.update(amount_minor=1000 + more, net_minor=941 + more)
    report = run()
    assert found(report)[0] == (BreakKind.AMOUNT, more, movement.id)
    assert cause in report.breaks[0].cause
    assert report.breaks[0].posting_key == f"charge:{sale.charge_id}"
    # Stripe's balance says that the ledger was right: the rows do not explain it.
    assert found(report)[1:] == [(BreakKind.BALANCE, -more, "")]
    BalanceTransaction.objects.update(amount_minor=1000, net_minor=941)
    assert found(run()) == []


def test_a_movement_whose_posting_never_was_is_a_row(shop: Shop, ada: Payee) -> None:
    shop.sell(ada)
    movement = BalanceTransaction.objects.get()
    BalanceTransaction.objects.update(posting_key="charge:ch_gone")
    report = run()
    assert (BreakKind.MOVEMENT_WITHOUT_POSTING, 941, movement.id) in found(report)
    assert any("which the ledger does not know" in each.cause for each in report.breaks)


def test_the_wrong_side_is_a_row(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    shop.sell(ada)
    post(
        posting=Posting(
            key="settle:early", kind="settlement", effective_at=clock.now(), subject="hand:1", description="",
            legs=(debit(accounts.STRIPE_AVAILABLE, 941, "USD"), credit(accounts.STRIPE_PENDING, 941, "USD")),
        )
    )  # fmt: skip
    report = run()
    assert found(report) == [(BreakKind.SIDE, -941, "")]
    assert "Settled at another time" in report.breaks[0].cause


def test_a_run_reads_what_is_new_and_no_history(
    shop: Shop, ada: Payee, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payouts.reconciliation.operations.BATCH", 2)
    for _ in range(3):
        shop.sell(ada)
    assert found(run()) == []
    place = ReconciliationCursor.objects.get().transaction_id
    assert place > 0
    with django_assert_max_num_queries(40) as few:
        assert found(run()) == []
    assert ReconciliationCursor.objects.get().transaction_id == place
    read = [query["sql"] for query in few.captured_queries if "ledger_entry" in query["sql"]]
    assert all("ledger_tail" in text or "ANY('{}')" in text for text in read)  # the balances; no entry is read again


def test_the_command_prints_a_table_and_exits_by_what_it_found(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    def command(*arguments: str) -> tuple[str, int]:
        out = StringIO()
        try:
            call_command("reconcile", *arguments, "--grace-minutes", "0", stdout=out)
        except SystemExit as ended:
            return out.getvalue(), int(str(ended.code))
        return out.getvalue(), 0

    shop.sell(ada)
    text, code = command()
    assert code == 0
    assert "No differences." in text
    assert "9.41" in text
    by_hand(-5)
    wait_until(lambda: rows(NOT_YET, []) == [(0,)])
    text, code = command()
    assert code == 1
    assert "In the ledger, not at Stripe" in text
    assert "0.05 USD" in text
    text, code = command("--json")
    data = json.loads(text)
    assert code == 1
    assert [(each["kind"], each["amount_minor"], each["posting_key"]) for each in data["breaks"]] == [
        ("posting", 5, "hand:1")
    ]
    assert data["totals"][0]["stripe_pending_minor"] == 941
    sandbox.fault("timeout_before", "GET /v1/balance_transactions", count=9)
    with pytest.raises(CommandError, match="Stripe cannot be reached"):
        call_command("reconcile")
