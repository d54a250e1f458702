"""E9's other ends: the transfer refused, the payout failed before and after it was paid; runs that overlap."""

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from config import clock
from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from ledger.queries import balance_minor
from payouts.models import CallState, Payee, Payout, PayoutRun, PayoutState, RunState, StripeCall
from payouts.queries import steps_of
from payouts.runs import looking, operations
from payouts.runs.operations import pay, run_payouts
from payouts.tasks import catch_up_events
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe

FAILS = "000111111116"
FAILS_AFTER_PAID = "000999999991"


def available(payee: Payee, currency: str = "USD") -> int:
    return -balance_minor(account=accounts.payable(payee.id, "available"), currency=currency)


def owe(payee: Payee, amount_minor: int, currency: str) -> None:
    """Money owed and available in a currency, as an opening balance."""
    post(
        posting=Posting(
            key=f"opening:{payee.id}:{currency}:{amount_minor}",
            kind="opening",
            legs=(
                debit(accounts.EQUITY_OPENING, amount_minor, currency),
                credit(accounts.payable(payee.id, "available"), amount_minor, currency),
            ),
            effective_at=payee.created_at,
            subject=f"payee:{payee.id}",
        )
    )


def test_a_payout_that_fails_is_owed_again_and_its_transfer_comes_back(
    shop: Shop, sandbox: Sandbox, workers: Workers
) -> None:
    edith = shop.payee("Edith", account_number=FAILS)
    shop.sell(edith)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    sandbox.advance(days=3)
    workers.turn()
    payout = Payout.objects.get()
    assert payout.state == PayoutState.FAILED
    assert payout.failure_reason
    assert entries_of(payout.ledger_subject, edith=edith.id)[4:] == [
        ("payout.failed", "payable:edith:in_transit", 911),
        ("payout.failed", "payable:edith:available", -911),
        ("payout.transfer_reversed", "stripe:available", 911),
        ("payout.transfer_reversed", "stripe:connected:edith", -911),
    ]
    assert available(edith) == 911
    assert ledger_of_stripe() == (941, 0)
    assert sandbox.balance() == {"USD": (941, 0)}
    assert [step.name for step in steps_of(payout_id=payout.id)] == [
        "reserved", "transferred", "sent", "failed", "returned",
    ]  # fmt: skip


def test_news_of_the_failure_before_news_of_the_payment_ends_in_the_same_ledger(
    shop: Shop, sandbox: Sandbox, workers: Workers
) -> None:
    edith = shop.payee("Edith", account_number=FAILS_AFTER_PAID)
    shop.sell(edith)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    sandbox.advance(days=8)
    workers.hear("payout.failed")
    workers.hear("payout.paid")
    workers.turn()
    payout = Payout.objects.get()
    assert (payout.state, payout.paid_at) == (PayoutState.FAILED, None)
    assert available(edith) == 911
    assert balance_minor(account=accounts.connected(edith.id), currency="USD") == 0
    assert ledger_of_stripe() == (941, 0)
    assert sandbox.balance() == {"USD": (941, 0)}


def test_a_failure_whose_event_is_lost_for_good_is_found_by_looking_and_booked_like_its_event(
    shop: Shop, sandbox: Sandbox, workers: Workers
) -> None:
    edith = shop.payee("Edith", account_number=FAILS_AFTER_PAID)
    shop.sell(edith)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    sandbox.advance(days=3)
    workers.hear("payout.paid")
    payout = Payout.objects.get()
    assert payout.state == PayoutState.PAID
    failed_on = clock.now() + timedelta(days=2)
    now = sandbox.advance(days=45)
    sandbox.fault("server_error", "GET /v1/payouts", count=1)
    catch_up_events()
    payout.refresh_from_db()
    assert payout.state == PayoutState.PAID
    assert looking.look(now=now, pages_max=1) == [payout.id]
    workers.call()
    payout.refresh_from_db()
    assert (payout.state, payout.check_at) == (PayoutState.FAILED, None)
    assert payout.failed_at is not None
    assert payout.failed_at.date() <= failed_on.date()
    booked = entries_of(payout.ledger_subject, edith=edith.id)
    assert booked[4:] == [
        ("payout.paid", "payable:edith:in_transit", 911),
        ("payout.paid", "stripe:connected:edith", -911),
        ("payout.returned_by_bank", "stripe:connected:edith", 911),
        ("payout.returned_by_bank", "payable:edith:in_transit", -911),
        ("payout.failed", "payable:edith:in_transit", 911),
        ("payout.failed", "payable:edith:available", -911),
        ("payout.transfer_reversed", "stripe:available", 911),
        ("payout.transfer_reversed", "stripe:connected:edith", -911),
    ]
    workers.turn()  # the event comes all the same
    assert looking.look(now=now, pages_max=1) == []
    assert entries_of(payout.ledger_subject, edith=edith.id) == booked
    assert available(edith) == 911
    assert ledger_of_stripe() == (941, 0)


def test_a_payout_is_looked_at_until_nothing_can_come_any_more(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    payout = Payout.objects.get()
    assert looking.look(now=sandbox.advance(days=3), pages_max=1) == []
    payout.refresh_from_db()
    assert payout.state == PayoutState.SENT  # its news may still come
    assert looking.look(now=sandbox.advance(days=3), pages_max=1) == [payout.id]
    payout.refresh_from_db()
    assert payout.paid_at is not None
    assert (payout.state, payout.paid_at.date()) == (PayoutState.PAID, payout.arrives_on)
    for days in (10, 40):
        assert payout.check_at == payout.paid_at + timedelta(days=days)
        assert looking.look(now=payout.check_at, pages_max=1) == []
        payout.refresh_from_db()
    assert (payout.state, payout.check_at) == (PayoutState.PAID, None)
    assert balance_minor(account=accounts.connected(ada.id), currency="USD") == 0


def test_a_refused_transfer_is_owed_again_and_the_next_run_pays_with_a_new_key(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    shop.sell(ada)
    now = sandbox.advance(days=4)
    run_payouts(now=now)
    # Somebody took the money out of the platform's balance by hand.
    sandbox.client.v1.transfers.create({"amount": 900, "currency": "usd", "destination": ada.stripe_account_id})
    workers.call()
    payout = Payout.objects.get()
    assert (payout.state, payout.failure_code) == (PayoutState.FAILED, "balance_insufficient")
    assert entries_of(payout.ledger_subject, ada=ada.id)[2:] == [
        ("payout.failed", "payable:ada:in_transit", 911),
        ("payout.failed", "payable:ada:available", -911),
    ]
    assert available(ada) == 911
    run_payouts(now=now + timedelta(days=1))
    keys = StripeCall.objects.filter(operation="transfer.create").values_list("idempotency_key", flat=True)
    assert len(set(keys)) == 2


def test_a_payout_that_cannot_be_made_brings_its_transfer_back(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    with monkeypatch.context() as broken:
        broken.setattr("payouts.gateway.bodies.bank_payout", lambda **_: '{"amount":100000,"currency":"usd"}')
        workers.call()
    payout = Payout.objects.get()
    assert (payout.state, payout.stripe_payout_id) == (PayoutState.FAILED, "")
    assert available(ada) == 911
    assert ledger_of_stripe() == (941, 0)
    assert sandbox.balance() == {"USD": (941, 0)}


def test_a_day_has_one_run_and_a_payee_one_payout_in_it(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    shop.sell(ada)
    now = sandbox.advance(days=4)
    run = run_payouts(now=now)
    assert run is not None
    assert run.state == RunState.DONE
    assert run_payouts(now=now + timedelta(minutes=1)) is None
    assert pay(run_id=run.id, payee_id=ada.id, currency="USD", now=now) is None
    assert Payout.objects.count() == 1


def test_a_run_that_died_goes_on_where_it_stopped(shop: Shop, ada: Payee, grace: Payee, sandbox: Sandbox) -> None:
    shop.sell(ada)
    shop.sell(grace)
    now = sandbox.advance(days=4)
    run = run_payouts(now=now)
    assert run is not None
    before = set(Payout.objects.values_list("id", flat=True))
    PayoutRun.objects.update(state=RunState.RUNNING, finished_at=None)
    assert run_payouts(now=now) == run
    assert set(Payout.objects.values_list("id", flat=True)) == before
    assert len(before) == 2


def test_nobody_is_paid_who_must_not_be(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, settings: Settings
) -> None:
    shop.sell(ada, price_minor=400)
    now = sandbox.advance(days=4)
    run_payouts(now=now)
    assert not Payout.objects.exists()  # below the minimum of 5.00
    settings.PAYOUT_MINIMUM_MINOR = 100
    Payee.objects.update(transfers_state="restricted")
    run_payouts(now=now + timedelta(days=1))
    assert not Payout.objects.exists()
    Payee.objects.update(transfers_state="active", payouts_manual_at=None)
    run_payouts(now=now + timedelta(days=2))
    assert not Payout.objects.exists()  # Stripe might sweep the transfer by itself
    Payee.objects.update(payouts_manual_at=now)
    run_payouts(now=now + timedelta(days=3))
    assert Payout.objects.get().amount_minor == 346


def test_e12_forints_leave_in_whole_units_and_the_rest_stays_owed(shop: Shop, ada: Payee) -> None:
    owe(ada, 123_456, "HUF")
    run_payouts(now=ada.created_at)
    payout = Payout.objects.get()
    assert (payout.amount_minor, payout.currency) == (123_400, "HUF")
    assert available(ada, "HUF") == 56
    assert '"amount":123400' in StripeCall.objects.get(operation="transfer.create").body


def test_a_payout_on_its_way_back_keeps_the_next_run_waiting(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    edith = shop.payee("Edith", account_number=FAILS)
    shop.sell(edith)
    now = sandbox.advance(days=4)
    run_payouts(now=now)
    workers.call()
    now = sandbox.advance(days=3)
    workers.hear("payout.failed")
    assert Payout.objects.get().state == PayoutState.RETURNING
    run_payouts(now=now)
    assert Payout.objects.count() == 1
    workers.call()
    assert StripeCall.objects.get(operation="transfer.reverse").state == CallState.DONE
    run_payouts(now=now + timedelta(days=1))
    assert Payout.objects.count() == 2


def test_one_payee_who_cannot_be_paid_does_not_keep_the_others_waiting(
    shop: Shop, ada: Payee, grace: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sell(ada)
    shop.sell(grace)
    now = sandbox.advance(days=4)

    def fail_for_ada(payout: Payout, *, now: datetime) -> None:
        if payout.payee_id == ada.id:
            raise RuntimeError("a bug")
        request(payout, now=now)

    request = operations._request_transfer
    with monkeypatch.context() as broken:
        broken.setattr(operations, "_request_transfer", fail_for_ada)
        run = run_payouts(now=now)
    assert run is not None
    assert run.state == RunState.RUNNING
    assert Payout.objects.get().payee == grace
    assert (available(ada), available(grace)) == (911, 0)
    assert run_payouts(now=now) == run
    assert PayoutRun.objects.get().state == RunState.DONE
    assert (available(ada), available(grace)) == (0, 0)
