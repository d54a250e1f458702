"""The suspense desk: what sits there, its age, and every way out; it drains to zero."""

from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from config import clock
from ledger.accounts import payable
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.errors import CannotMatchError, UnknownSaleError
from payouts.models import BalanceTransaction, MirrorState, Payee, Refund, Sale, SaleState
from payouts.suspense import queries
from payouts.suspense.operations import match_to_sale, park_charge, take_after_all
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked, balance, suspense
from tests.payouts.stripe_driver import Sandbox, Workers

DESK = "/admin/payouts/sale/suspense/"
REFUND_FAILS = "4000000000005126"


def late(shop: Shop, ada: Payee, sandbox: Sandbox, **card: str) -> Sale:
    """Paid when the hold was over."""
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url, **card) == 303
    Sale.objects.filter(id=sale.id).update(state=SaleState.EXPIRED, expired_at=sale.opened_at)
    return sale


@pytest.fixture
def stuck(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> Sale:
    """A late payment whose card did not take it back."""
    sale = late(shop, ada, sandbox, number=REFUND_FAILS)
    workers.turn()
    workers.turn()
    sandbox.advance(days=0.01)
    workers.turn()
    sale.refresh_from_db()
    assert sale.refund_failed_at is not None
    return sale


@pytest.fixture
def stray(shop: Shop, sandbox: Sandbox) -> BalanceTransaction:
    """A charge that somebody made in Stripe's dashboard for nothing that we know."""
    sandbox.client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )
    import_pages(now=clock.now())
    import_pages(now=sandbox.advance(days=0.1))
    return BalanceTransaction.objects.get(type="charge", state=MirrorState.UNMATCHED)


def press(fin: Client, do: str, **values: Any) -> str:
    answer = fin.post(DESK, {"do": do, **values}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_return_that_failed_is_given_back_from_the_desk(
    fin: Client, stuck: Sale, sandbox: Sandbox, workers: Workers, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sandbox.advance(days=3)
    with django_assert_max_num_queries(12):
        page = fin.get(DESK).content.decode()
    assert "10.00\xa0USD" in page
    assert "expired or canceled card" in page
    assert "for 3\xa0days" in page
    row = queries.parked(now=clock.now())[0]
    assert (row.left_minor, row.is_stuck, row.is_old) == (1000, True, True)
    key = str(uuid4())
    assert "is on its way back" in press(fin, "give_back", sale=stuck.id, key=key)
    press(fin, "give_back", sale=stuck.id, key=key)  # a double click
    assert Refund.objects.filter(sale=stuck).count() == 2
    workers.turn()
    stuck.refresh_from_db()
    assert (stuck.state, suspense(), queries.in_ledger()) == (SaleState.RETURNED, 0, {})
    assert "Suspense is empty" in fin.get(DESK).content.decode()
    assert_all_is_booked(sandbox)


def test_a_late_payment_is_taken_after_all_when_the_seat_is_there_again(
    fin: Client, stuck: Sale, ada: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "cannot be had any more" in press(fin, "take", sale=stuck.id)
    monkeypatch.setitem(handlers._answers, "sale.late", [lambda **_: True])
    assert "is paid, and has left suspense" in press(fin, "take", sale=stuck.id)
    stuck.refresh_from_db()
    assert (stuck.state, stuck.refund_failure) == (SaleState.POSTED, "")
    assert entries_of(stuck.ledger_subject, ada=ada.id)[-4:] == [
        ("sale.matched", "suspense", 1000),
        ("sale.matched", "payable:ada:pending", -911),
        ("sale.matched", "revenue:platform_fee:ticket", -30),
        ("sale.matched", "revenue:processing_recovered", -59),
    ]
    assert suspense() == 0
    assert_all_is_booked(sandbox)
    with pytest.raises(CannotMatchError, match="not in suspense any more"):
        take_after_all(sale_id=stuck.id, actor="x", now=clock.now())


def test_a_stray_charge_is_parked_and_matched_to_the_sale_that_it_pays_for(
    fin: Client, stray: BalanceTransaction, shop: Shop, ada: Payee, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    assert stray.source_id in fin.get(DESK).content.decode()
    press(fin, "park", movement=stray.id)
    parked = Sale.objects.get(product="unmatched")
    assert (parked.state, suspense()) == (SaleState.PARKED, 1000)
    assert not Refund.objects.exists()  # nothing goes back by itself
    wanted = shop.open(ada)
    monkeypatch.setitem(handlers._answers, "sale.late", [lambda **_: True])
    assert "ended without payment" in press(fin, "match", sale=parked.id, target=wanted.id)
    Sale.objects.filter(id=wanted.id).update(state=SaleState.EXPIRED, expired_at=clock.now())
    assert "no sale&#x27;s id" in press(fin, "match", sale=parked.id, target="ch_1")
    assert "has left suspense" in press(fin, "match", sale=parked.id, target=wanted.id)
    wanted.refresh_from_db()
    parked.refresh_from_db()
    assert (wanted.state, wanted.charge_id, parked.state) == (SaleState.POSTED, stray.source_id, SaleState.EXPIRED)
    assert (balance(payable(ada.id, "pending")), suspense()) == (-911, 0)
    shop.sandbox.client.v1.refunds.create({"charge": wanted.charge_id})
    shop.workers.turn()
    assert balance(payable(ada.id, "pending")) == 0
    assert_all_is_booked(shop.sandbox)


def test_a_stray_charge_is_given_back(
    fin: Client, stray: BalanceTransaction, sandbox: Sandbox, workers: Workers
) -> None:
    press(fin, "park", movement=stray.id)
    parked = Sale.objects.get(product="unmatched")
    press(fin, "give_back", sale=parked.id, key="1")
    workers.turn()
    parked.refresh_from_db()
    assert (parked.state, suspense()) == (SaleState.RETURNED, 0)
    assert_all_is_booked(sandbox)


def test_staff_without_the_permission_may_look_at_nothing(stuck: Sale) -> None:
    person = get_user_model().objects.create_user("may@example.org", display_name="May", is_staff=True)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    may = Client()
    may.force_login(person)
    assert may.get(DESK).status_code == 403
    assert may.post(DESK, {"do": "give_back", "sale": stuck.id, "key": "1"}).status_code == 403
    assert Refund.objects.filter(sale=stuck).count() == 1


def test_what_does_not_fit_is_refused_and_changes_nothing(
    stuck: Sale, stray: BalanceTransaction, shop: Shop, ada: Payee, fin: Client
) -> None:
    parked = park_charge(balance_transaction_id=stray.id, now=clock.now())
    with pytest.raises(CannotMatchError, match="waits to be matched"):
        park_charge(balance_transaction_id=stray.id, now=clock.now())
    other = shop.open(ada, price_minor=900)
    Sale.objects.filter(id=other.id).update(state=SaleState.EXPIRED, expired_at=clock.now())
    for parked_id, target_id, words in (
        (parked.id, other.id, "amounts differ"),
        (stuck.id, other.id, "sale of its own"),
        (other.id, stuck.id, "not in suspense"),
    ):
        with pytest.raises(CannotMatchError, match=words):
            match_to_sale(parked_id=parked_id, sale_id=target_id, actor="x", now=clock.now())
    with pytest.raises(UnknownSaleError):
        match_to_sale(parked_id=parked.id, sale_id=uuid4(), actor="x", now=clock.now())
    with pytest.raises(CannotMatchError, match="nothing that we know"):
        take_after_all(sale_id=parked.id, actor="x", now=clock.now())
    assert "Choose one of the buttons" in press(fin, "burn", sale=parked.id)
    assert suspense() == 2000
