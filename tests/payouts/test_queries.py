"""What pages ask, exact, with known query counts."""

from datetime import UTC, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts.models import Payee, Payout
from payouts.queries import earnings, paid_out, payouts_of, sales_of, steps_of, worker_seen_at
from payouts.runs.operations import run_payouts
from payouts.sales.queries import explain_sale, quote
from payouts.sales.shares import ShareSpec
from payouts.tasks import heartbeat
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_quote_says_who_gets_what_before_paying(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ada = ShareSpec(payee_id=Payee().id)
    with django_assert_num_queries(0):
        told = quote(price_minor=1000, currency="USD", shares=[ada], policy_slug="obole-standard", now=NOW)
    assert (told.charge_minor, told.platform_fee_minor, told.processing_fee_minor) == (1000, 30, 59)
    assert [(part.payee_id, part.amount_minor) for part in told.shares] == [(ada.payee_id, 911)]
    assert (told.policy_version, told.may_move) == (1, False)
    with django_assert_num_queries(1):
        tiered = quote(price_minor=1000, currency="USD", shares=[ada], policy_slug="ticketed-spaces", now=NOW)
    assert tiered.may_move is True


def test_earnings_follow_the_money(
    shop: Shop,
    ada: Payee,
    sandbox: Sandbox,
    workers: Workers,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def amounts() -> list[int]:
        with django_assert_num_queries(2):
            (usd,) = earnings(payee_id=ada.id)
        return [usd.pending_minor, usd.available_minor, usd.in_transit_minor, usd.paid_minor]

    assert earnings(payee_id=ada.id) == []
    shop.sell(ada)
    assert amounts() == [911, 0, 0, 0]
    run_payouts(now=sandbox.advance(days=4))
    assert amounts() == [0, 0, 911, 0]
    workers.call()
    sandbox.advance(days=3)
    workers.turn()
    assert amounts() == [0, 0, 0, 911]
    assert paid_out(payee_id=ada.id) == {"USD": 911}
    with django_assert_num_queries(1):
        assert [share.sale.price_minor for share in sales_of(payee_id=ada.id)] == [1000]
    with django_assert_num_queries(1):
        assert [(payout.amount_minor, payout.run.state) for payout in payouts_of(payee_id=ada.id)] == [(911, "done")]


def test_a_sale_explains_itself_down_to_the_charge_and_up_to_the_payout(
    shop: Shop,
    ada: Payee,
    sandbox: Sandbox,
    workers: Workers,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    opened = shop.open(ada)
    before = explain_sale(sale_id=opened.id)
    assert (before.is_final, before.entries, before.carried_by) == (False, (), ())
    sale = shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    with django_assert_num_queries(5):
        told = explain_sale(sale_id=sale.id)
    assert told.is_final
    assert (told.gross_minor, told.processing_fee_minor, told.platform_fee_minor) == (1000, 59, 30)
    assert [part.amount_minor for part in told.shares] == [911]
    assert told.policy_title == "Obole: 3%, the creator bears card processing"
    assert told.balance_transaction is not None
    assert told.balance_transaction.source_id == sale.charge_id
    assert [entry.key for entry in told.entries] == (
        [f"charge:{sale.charge_id}"] * 6 + [f"settle:{sale.balance_transaction_id}"] * 2 + [f"release:{sale.id}"] * 2
    )
    assert [carried.payout_id for carried in told.carried_by] == [Payout.objects.get().id]
    assert sum(line.amount_minor for line in told.formula if line.label != "Price") == 1000


def test_steps_to_come_are_shown_with_the_day_expected(
    shop: Shop,
    ada: Payee,
    sandbox: Sandbox,
    workers: Workers,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    payout = Payout.objects.get()
    with django_assert_num_queries(1):
        steps = steps_of(payout_id=payout.id)
    assert [(step.name, step.at is not None) for step in steps] == [
        ("reserved", True),
        ("transferred", True),
        ("sent", True),
        ("paid", False),
    ]
    assert steps[3].expected_on == payout.arrives_on
    assert steps[1].reference == payout.transfer_id


@pytest.mark.django_db
def test_a_heartbeat_is_seen() -> None:
    assert worker_seen_at() is None
    before = clock.real_now()
    heartbeat()
    heartbeat(of_a="later version")
    seen_at = worker_seen_at()
    assert seen_at is not None
    assert seen_at >= before
