"""E1, E1b and E9, exact, through the sandbox: the ledger equals Stripe's balance at every stage."""

from datetime import timedelta

import pytest

from payouts.models import Payee, Payout, PayoutState, SaleState
from payouts.runs.operations import release_due, run_payouts, settle_due
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe


def test_e1_posts_once_with_the_real_fee(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sale = shop.sell(ada)
    assert sale.state == SaleState.POSTED
    assert entries_of(sale.ledger_subject, ada=ada.id) == [
        ("sale", "stripe:pending", 1000),
        ("sale", "payable:ada:pending", -911),
        ("sale", "revenue:platform_fee:ticket", -30),
        ("sale", "revenue:processing_recovered", -59),
        ("sale", "expense:processing", 59),
        ("sale", "stripe:pending", -59),
    ]
    assert sandbox.balance() == {"USD": (0, 941)}
    assert ledger_of_stripe() == (0, 941)


def test_e1b_settles_at_available_on_and_releases_when_the_hold_ends(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada, hold=timedelta(days=5))
    now = sandbox.advance(days=3)
    assert settle_due(now=now) == 1
    assert release_due(now=now) == 0
    assert entries_of(sale.ledger_subject, ada=ada.id)[6:] == [
        ("settlement", "stripe:available", 941),
        ("settlement", "stripe:pending", -941),
    ]
    assert ledger_of_stripe() == (941, 0)
    assert sandbox.balance() == {"USD": (941, 0)}
    now = sandbox.advance(days=3)
    assert release_due(now=now) == 1
    assert entries_of(sale.ledger_subject, ada=ada.id)[8:] == [
        ("release", "payable:ada:pending", 911),
        ("release", "payable:ada:available", -911),
    ]
    sale.refresh_from_db()
    assert sale.state == SaleState.RELEASED
    assert (settle_due(now=now), release_due(now=now)) == (0, 0)


def test_e9_pays_the_creator_step_by_step(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    shop.sell(ada)
    run = run_payouts(now=sandbox.advance(days=4))
    assert run is not None
    payout = Payout.objects.get()
    assert (payout.state, payout.amount_minor, payout.currency) == (PayoutState.RESERVED, 911, "USD")

    workers.call()
    payout.refresh_from_db()
    assert payout.state == PayoutState.SENT
    assert ledger_of_stripe() == (30, 0)
    assert sandbox.balance() == {"USD": (30, 0)}

    sandbox.advance(days=3)
    workers.turn()
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert entries_of(payout.ledger_subject, ada=ada.id) == [
        ("payout.reserved", "payable:ada:available", 911),
        ("payout.reserved", "payable:ada:in_transit", -911),
        ("payout.transferred", "stripe:connected:ada", 911),
        ("payout.transferred", "stripe:available", -911),
        ("payout.paid", "payable:ada:in_transit", 911),
        ("payout.paid", "stripe:connected:ada", -911),
    ]
    assert ledger_of_stripe() == (30, 0)
    assert sandbox.balance() == {"USD": (30, 0)}
    assert sandbox.balance(ada.stripe_account_id) == {}


def test_e4_three_co_hosts_share_to_the_cent(shop: Shop, ada: Payee, grace: Payee) -> None:
    edith = shop.payee("Edith")
    sale = shop.sell(ada, grace, edith)
    amounts = [share.amount_minor for share in sale.shares.all()]
    assert sorted(filter(None, amounts)) == [303, 304, 304]
    entries = entries_of(sale.ledger_subject, ada=ada.id, grace=grace.id, edith=edith.id)
    assert [entry[1:] for entry in entries[1:4]] == [
        (f"payable:{name}:pending", -(amount or 0))
        for name, amount in zip(["ada", "grace", "edith"], amounts, strict=True)
    ]


def test_e2_the_payer_covers_processing_under_the_clubhouse_policy(shop: Shop, ada: Payee) -> None:
    sale = shop.sell(ada, price_minor=2500, policy_slug="clubhouse", product="tip")
    assert sale.charge_minor == 2606
    assert entries_of(sale.ledger_subject, ada=ada.id) == [
        ("sale", "stripe:pending", 2606),
        ("sale", "payable:ada:pending", -2500),
        ("sale", "revenue:processing_recovered", -106),
        ("sale", "expense:processing", 106),
        ("sale", "stripe:pending", -106),
    ]


@pytest.mark.parametrize("first", ["charge.succeeded", "checkout.session.completed"])
def test_access_comes_with_whichever_event_is_first(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, first: str
) -> None:
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    workers.hear(first)
    sale.refresh_from_db()
    assert sale.state == SaleState.PAID
    paid_at = sale.paid_at
    workers.hear()
    sale.refresh_from_db()
    assert (sale.state, sale.paid_at) == (SaleState.PAID, paid_at)
    assert sale.charge_id.startswith("ch_")
