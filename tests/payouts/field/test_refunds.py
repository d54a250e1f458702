"""Cases from the field: refunds, exact to the cent, through the sandbox."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections

from config import clock
from ledger import accounts, fees
from ledger.accounts import payable
from payouts.balance_transactions.operations import import_pages
from payouts.errors import (
    BadRefundAmountError,
    DisputeOpenError,
    NothingLeftError,
    OverTheRestError,
    RefundKeyReusedError,
    RefundRefusedError,
    SaleNotPaidError,
    UnknownSaleError,
)
from payouts.inbox import operations as inbox
from payouts.models import (
    BalanceTransaction,
    CallState,
    EventState,
    MirrorState,
    Payee,
    Payout,
    Refund,
    RefundReason,
    RefundState,
    Sale,
    SaleState,
    StripeCall,
    StripeEvent,
)
from payouts.outbox.operations import deliver
from payouts.queries import earnings
from payouts.refunds.operations import ask_refund, send_refund
from payouts.runs.operations import release_due, run_payouts, settle_due
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked, balance
from tests.payouts.field.refunding import LOST, PROCESSING, ask, called, last_entries, refunds_at, reversed_minor
from tests.payouts.stripe_driver import Sandbox, Workers, post_event

REFUNDS = "POST /v1/refunds"
E5_WHOLE = sorted([
    ("payable:ada:pending", 911), ("revenue:platform_fee:ticket", 30), ("revenue:processing_recovered", 59),
    ("stripe:pending", -1000), (LOST, 59), (PROCESSING, -59),
])  # fmt: skip


def test_double_clicked_refund(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]) -> None:
    sale = shop.sell(ada)
    first, second = ask(sale, key="form-1"), ask(sale, key="form-1")
    assert first.id == second.id
    assert Refund.objects.count() == StripeCall.objects.filter(operation="refund.create").count() == 1
    workers.turn()
    assert ask(sale, key="form-1").id == first.id
    assert refunds_at(sandbox, sale) == [1000]
    assert last_entries(sale, "refund", ada) == E5_WHOLE
    assert told.count(("sale.refunded", True)) == 1
    first.refresh_from_db()
    assert (first.state, reversed_minor(sale)) == (RefundState.POSTED, 1000)
    assert_all_is_booked(sandbox)


def test_a_key_is_of_one_refund_only(shop: Shop, ada: Payee) -> None:
    sale = shop.sell(ada)
    ask(sale, 100, key="form-1")
    for other in ({"amount_minor": 200}, {"total_minor": 100}, {}):
        with pytest.raises(RefundKeyReusedError, match="new key"):
            ask(sale, key="form-1", **other)
    assert Refund.objects.count() == 1


def test_refunds_333_333_334(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]) -> None:
    sale = shop.sell(ada)
    parts = []
    for amount in (333, 333, 334):
        codes = [payable(ada.id, "pending"), "revenue:platform_fee:ticket", "revenue:processing_recovered", LOST]
        before = [balance(code) for code in codes]
        ask(sale, amount)
        workers.turn()
        parts.append([balance(code) - old for code, old in zip(codes, before, strict=True)])
        assert_all_is_booked(sandbox)
    assert parts == [[303, 10, 20, 20], [304, 10, 19, 19], [304, 10, 20, 20]]
    assert [full for name, full in told if name == "sale.refunded"] == [False, False, True]
    assert [balance(code) for code in (payable(ada.id, "pending"), LOST, PROCESSING)] == [0, 59, 0]
    assert sandbox.balance() == {"USD": (0, -59)}


def test_creator_bears_the_lost_fee_when_the_stored_policy_says_so(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    basis = sale.basis | {"policy": sale.basis["policy"] | {"lost_fee": "creator"}}
    Sale.objects.filter(id=sale.id).update(basis=basis)
    ask(sale)
    workers.turn()
    assert last_entries(sale, "refund", ada) == [
        ("payable:ada:pending", 970), ("revenue:platform_fee:ticket", 30), ("stripe:pending", -1000),
    ]  # fmt: skip
    assert_all_is_booked(sandbox)
    now = sandbox.advance(days=5)
    settle_due(now=now)
    release_due(now=now)
    assert (balance(payable(ada.id, "pending")), balance(payable(ada.id, "available"))) == (0, 59)
    assert_all_is_booked(sandbox)


def test_second_partial_carrying_a_cumulative_total(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    ask(sale, 400)
    workers.turn()
    ask(sale, total_minor=700)
    workers.turn()
    assert refunds_at(sandbox, sale) == [400, 300]
    told_by_stripe = next(
        event["data"]["object"]["amount_refunded"]
        for event in sandbox.events()[::-1]
        if event["type"] == "charge.refunded"
    )
    assert told_by_stripe == 700
    with pytest.raises(BadRefundAmountError, match="gone back already"):
        ask(sale, total_minor=700)
    with pytest.raises(OverTheRestError) as refused:
        ask(sale, total_minor=1001)
    assert refused.value.left_minor == 300
    assert "3.00 USD is left" in str(refused.value)
    back = [e for e in entries_of(sale.ledger_subject, ada=ada.id) if e[:2] == ("refund", "stripe:pending")]
    assert [amount for *_, amount in back] == [-400, -300]
    assert reversed_minor(sale) == 700
    assert_all_is_booked(sandbox)


def test_refunds_made_in_the_dashboard_land_like_ours(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]
) -> None:
    sale = shop.sell(ada)
    ask(sale, 333)
    workers.turn()
    sandbox.client.v1.refunds.create({"charge": sale.charge_id, "amount": 333})
    workers.turn()
    sandbox.client.v1.refunds.create({"charge": sale.charge_id})
    import_pages(now=clock.now())  # its events are lost
    assert [refund.asked_by for refund in sale.refunds.order_by("asked_at")] == ["user:finance", "stripe", "stripe"]
    assert [full for name, full in told if name == "sale.refunded"] == [False, False, True]
    assert (balance(payable(ada.id, "pending")), balance(LOST)) == (0, 59)
    with pytest.raises(NothingLeftError):
        ask(sale)
    workers.turn()
    assert_all_is_booked(sandbox)


def test_refund_seen_before_its_purchase(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]
) -> None:
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url) == 303
    charge = sandbox.client.v1.charges.list().data[0]
    sandbox.client.v1.refunds.create({"charge": charge.id})
    event = next(event for event in sandbox.events() if event["type"] == "refund.created")
    assert post_event(event).status_code == 200
    assert inbox.process(event_id=event["id"], now=clock.now()) == EventState.WAITING
    assert charge.id in StripeEvent.objects.get(id=event["id"]).last_error
    workers.hear("charge.succeeded", "checkout.session.completed")
    StripeEvent.objects.filter(id=event["id"]).update(next_attempt_at=clock.real_now())
    assert inbox.process(event_id=event["id"], now=clock.now()) == EventState.DONE
    assert [each for each in told if each[0] in {"sale.paid", "sale.refunded"}] == [
        ("sale.paid", None), ("sale.refunded", True),
    ]  # fmt: skip
    workers.turn()
    import_pages(now=sandbox.advance(days=0.001))  # the refund's movement may have come before the charge's
    sale.refresh_from_db()
    assert (sale.state, sale.reversed_minor) == (SaleState.POSTED, 1000)
    assert last_entries(sale, "refund", ada) == E5_WHOLE
    assert_all_is_booked(sandbox)


def test_a_refund_whose_movement_is_imported_before_its_sale_is_posted_waits(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url) == 303
    workers.hear("charge.succeeded")
    sale.refresh_from_db()
    assert sale.state == SaleState.PAID
    ask(sale, 250)
    workers.call()
    import_pages(now=clock.now())
    BalanceTransaction.objects.filter(state=MirrorState.IMPORTED).update(next_attempt_at=clock.now())
    import_pages(now=clock.now())
    sale.refresh_from_db()
    assert (sale.state, sale.reversed_minor) == (SaleState.POSTED, 250)
    workers.turn()
    assert_all_is_booked(sandbox)


def test_refund_after_payout(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    sale = shop.sell(ada)
    run_payouts(now=sandbox.advance(days=5))
    workers.turn()
    run_payouts(now=sandbox.advance(days=1))
    workers.turn()
    assert Payout.objects.get().amount_minor == 911
    ask(sale)
    workers.turn()
    assert ("payable:ada:available", 911) in last_entries(sale, "refund", ada)
    assert earnings(payee_id=ada.id)[0].available_minor == -911
    assert_all_is_booked(sandbox)

    shop.sell(ada, hold=timedelta(0))
    run_payouts(now=sandbox.advance(days=5))
    assert earnings(payee_id=ada.id)[0].available_minor == 0  # netted first
    assert Payout.objects.count() == 1
    shop.sell(ada, hold=timedelta(0))
    run_payouts(now=sandbox.advance(days=5))
    workers.turn()
    assert list(Payout.objects.order_by("reserved_at").values_list("amount_minor", flat=True)) == [911, 911]
    assert_all_is_booked(sandbox)


def test_fee_given_back_directly_and_then_the_sale_refunded(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    sandbox.control(f"objects/{sale.charge_id}/act", action="return_fee")
    workers.turn()
    assert last_entries(sale, "refund.fee_returned", ada) == [(PROCESSING, -59), ("stripe:available", 59)]
    assert_all_is_booked(sandbox)
    ask(sale)
    workers.turn()
    assert last_entries(sale, "refund", ada) == [each for each in E5_WHOLE if each[0] not in {LOST, PROCESSING}]
    for code in (payable(ada.id, "pending"), "revenue:platform_fee:ticket", "revenue:processing_recovered"):
        assert balance(code) == 0
    assert (balance(LOST), balance(PROCESSING)) == (0, 0)
    assert_all_is_booked(sandbox)


def test_fee_given_back_after_the_refund_was_not_lost_after_all(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    ask(sale)
    workers.turn()
    assert (balance(LOST), balance(PROCESSING)) == (59, 0)
    sandbox.control(f"objects/{sale.charge_id}/act", action="return_fee")
    workers.turn()
    assert (balance(LOST), balance(PROCESSING)) == (0, 0)
    assert_all_is_booked(sandbox)


def test_the_fee_that_the_payer_covered_goes_back_first_and_then_the_sale(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada, price_minor=2500, policy_slug="clubhouse", product="tip", subject=f"tip:{uuid4()}")
    assert (sale.charge_minor, sale.processing_recovered_minor) == (2606, 106)
    sandbox.client.v1.refunds.create({"charge": sale.charge_id, "amount": 106})
    workers.turn()
    assert reversed_minor(sale) == 106
    ask(sale, total_minor=2606)
    workers.turn()
    assert refunds_at(sandbox, sale) == [106, 2500]
    assert [balance(code) for code in (payable(ada.id, "pending"), LOST, PROCESSING)] == [0, 106, 0]
    assert_all_is_booked(sandbox)


def test_e11_a_refund_that_settles_at_another_rate(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    sandbox.control("settings", exchange_rates={"eur": 1.08})
    sale = shop.sell(ada, currency="EUR")
    assert (sale.gross_minor, sale.settlement_currency) == (1080, "USD")
    sandbox.control("settings", exchange_rates={"eur": 1.095})
    ask(sale)
    workers.turn()
    movement = BalanceTransaction.objects.get(type="refund")
    assert movement.amount_minor == -1095
    assert balance(accounts.EXPENSE_FX) == 15
    assert balance(payable(ada.id, "pending")) == 0
    assert_all_is_booked(sandbox)


def test_three_cohosts_give_back_what_each_got(
    shop: Shop, ada: Payee, grace: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada, grace)
    for amount in (1, 499, 500):
        ask(sale, amount)
        workers.turn()
        for share in sale.shares.all():
            assert balance(payable(share.payee_id, "pending")) == share.given_minor - (share.amount_minor or 0)
    assert [share.given_minor - (share.amount_minor or 0) for share in sale.shares.all()] == [0, 0]
    assert_all_is_booked(sandbox)


@pytest.mark.parametrize("key_is_old", [False, True])
def test_a_worker_that_dies_between_call_and_record_makes_one_refund(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, *, key_is_old: bool
) -> None:
    sale = shop.sell(ada)
    refund = ask(sale, 400)
    sandbox.fault("timeout_after", REFUNDS)
    assert send_refund(refund_id=refund.id).state == RefundState.ASKED
    call = StripeCall.objects.filter(id=called(refund))
    call.update(next_attempt_at=clock.real_now(), lease_until=None)
    if key_is_old:
        call.update(first_sent_at=clock.real_now() - timedelta(hours=24))
        sandbox.control("idempotency_keys/expire")
    workers.turn()
    refund.refresh_from_db()
    assert (refund.state, call.get().state) == (RefundState.POSTED, CallState.DONE)
    assert refunds_at(sandbox, sale) == [400]
    assert_all_is_booked(sandbox)


def test_a_refund_that_stripe_refuses_says_so_and_can_be_asked_again(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]
) -> None:
    sale = shop.sell(ada)
    refund = ask(sale)
    sandbox.client.v1.refunds.create({"charge": sale.charge_id, "amount": 600})
    workers.turn()
    refund.refresh_from_db()
    assert (refund.state, refund.refund_id) == (RefundState.REFUSED, "")
    assert "greater than unrefunded amount" in refund.failure
    assert told.count(("sale.refund_failed", False)) == 1
    assert ask(sale).amount_minor == 400
    workers.turn()
    assert refunds_at(sandbox, sale) == [600, 400]
    assert_all_is_booked(sandbox)


def test_what_cannot_go_back_is_refused_with_the_reason(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    unpaid = shop.open(ada)
    with pytest.raises(SaleNotPaidError, match="never paid"):
        ask(unpaid)
    with pytest.raises(UnknownSaleError):
        ask_refund(sale_id=uuid4(), reason=RefundReason.REQUESTED, asked_by="x", key="k", now=clock.now())
    sale = shop.sell(ada)
    for amount in (0, -1):
        with pytest.raises(BadRefundAmountError, match="above zero"):
            ask(sale, amount)
    with pytest.raises(OverTheRestError, match=r"10\.01 USD more is not possible: 10\.00 USD is left"):
        ask(sale, 1001)
    sandbox.control(f"objects/{sale.charge_id}/act", action="dispute")
    workers.turn()
    with pytest.raises(DisputeOpenError, match="Wait for the dispute's end"):
        ask(sale)
    assert not Refund.objects.exists()


def test_askers_at_once_get_no_more_than_was_charged(committed_db: None) -> None:
    now = clock.now()
    payee = Payee.objects.create(display_name="Ada", country="US", created_at=now, updated_at=now)
    sale = Sale.objects.create(
        product="ticket", subject="ticket:1", title="A seat", buyer_email="l@example.org", price_minor=1000,
        charge_minor=1000, currency="USD", policy_slug="obole-standard", policy_version=1, tie_offset=0,
        basis={"policy": fees.policy("obole-standard", 1).as_data()}, hold_until=now, session_expires_at=now,
        opened_at=now, state=SaleState.PAID, paid_at=now, charge_id="ch_1",
    )  # fmt: skip
    sale.shares.create(payee=payee, weight=1, position=0)
    keys = ["twice", "twice", "a", "b", "c", "d"]
    start = Barrier(len(keys))

    def press(key: str) -> UUID | str:
        try:
            start.wait()
            return ask(sale, 400, key=key).id
        except RefundRefusedError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(keys)) as pool:
        answers = list(pool.map(press, keys))
    assert Refund.objects.count() == StripeCall.objects.count() == 2
    assert len({answer for answer in answers if isinstance(answer, UUID)}) == 2
    assert answers[0] == answers[1] or "over-the-rest" in answers[:2]
    assert {answer for answer in answers if isinstance(answer, str)} == {"over-the-rest"}


def test_events_twice_and_backwards_change_nothing(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]
) -> None:
    sale = shop.sell(ada)
    refund = ask(sale, 400)
    deliver(call_id=called(refund))
    events = [event for event in sandbox.events() if event["type"].startswith(("refund.", "charge.refund"))]
    for event in events[::-1]:
        for copy in (event, {**event, "id": f"{event['id']}again"}):
            assert post_event(copy).status_code == 200
    workers.process()
    import_pages(now=clock.now())
    workers.turn()
    assert not StripeEvent.objects.exclude(state=EventState.DONE).exists()
    assert told.count(("sale.refunded", False)) == 1
    assert (refunds_at(sandbox, sale), reversed_minor(sale)) == ([400], 400)
    assert_all_is_booked(sandbox)
