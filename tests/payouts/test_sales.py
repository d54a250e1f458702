"""A sale's ends other than a plain payment: given up, outrun, contradicted."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from config import clock
from ledger.models import Transaction
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.errors import UnknownPayeeError, UnknownSaleError
from payouts.inbox import operations as inbox
from payouts.models import (
    BalanceTransaction,
    EventState,
    MirrorState,
    Payee,
    Sale,
    SaleState,
    StripeCall,
    StripeEvent,
)
from payouts.sales.operations import ShareSpec, abandon_sale
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import DECLINED, Sandbox, Workers, ledger_of_stripe, post_event


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What rooms would hear about sales, in order."""
    heard: list[str] = []

    def listen(name: str) -> Any:
        return lambda **_: heard.append(name)

    ears = {name: [listen(name)] for name in handlers.NAMES if name.startswith("sale.")}
    monkeypatch.setattr(handlers, "_handlers", ears | {"payee.updated": [], "payout.updated": []})
    return heard


def state_of(sale: Sale) -> str:
    sale.refresh_from_db()
    return sale.state


def test_a_sale_given_up_is_expired_only_when_stripe_says_so(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sale = shop.open(ada)
    abandon_sale(sale_id=sale.id, now=clock.now())
    abandon_sale(sale_id=sale.id, now=clock.now())
    assert (state_of(sale), told) == (SaleState.EXPIRING, [])
    workers.call()
    assert (state_of(sale), told) == (SaleState.EXPIRED, ["sale.expired"])
    workers.turn()
    assert told == ["sale.expired"]
    assert StripeCall.objects.filter(operation="checkout_session.expire").count() == 1
    assert sandbox.pay(sale.checkout_url) != 303
    assert not Transaction.objects.exists()


def test_a_payment_that_wins_the_race_against_expiry_is_a_payment(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    abandon_sale(sale_id=sale.id, now=clock.now())
    workers.call()  # Stripe refuses to expire a session that was paid, and says what it is
    assert (state_of(sale), told) == (SaleState.PAID, ["sale.paid"])
    workers.turn()
    assert (state_of(sale), told) == (SaleState.POSTED, ["sale.paid", "sale.posted"])
    assert ledger_of_stripe() == (0, 941)


def test_a_session_made_after_its_sale_was_given_up_is_expired(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sandbox.fault("timeout_after", "POST /v1/checkout/sessions")
    sale = shop.open(ada)
    abandon_sale(sale_id=sale.id, now=clock.now())
    assert state_of(sale) == SaleState.EXPIRING
    StripeCall.objects.update(next_attempt_at=clock.real_now())
    workers.call()
    assert (state_of(sale), told) == (SaleState.EXPIRED, ["sale.expired"])


def test_a_session_that_runs_out_frees_its_seat(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sale = shop.open(ada)
    assert sale.session_expires_at is not None
    assert timedelta(minutes=30) <= sale.session_expires_at - sale.opened_at
    sandbox.advance(days=0.1)
    workers.turn()
    assert (state_of(sale), told) == (SaleState.EXPIRED, ["sale.expired"])
    assert not Transaction.objects.exists()


def test_a_declined_card_changes_nothing(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url, number=DECLINED) == 402
    workers.turn()
    assert (state_of(sale), sale.charge_id) == (SaleState.OPEN, "")
    assert not Transaction.objects.exists()
    assert sandbox.pay(sale.checkout_url) == 303
    workers.turn()
    assert state_of(sale) == SaleState.POSTED


def test_with_every_event_lost_the_balance_transaction_tells_of_the_sale(
    shop: Shop, ada: Payee, sandbox: Sandbox, told: list[str]
) -> None:
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    assert import_pages(now=clock.now()) == 1
    assert (state_of(sale), told) == (SaleState.POSTED, ["sale.paid", "sale.posted"])
    assert ledger_of_stripe() == (0, 941)


def test_the_fee_may_arrive_later(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]) -> None:
    sandbox.control("settings", fee_delay_s=3600)
    sale = shop.sell(ada)
    assert (sale.state, told) == (SaleState.PAID, ["sale.paid"])
    assert not Transaction.objects.exists()
    sandbox.advance(days=0.1)
    workers.turn()
    assert (state_of(sale), told) == (SaleState.POSTED, ["sale.paid", "sale.posted"])


def test_the_real_fee_counts_not_the_formula(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sandbox.control("settings", fee_variation=1.0)
    sale = shop.sell(ada)
    fee_minor = sale.processing_fee_minor or 0
    assert fee_minor > 59
    assert [share.amount_minor for share in sale.shares.all()] == [1000 - 30 - fee_minor]
    assert ledger_of_stripe() == (0, 1000 - fee_minor)
    assert sandbox.balance() == {"USD": (0, 1000 - fee_minor)}


def _paid_event(sandbox: Sandbox, kind: str) -> dict[str, Any]:
    return next(event for event in sandbox.events() if event["type"] == kind)


@pytest.mark.parametrize("change", [{"amount": 999}, {"currency": "eur"}], ids=["amount", "currency"])
def test_a_charge_of_another_amount_or_currency_never_posts(
    shop: Shop, ada: Payee, sandbox: Sandbox, told: list[str], change: dict[str, Any]
) -> None:
    sale = shop.open(ada)
    Sale.objects.filter(id=sale.id).update(
        charge_minor=1000 + 1 if "amount" in change else 1000, currency="EUR" if "currency" in change else "USD"
    )
    sandbox.pay(sale.checkout_url)
    event = _paid_event(sandbox, "charge.succeeded")
    post_event(event)
    inbox.process(event_id=event["id"], now=clock.now())
    stored = StripeEvent.objects.get(id=event["id"])
    assert stored.state == EventState.QUARANTINED
    assert "paid" in stored.last_error
    import_pages(now=clock.now())
    assert (state_of(sale), told) == (SaleState.OPEN, [])
    assert BalanceTransaction.objects.get().state == MirrorState.MISMATCH
    assert not Transaction.objects.exists()


def test_a_second_charge_for_one_sale_goes_to_a_person(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sale = shop.sell(ada)
    event = _paid_event(sandbox, "charge.succeeded")
    other = event["data"]["object"] | {"id": "ch_second"}
    post_event(event | {"id": "evt_second", "data": {"object": other}})
    assert inbox.process(event_id="evt_second", now=clock.now()) == EventState.QUARANTINED
    assert (state_of(sale), told) == (SaleState.POSTED, ["sale.paid", "sale.posted"])
    assert Transaction.objects.count() == 1


def test_an_event_that_names_an_unknown_sale_waits_and_posts_nothing(
    shop: Shop, ada: Payee, sandbox: Sandbox, told: list[str]
) -> None:
    sale = shop.open(ada)
    sandbox.pay(sale.checkout_url)
    event = _paid_event(sandbox, "charge.succeeded")
    event["data"]["object"]["metadata"]["sale_id"] = str(uuid4())
    post_event(event)
    assert inbox.process(event_id=event["id"], now=clock.now()) == EventState.WAITING
    assert (state_of(sale), told) == (SaleState.OPEN, [])
    assert not Transaction.objects.exists()


def test_a_charge_that_is_not_ours_is_left_alone(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[str]
) -> None:
    sandbox.client.v1.payment_intents.create(
        {"amount": 700, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
         "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    )  # fmt: skip
    workers.turn()
    assert not StripeEvent.objects.exclude(state=EventState.DONE).exists()
    assert BalanceTransaction.objects.get().state == MirrorState.IMPORTED  # its sale might still become known
    import_pages(now=sandbox.advance(days=0.1))
    movement = BalanceTransaction.objects.get()
    assert (movement.state, movement.note) == (MirrorState.UNMATCHED, "a charge of nothing that is known here")
    assert told == []
    assert not Transaction.objects.exists()


def test_a_tiered_policy_counts_what_was_sold_before(shop: Shop, ada: Payee) -> None:
    """E3 in small: 3% at first, and each sale adds to the basis."""
    first = shop.sell(ada, price_minor=2000, policy_slug="ticketed-spaces")
    second = shop.sell(ada, price_minor=2000, policy_slug="ticketed-spaces")
    assert (first.basis["lifetime_minor"], second.basis["lifetime_minor"]) == (0, 2000)
    ada.fee_bases.update(lifetime_minor=4_999_000)
    third = shop.sell(ada, price_minor=2000, policy_slug="ticketed-spaces")
    assert (first.platform_fee_minor, third.platform_fee_minor) == (60, 230)


def test_e11_a_sale_settled_in_another_currency_is_owed_in_that(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sale = shop.sell(ada, currency="EUR")
    assert (sale.charge_minor, sale.currency, sale.gross_minor, sale.settlement_currency) == (1000, "EUR", 1080, "USD")
    assert (sale.processing_fee_minor, sale.platform_fee_minor) == (61, 32)
    assert [share.amount_minor for share in sale.shares.all()] == [987]
    assert sandbox.balance() == {"USD": (0, 1019)}
    assert ledger_of_stripe() == (0, 1019)


def test_e12_yen_are_counted_in_units(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sandbox.control("settings", settlement_currencies=["usd", "jpy"])
    sale = shop.sell(ada, price_minor=500, currency="JPY")
    assert (sale.gross_minor, sale.settlement_currency, sale.platform_fee_minor) == (500, "JPY", 15)
    assert sandbox.balance()["JPY"] == ledger_of_stripe("JPY")


def test_it_opens_no_sale_for_nobody_or_for_nothing(shop: Shop, ada: Payee) -> None:
    with pytest.raises(UnknownPayeeError):
        open_with(shop, shares=[ShareSpec(payee_id=uuid4())])
    with pytest.raises(ValueError, match="positive"):
        open_with(shop, shares=[])
    with pytest.raises(ValueError, match="positive"):
        open_with(shop, shares=[ShareSpec(payee_id=ada.id)], price_minor=0)
    with pytest.raises(KeyError):
        open_with(shop, shares=[ShareSpec(payee_id=ada.id)], policy_slug="no-such-policy")
    assert not Sale.objects.exists()
    assert not StripeCall.objects.filter(operation="checkout_session.create").exists()
    with pytest.raises(UnknownSaleError):
        abandon_sale(sale_id=uuid4(), now=clock.now())


def open_with(shop: Shop, **more: Any) -> Sale:
    return shop.open(**more)


def test_one_thing_is_sold_once(shop: Shop, ada: Payee) -> None:
    shop.open(ada, subject="ticket:1")
    with pytest.raises(IntegrityError, match="sale_subject_unique"), transaction.atomic():
        shop.open(ada, subject="ticket:1")
    assert Sale.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "paid"}, "sale_state_needs_paid_at"),
        ({"state": "sold"}, "sale_state_known"),
        ({"charge_id": "ch_1"}, "sale_unpaid_has_no_charge"),
        ({"price_minor": 0}, "sale_price_positive"),
        ({"charge_minor": 999}, "sale_charge_covers_price"),
        ({"state": "expired"}, "sale_state_needs_expired_at"),
    ],
)
def test_the_database_refuses_a_sale_that_cannot_be(
    shop: Shop, ada: Payee, changes: dict[str, Any], constraint: str
) -> None:
    sale = shop.open(ada)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Sale.objects.filter(id=sale.id).update(**changes)
