"""E10, exact, through the sandbox: a payment that came too late goes back by itself, once, whatever is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from config import clock
from ledger import accounts
from ledger.queries import balance_minor
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.models import (
    BalanceTransaction,
    CallState,
    EventState,
    MirrorState,
    Payee,
    Payout,
    RefundReason,
    Sale,
    SaleState,
    StripeCall,
    StripeEvent,
)
from payouts.outbox.operations import deliver
from payouts.queries import earnings
from payouts.refunds.operations import ask_refund
from payouts.runs.operations import run_payouts, settle_due
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe, post_event

REFUNDS = "POST /v1/refunds"
REFUND_FAILS = "4000000000005126"

IN_SUSPENSE = [
    ("sale.late", "stripe:pending", 1000),
    ("sale.late", "suspense", -1000),
    ("sale.late", "expense:processing", 59),
    ("sale.late", "stripe:pending", -59),
]
BACK_TO_THE_CARD = [("refund", "suspense", 1000), ("refund", "stripe:pending", -1000)]


@pytest.fixture
def late(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> Callable[..., Sale]:
    """Linus pays for a sale that we have just given up; the news of the payment comes afterwards."""

    def late(**card: str) -> Sale:
        sale = shop.open(ada)
        assert sandbox.pay(sale.checkout_url, **card) == 303
        Sale.objects.filter(id=sale.id).update(state=SaleState.EXPIRED, expired_at=sale.opened_at)
        return sale

    return late


@pytest.fixture
def parked(late: Callable[..., Sale], workers: Workers) -> Sale:
    """A late payment in suspense; its refund is decided and not yet asked for."""
    sale = late()
    workers.turn()
    return Sale.objects.get(id=sale.id)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What other apps were told, by name."""
    names: list[str] = []
    tell = handlers.tell

    def listen(name: str, **ids: Any) -> None:
        names.append(name)
        tell(name, **ids)

    monkeypatch.setattr(handlers, "tell", listen)
    return names


def refund_call() -> StripeCall:
    return StripeCall.objects.get(operation="refund.create")


def refunds(sandbox: Sandbox) -> list[Any]:
    return sandbox.client.v1.refunds.list({"limit": 100}).data


def suspense() -> int:
    return balance_minor(account=accounts.SUSPENSE, currency="USD")


def due_now(call: StripeCall) -> None:
    StripeCall.objects.filter(id=call.id).update(next_attempt_at=clock.real_now(), lease_until=None)


def test_it_is_parked_with_its_refund_decided_in_the_same_breath(parked: Sale, ada: Payee, sandbox: Sandbox) -> None:
    assert parked.state == SaleState.PARKED
    assert entries_of(parked.ledger_subject) == IN_SUSPENSE
    assert [share.amount_minor for share in parked.shares.all()] == [None]
    call = refund_call()
    assert (call.state, call.attempts, call.subject) == (CallState.PENDING, 0, parked.ledger_subject)
    assert call.body == (
        f'{{"charge":"{parked.charge_id}","amount":1000,'
        f'"metadata":{{"sale_id":"{parked.id}","outbox_id":"{call.id}"}}}}'
    )
    assert refunds(sandbox) == []


def test_parking_that_fails_decides_no_refund(
    late: Callable[..., Sale], sandbox: Sandbox, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, **_: object) -> None:
        if name == "sale.posted":
            raise RuntimeError("a bug")

    sale = late()
    with monkeypatch.context() as broken:
        broken.setattr(handlers, "tell", fail)
        workers.turn()
    sale.refresh_from_db()
    assert (sale.state, entries_of(sale.ledger_subject)) == (SaleState.LATE, [])
    assert not StripeCall.objects.filter(operation="refund.create").exists()
    import_pages(now=sandbox.advance(days=0.01))
    sale.refresh_from_db()
    assert sale.state == SaleState.PARKED
    assert refund_call().state == CallState.PENDING


def test_e10_all_of_it_goes_back_and_only_the_fee_is_spent(
    parked: Sale, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    workers.turn()
    parked.refresh_from_db()
    assert parked.state == SaleState.RETURNED
    assert (parked.refund_id, parked.refund_failure) == (refund_call().result_id, "")
    movement = BalanceTransaction.objects.get(type="refund")
    assert parked.returned_at == movement.created_at
    assert (movement.state, movement.posting_key) == (MirrorState.POSTED, f"refund:{parked.refund_id}")
    assert entries_of(parked.ledger_subject) == IN_SUSPENSE + BACK_TO_THE_CARD
    assert told.count("sale.returned") == 1
    assert suspense() == 0
    assert balance_minor(account=accounts.EXPENSE_PROCESSING, currency="USD") == 59
    assert sandbox.balance() == {"USD": (0, -59)}
    assert ledger_of_stripe() == (0, -59)
    assert earnings(payee_id=ada.id) == []


def test_both_movements_settle_and_nobody_is_paid(parked: Sale, sandbox: Sandbox, workers: Workers) -> None:
    workers.turn()
    now = sandbox.advance(days=4)
    assert settle_due(now=now) == 2
    assert settle_due(now=now) == 0
    assert sorted(entries_of(parked.ledger_subject)[6:]) == [
        ("settlement", "stripe:available", -1000),
        ("settlement", "stripe:available", 941),
        ("settlement", "stripe:pending", -941),
        ("settlement", "stripe:pending", 1000),
    ]
    assert ledger_of_stripe() == (-59, 0)
    assert sandbox.balance() == {"USD": (-59, 0)}
    parked.refresh_from_db()
    charge = BalanceTransaction.objects.get(id=parked.balance_transaction_id)
    assert (parked.state, parked.settled_at) == (SaleState.RETURNED, charge.available_on)
    run_payouts(now=sandbox.advance(days=1))
    assert not Payout.objects.exists()


def test_a_refund_made_after_the_funds_were_available_comes_out_of_them(
    parked: Sale, sandbox: Sandbox, workers: Workers
) -> None:
    settle_due(now=sandbox.advance(days=4))
    workers.turn()
    assert entries_of(parked.ledger_subject)[6:] == [
        ("refund", "suspense", 1000),
        ("refund", "stripe:available", -1000),
    ]
    settle_due(now=sandbox.advance(days=1))
    assert ledger_of_stripe() == (-59, 0)
    assert sandbox.balance() == {"USD": (-59, 0)}


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
def test_events_that_come_twice_and_in_any_order_change_nothing(
    parked: Sale, sandbox: Sandbox, workers: Workers, told: list[str], *, order: int
) -> None:
    deliver(call_id=refund_call().id)
    sandbox.client.v1.refunds.update(refund_call().result_id, {"metadata": {"seen": "yes"}})
    events = [event for event in sandbox.events() if event["type"].startswith(("refund.", "charge.refund"))]
    assert {"refund.created", "refund.updated", "charge.refunded"} <= {event["type"] for event in events}
    for event in events[::order]:
        for copy in (event, {**event, "id": f"{event['id']}again"}):
            assert post_event(copy).status_code == 200
    workers.process()
    import_pages(now=clock.now())
    workers.turn()
    parked.refresh_from_db()
    assert parked.state == SaleState.RETURNED
    assert entries_of(parked.ledger_subject) == IN_SUSPENSE + BACK_TO_THE_CARD
    assert told.count("sale.returned") == 1
    assert not StripeEvent.objects.exclude(state=EventState.DONE).exists()
    assert len(refunds(sandbox)) == 1


def test_news_of_the_refund_that_overtakes_the_calls_answer_is_the_answer(
    parked: Sale, sandbox: Sandbox, workers: Workers
) -> None:
    sandbox.fault("timeout_after", REFUNDS)
    workers.call()
    call = refund_call()
    assert (call.state, parked.refund_id) == (CallState.SENT, "")
    workers.hear()
    import_pages(now=clock.now())
    parked.refresh_from_db()
    assert (parked.state, parked.refund_id) == (SaleState.RETURNED, refunds(sandbox)[0].id)
    due_now(call)
    workers.call()
    parked.refresh_from_db()
    assert (refund_call().state, refund_call().result_id) == (CallState.DONE, parked.refund_id)
    assert parked.state == SaleState.RETURNED


@pytest.mark.parametrize("key_is_old", [False, True])
def test_a_worker_that_dies_before_it_records_the_answer_makes_one_refund(
    parked: Sale, sandbox: Sandbox, workers: Workers, *, key_is_old: bool
) -> None:
    sandbox.fault("timeout_after", REFUNDS)
    deliver(call_id=refund_call().id)
    assert len(refunds(sandbox)) == 1
    due_now(refund_call())
    if key_is_old:
        StripeCall.objects.filter(id=refund_call().id).update(first_sent_at=clock.real_now() - timedelta(hours=24))
        sandbox.control("idempotency_keys/expire")
    workers.turn()
    assert (refund_call().state, refund_call().generation) == (CallState.DONE, 1)
    assert len(refunds(sandbox)) == 1
    parked.refresh_from_db()
    assert (parked.state, parked.refund_id) == (SaleState.RETURNED, refunds(sandbox)[0].id)
    assert ledger_of_stripe() == (0, -59)


def test_a_refund_that_never_reached_stripe_is_made_with_a_new_key_after_a_day(
    parked: Sale, sandbox: Sandbox, workers: Workers
) -> None:
    sandbox.fault("timeout_before", REFUNDS)
    deliver(call_id=refund_call().id)
    due_now(refund_call())
    StripeCall.objects.filter(id=refund_call().id).update(first_sent_at=clock.real_now() - timedelta(hours=24))
    workers.turn()
    assert (refund_call().state, refund_call().generation) == (CallState.DONE, 2)
    assert len(refunds(sandbox)) == 1


def _failed(sale: Sale) -> None:
    sale.refresh_from_db()
    assert (sale.state, sale.returned_at) == (SaleState.PARKED, None)
    assert sale.refund_failure == "The refund failed: expired or canceled card"
    assert sale.refund_failed_at is not None


def test_a_refund_that_fails_leaves_the_sale_parked_with_the_reason(
    late: Callable[..., Sale], sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sale = late(number=REFUND_FAILS)
    workers.turn()
    workers.turn()
    sale.refresh_from_db()
    assert sale.state == SaleState.RETURNED
    sandbox.advance(days=0.01)
    workers.hear("refund.failed")
    _failed(sale)
    workers.turn()
    workers.turn()
    _failed(sale)
    assert entries_of(sale.ledger_subject) == [
        *IN_SUSPENSE,
        *BACK_TO_THE_CARD,
        ("refund.failed", "suspense", -1000),
        ("refund.failed", "stripe:pending", 1000),
    ]
    assert (told.count("sale.returned"), told.count("sale.return_failed")) == (1, 1)
    assert suspense() == -1000
    assert sandbox.balance() == {"USD": (0, 941)}
    assert ledger_of_stripe() == (0, 941)
    settle_due(now=sandbox.advance(days=4))
    assert ledger_of_stripe() == (941, 0)
    assert sandbox.balance() == {"USD": (941, 0)}


def test_a_failure_told_before_the_refund_was_posted_ends_in_the_same_books(
    late: Callable[..., Sale], sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sale = late(number=REFUND_FAILS)
    workers.turn()
    deliver(call_id=refund_call().id)
    sandbox.advance(days=0.01)
    workers.hear("refund.failed")
    _failed(sale)
    workers.hear()
    import_pages(now=clock.now())
    _failed(sale)
    assert [kind for kind, *_ in entries_of(sale.ledger_subject)[4:]] == ["refund"] * 2 + ["refund.failed"] * 2
    assert "sale.returned" not in told
    assert told.count("sale.return_failed") == 1
    assert (suspense(), ledger_of_stripe()) == (-1000, (0, 941))


def test_movements_alone_tell_of_a_failure_when_every_event_was_lost(
    late: Callable[..., Sale], sandbox: Sandbox, workers: Workers
) -> None:
    sale = late(number=REFUND_FAILS)
    workers.turn()
    deliver(call_id=refund_call().id)
    import_pages(now=clock.now())
    import_pages(now=sandbox.advance(days=0.01))
    _failed(sale)
    assert (suspense(), ledger_of_stripe()) == (-1000, (0, 941))


def test_after_a_failure_finance_returns_it_by_hand_and_old_news_does_no_harm(
    late: Callable[..., Sale], sandbox: Sandbox, workers: Workers
) -> None:
    sale = late(number=REFUND_FAILS)
    workers.turn()
    workers.call()
    sandbox.control("clock", advance_s=3600)
    clock.now(fresh=True)
    workers.turn()
    _failed(sale)
    by_hand = sandbox.client.v1.refunds.create({"charge": sale.charge_id or Sale.objects.get(id=sale.id).charge_id})
    workers.turn()
    old = [event for event in sandbox.events() if event["type"] == "refund.failed"]
    for event in old:
        post_event({**event, "id": f"{event['id']}again"})
    workers.process()
    sale.refresh_from_db()
    assert (sale.state, sale.refund_id, sale.refund_failure) == (SaleState.RETURNED, by_hand.id, "")
    assert (suspense(), ledger_of_stripe()) == (0, (0, -59))
    assert not StripeEvent.objects.exclude(state=EventState.DONE).exists()


def test_a_refund_that_stripe_refuses_is_shown_with_the_reason(
    parked: Sale, sandbox: Sandbox, workers: Workers, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    StripeCall.objects.filter(id=refund_call().id).update(body='{"charge":"ch_unknown"}')
    workers.turn()
    parked.refresh_from_db()
    assert (parked.state, parked.refund_id) == (SaleState.PARKED, "")
    assert "ch_unknown" in parked.refund_failure
    assert told.count("sale.return_failed") == 1
    assert entries_of(parked.ledger_subject) == IN_SUSPENSE


def test_money_given_back_by_hand_before_our_call_is_not_given_back_twice(
    parked: Sale, sandbox: Sandbox, workers: Workers
) -> None:
    by_hand = sandbox.client.v1.refunds.create({"charge": parked.charge_id})
    workers.turn()
    workers.turn()
    parked.refresh_from_db()
    assert (parked.state, parked.refund_id, parked.refund_failure) == (SaleState.RETURNED, by_hand.id, "")
    assert refund_call().error_code == "charge_already_refunded"
    assert len(refunds(sandbox)) == 1
    assert (suspense(), ledger_of_stripe()) == (0, (0, -59))


def test_a_part_given_back_by_hand_is_posted_and_the_rest_is_for_a_person_to_look_at(
    parked: Sale, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sandbox.client.v1.refunds.create({"charge": parked.charge_id, "amount": 400})
    workers.turn()
    parked.refresh_from_db()
    assert (parked.state, parked.returned_at) == (SaleState.PARKED, None)
    assert "greater than unrefunded amount" in parked.refund_failure
    assert told.count("sale.return_failed") == 1
    assert entries_of(parked.ledger_subject) == [
        *IN_SUSPENSE, ("refund", "suspense", 400), ("refund", "stripe:pending", -400)
    ]  # fmt: skip
    assert (suspense(), ledger_of_stripe()) == (-600, (0, 541))
    rest = ask_refund(
        sale_id=parked.id, reason=RefundReason.SUSPENSE, asked_by="user:finance", key="desk", now=clock.now()
    )
    assert rest.amount_minor == 600
    workers.turn()
    parked.refresh_from_db()
    assert (parked.state, parked.refund_failure) == (SaleState.RETURNED, "")
    assert (suspense(), ledger_of_stripe()) == (0, (0, -59))
    assert sandbox.balance() == {"USD": (0, -59)}


def test_what_can_still_be_had_is_sold_after_all(
    late: Callable[..., Sale], ada: Payee, workers: Workers, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def yes(*, sale_id: Any, **_: Any) -> bool:
        asked.append(sale_id)
        Sale.objects.filter(id=sale_id).update(title="Another seat")
        return True

    monkeypatch.setitem(handlers._answers, "sale.late", [lambda **_: False, yes, lambda **_: pytest.fail("asked")])
    sale = late()
    workers.turn()
    workers.turn()
    sale.refresh_from_db()
    assert (sale.state, sale.title, asked) == (SaleState.POSTED, "Another seat", [sale.id])
    assert (told.count("sale.paid"), told.count("sale.late")) == (1, 0)
    assert entries_of(sale.ledger_subject, ada=ada.id)[1] == ("sale", "payable:ada:pending", -911)
    assert not StripeCall.objects.filter(operation="refund.create").exists()


def test_only_questions_that_are_asked_can_be_answered() -> None:
    with pytest.raises(ValueError, match=r"'sale\.paid' is never asked; one of sale\.late"):
        handlers.answers("sale.paid")
    assert "sale.paid" not in handlers._answers
