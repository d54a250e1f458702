"""Sales by the hundred: the same end as one by one, and one that is not plain holds nobody up."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from config import clock
from ledger.models import Transaction
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.gateway import plain, reading
from payouts.gateway.client import client
from payouts.inbox import many, operations
from payouts.models import BalanceTransaction, EventState, MirrorState, Payee, Sale, SaleState, StripeEvent
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_books_agree
from tests.payouts.stripe_driver import Sandbox, Workers, post_event

COUNT = 7


@pytest.fixture
def paid(shop: Shop, ada: Payee, sandbox: Sandbox) -> list[Sale]:
    """Sales that were paid; their events are in the inbox, unprocessed."""
    sales = [shop.open(ada) for _ in range(COUNT)]
    for sale in sales:
        assert sandbox.pay(sale.checkout_url) == 303
    for event in sandbox.events():
        if event["type"] in {"charge.succeeded", "checkout.session.completed"}:
            post_event(event)
    return sales


def due() -> list[str]:
    return operations.due_events(real_now=clock.real_now(), limit=100)


def states() -> set[str]:
    return set(Sale.objects.values_list("state", flat=True))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events that were processed one by one."""
    seen: list[str] = []

    def watched(*, event_id: str, now: Any) -> Any:
        seen.append(StripeEvent.objects.get(id=event_id).type)
        return operations.process(event_id=event_id, now=now)

    monkeypatch.setattr(many, "process", watched)
    return seen


def test_events_and_postings_in_bulk_are_e1_each(
    paid: list[Sale], ada: Payee, sandbox: Sandbox, alone: list[str], django_assert_max_num_queries: Any
) -> None:
    told: list[Any] = []

    def listener(name: str) -> Callable[..., None]:
        return lambda *, sale_id, **_: told.append((name, sale_id))

    with pytest.MonkeyPatch.context() as patch:
        for name in ("sale.paid", "sale.posted"):
            patch.setitem(handlers._handlers, name, [*handlers._handlers[name], listener(name)])
        with django_assert_max_num_queries(20 + 8 * COUNT):
            many.process_many(event_ids=due(), now=clock.now())
        assert states() == {SaleState.PAID}
        assert alone == []
        import_pages(now=clock.now())
    assert sorted(told, key=str) == sorted(
        [(name, sale.id) for sale in paid for name in ("sale.paid", "sale.posted")], key=str
    )
    assert not StripeEvent.objects.exclude(state=EventState.DONE, attempts=1, next_attempt_at=None).exists()
    for sale in paid:
        sale.refresh_from_db()
        assert sale.state == SaleState.POSTED
        assert sale.checkout_session_id
        assert sale.payment_intent_id
        assert entries_of(sale.ledger_subject, ada=ada.id) == [
            ("sale", "stripe:pending", 1000),
            ("sale", "payable:ada:pending", -911),
            ("sale", "revenue:platform_fee:ticket", -30),
            ("sale", "revenue:processing_recovered", -59),
            ("sale", "expense:processing", 59),
            ("sale", "stripe:pending", -59),
        ]
        assert sale.split_at is not None
    assert_books_agree(sandbox)
    many.process_many(event_ids=list(StripeEvent.objects.values_list("id", flat=True)), now=clock.now())
    import_pages(now=clock.now())
    assert Transaction.objects.filter(kind="sale").count() == COUNT


def test_movements_alone_are_enough_in_bulk(paid: list[Sale], sandbox: Sandbox) -> None:
    StripeEvent.objects.all().delete()
    import_pages(now=clock.now())
    assert states() == {SaleState.POSTED}
    assert Sale.objects.filter(paid_at__isnull=False).exclude(charge_id="").count() == COUNT
    assert_books_agree(sandbox)


def test_what_is_not_plain_goes_one_by_one_and_holds_nobody_up(
    paid: list[Sale], sandbox: Sandbox, alone: list[str]
) -> None:
    wrong, late = paid[0], paid[1]
    Sale.objects.filter(id=wrong.id).update(price_minor=900, charge_minor=900)
    Sale.objects.filter(id=late.id).update(state=SaleState.EXPIRED, expired_at=clock.now())
    many.process_many(event_ids=due(), now=clock.now())
    assert sorted(alone) == ["charge.succeeded"] * 2 + ["checkout.session.completed"] * 2
    assert StripeEvent.objects.filter(state=EventState.QUARANTINED).count() == 2
    import_pages(now=clock.now())
    found = {sale.id: sale.state for sale in Sale.objects.all()}
    assert (found.pop(wrong.id), found.pop(late.id)) == (SaleState.OPEN, SaleState.PARKED)
    assert set(found.values()) == {SaleState.POSTED}
    assert BalanceTransaction.objects.filter(state=MirrorState.MISMATCH).count() == 1


def test_one_whose_handler_fails_costs_the_others_only_time(
    paid: list[Sale], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, alone: list[str]
) -> None:
    def fail(*, sale_id: Any, **_: Any) -> None:
        if sale_id == paid[3].id:
            raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setitem(handlers._handlers, "sale.paid", [*handlers._handlers["sale.paid"], fail])
        many.process_many(event_ids=due(), now=clock.now())
    assert len(alone) == 2 * COUNT
    found = {sale.id: sale.state for sale in Sale.objects.all()}
    assert found.pop(paid[3].id) == SaleState.OPEN
    assert set(found.values()) == {SaleState.PAID}
    assert StripeEvent.objects.filter(state=EventState.RECEIVED, attempts=1).count() == 2


def test_the_sweep_goes_on_until_nothing_is_due(paid: list[Sale]) -> None:
    assert many.sweep(limit=1000, now=clock.now()) == 2 * COUNT
    assert due() == []
    assert states() == {SaleState.PAID}


def test_facts_from_json_are_the_sdks(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    shop.sell(ada)
    stripe_client = client()
    same: list[tuple[Any, Callable[..., Any], Callable[..., Any]]] = [
        (stripe_client.v1.charges.list().data[0], reading.charge, plain.charge),
        (stripe_client.v1.checkout.sessions.list().data[0], reading.checkout_session, plain.checkout_session),
        (
            stripe_client.v1.balance_transactions.list({"expand": ["data.source"]}).data[0],
            reading.balance_transaction, plain.balance_transaction,
        ),
    ]  # fmt: skip
    for found, from_sdk, from_json in same:
        assert from_json(json.loads(json.dumps(found.to_dict()))) == from_sdk(found)
