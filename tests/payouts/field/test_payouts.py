"""Cases from the field about payouts, each exact to the cent and proved against the sandbox's balance."""

from datetime import timedelta

import pytest

from config import clock
from ledger import accounts
from ledger.operations import post
from payouts.models import CallState, Payee, Payout, PayoutState, StripeCall
from payouts.models.call import OPEN_STATES
from payouts.outbox import operations as outbox
from payouts.runs import postings
from payouts.runs.operations import run_payouts
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked, balance
from tests.payouts.stripe_driver import Sandbox, Workers

FAILS_AFTER_PAID = "000999999991"

SENT = [
    ("payout.reserved", "payable:ada:available", 911),
    ("payout.reserved", "payable:ada:in_transit", -911),
    ("payout.transferred", "stripe:connected:ada", 911),
    ("payout.transferred", "stripe:available", -911),
]
PAID = [
    ("payout.paid", "payable:ada:in_transit", 911),
    ("payout.paid", "stripe:connected:ada", -911),
]
OWED_AGAIN = [
    ("payout.failed", "payable:ada:in_transit", 911),
    ("payout.failed", "payable:ada:available", -911),
]


def arrive(sandbox: Sandbox, workers: Workers) -> None:
    """The days that the bank takes, and what Stripe tells of them."""
    sandbox.advance(days=3)
    workers.turn()


@pytest.mark.parametrize("operation", ["transfer.create", "payout.create"])
def test_time_out_retry_after_a_day(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, operation: str
) -> None:
    """Done at Stripe, the answer lost, the key forgotten by the time of the retry: listed, matched, not repeated."""
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    sandbox.fault("timeout_after", "POST /v1/transfers" if operation == "transfer.create" else "POST /v1/payouts")
    workers.call()
    call = StripeCall.objects.get(operation=operation)
    assert call.state == CallState.SENT
    sandbox.control("idempotency_keys/expire")
    StripeCall.objects.filter(id=call.id).update(
        first_sent_at=clock.real_now() - timedelta(hours=25), next_attempt_at=clock.real_now()
    )
    workers.call()
    call.refresh_from_db()
    assert (call.state, call.generation) == (CallState.DONE, 1)
    arrive(sandbox, workers)
    payout = Payout.objects.get()
    assert entries_of(payout.ledger_subject, ada=ada.id) == SENT + PAID
    assert [each.amount for each in sandbox.client.v1.transfers.list().data] == [911]
    assert sandbox.balance() == {"USD": (30, 0)}
    assert sandbox.balance(ada.stripe_account_id) == {}
    assert_all_is_booked(sandbox)


def test_rejected_transfer_compensated_same_key_again(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    """Stripe says no: owed again, once. The key that was refused moves nothing when it is sent or posted again."""
    shop.sell(ada)
    now = sandbox.advance(days=4)
    run_payouts(now=now)
    taken = sandbox.client.v1.transfers.create(
        {"amount": 900, "currency": "usd", "destination": ada.stripe_account_id}
    )
    workers.call()
    refused = StripeCall.objects.get(operation="transfer.create")
    payout = Payout.objects.get()
    assert (refused.state, payout.state, payout.failure_code) == (
        CallState.FAILED, PayoutState.FAILED, "balance_insufficient",
    )  # fmt: skip
    assert entries_of(payout.ledger_subject, ada=ada.id) == SENT[:2] + OWED_AGAIN

    sandbox.client.v1.transfers.reversals.create(taken.id)
    outbox.deliver(call_id=refused.id)  # a late wake-up of the refused call
    assert payout.failed_at is not None
    replayed = post(posting=postings.owed_again(payout=payout, at=payout.failed_at))
    assert replayed.replayed
    assert entries_of(payout.ledger_subject, ada=ada.id) == SENT[:2] + OWED_AGAIN
    assert balance(accounts.payable(ada.id, "available")) == -911

    run_payouts(now=now + timedelta(days=1))
    workers.call()
    again = Payout.objects.exclude(id=payout.id).get()
    keys = StripeCall.objects.filter(operation="transfer.create").values_list("idempotency_key", flat=True)
    assert len(set(keys)) == 2
    assert entries_of(again.ledger_subject, ada=ada.id) == SENT
    assert [each.amount for each in sandbox.client.v1.transfers.list().data] == [911, 900]
    assert balance(accounts.payable(ada.id, "available")) == 0
    assert sandbox.balance() == {"USD": (30, 0)}
    assert not StripeCall.objects.filter(state__in=OPEN_STATES).exists()


def test_payout_paid_then_failed(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    """The bank sends back what it had taken; the next run pays it again, to a bank that keeps it."""
    ada = shop.payee("Ada", account_number=FAILS_AFTER_PAID)
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.call()
    arrive(sandbox, workers)
    assert Payout.objects.get().state == PayoutState.PAID
    assert balance(accounts.connected(ada.id)) == 0
    arrive(sandbox, workers)
    payout = Payout.objects.get()
    assert payout.state == PayoutState.FAILED
    assert payout.failure_reason
    assert entries_of(payout.ledger_subject, ada=ada.id) == [
        *SENT,
        *PAID,
        ("payout.returned_by_bank", "stripe:connected:ada", 911),
        ("payout.returned_by_bank", "payable:ada:in_transit", -911),
        *OWED_AGAIN,
        ("payout.transfer_reversed", "stripe:available", 911),
        ("payout.transfer_reversed", "stripe:connected:ada", -911),
    ]
    assert balance(accounts.payable(ada.id, "available")) == -911
    assert sandbox.balance() == {"USD": (941, 0)}
    assert sandbox.balance(ada.stripe_account_id) == {}
    assert_all_is_booked(sandbox)
