"""Cases from the field around subscriptions and late fees, each exact to the cent and equal to Stripe's balance."""

from uuid import UUID

import pytest

from config import clock
from payouts.models import BillingInvoice, BillingState, BillingSubscription, Payee, RefundReason, Sale, SaleState
from payouts.refunds.operations import ask_refund
from payouts.runs.operations import release_due, run_payouts, settle_due
from payouts.subscriptions import changing
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked, assert_books_agree, balance
from tests.payouts.patrons import FAILS, Patrons
from tests.payouts.stripe_driver import PAYS, Sandbox, Workers, form

SOLD = [
    ("sale", "stripe:pending", 499),
    ("sale", "payable:ada:pending", -440),
    ("sale", "revenue:platform_fee:subscription", -15),
    ("sale", "revenue:processing_recovered", -44),
    ("sale", "expense:processing", 44),
    ("sale", "stripe:pending", -44),
]
TICKET = [
    ("sale", "stripe:pending", 1000),
    ("sale", "payable:ada:pending", -911),
    ("sale", "revenue:platform_fee:ticket", -30),
    ("sale", "revenue:processing_recovered", -59),
    ("sale", "expense:processing", 59),
    ("sale", "stripe:pending", -59),
]


@pytest.fixture
def patrons(sandbox: Sandbox, workers: Workers, linus: UUID) -> Patrons:
    """Linus supports Ada."""
    return Patrons(sandbox=sandbox, workers=workers, payer_id=linus)


def test_renewal_that_fails_is_paid_in_grace_and_then_refunded(patrons: Patrons, ada: Payee) -> None:
    sandbox, workers = patrons.sandbox, patrons.workers
    subscription = patrons.subscribe(patrons.price(ada))
    patrons.new_card(subscription, FAILS)
    patrons.month(subscription)
    workers.turn()
    invoice = BillingInvoice.objects.get(state="open")
    assert (invoice.attempts, invoice.due_minor, Sale.objects.count()) == (1, 499, 1)

    sandbox.advance(days=2)
    assert form(invoice.pay_url, number=PAYS, exp="12/34", cvc="123") == 303
    workers.turn()
    invoice.refresh_from_db()
    subscription.refresh_from_db()
    assert (invoice.state, subscription.state) == ("paid", BillingState.ACTIVE)
    sale = invoice.sale
    assert sale is not None
    assert entries_of(sale.ledger_subject, ada=ada.id) == SOLD
    assert_all_is_booked(sandbox)

    ask_refund(sale_id=sale.id, reason=RefundReason.REQUESTED, asked_by="finance:fin", key="refund-1", now=clock.now())
    workers.turn()
    workers.turn()
    assert entries_of(sale.ledger_subject, ada=ada.id)[len(SOLD) :] == [
        ("refund", "payable:ada:pending", 440),
        ("refund", "revenue:platform_fee:subscription", 15),
        ("refund", "revenue:processing_recovered", 44),
        ("refund", "expense:fee_lost_on_refund", 44),
        ("refund", "expense:processing", -44),
        ("refund", "stripe:pending", -499),
    ]
    assert balance(f"payable:{ada.id}:pending") + balance(f"payable:{ada.id}:available") == -440  # the first month
    assert_all_is_booked(sandbox)


@pytest.mark.parametrize("what", ["ticket", "subscription"])
def test_charge_without_balance_transaction_fee_arriving_later(
    shop: Shop, patrons: Patrons, ada: Payee, what: str
) -> None:
    sandbox, workers = shop.sandbox, shop.workers
    price = patrons.price(ada)
    sandbox.control("settings", fee_delay_s=3600)
    if what == "ticket":
        shop.sell(ada)
    else:
        assert patrons.subscribe(price).state == BillingState.ACTIVE
    sale = Sale.objects.get()
    assert (sale.state, sale.balance_transaction_id) == (SaleState.PAID, "")
    assert entries_of(sale.ledger_subject) == []
    assert_books_agree(sandbox)

    sandbox.advance(days=0.1)
    workers.turn()
    sale.refresh_from_db()
    assert sale.state == SaleState.POSTED
    assert entries_of(sale.ledger_subject, ada=ada.id) == (TICKET if what == "ticket" else SOLD)
    assert_all_is_booked(sandbox)


@pytest.mark.parametrize("what", ["ticket", "subscription"])
def test_two_event_ids_for_one_charge(shop: Shop, patrons: Patrons, ada: Payee, what: str) -> None:
    sandbox, workers = shop.sandbox, shop.workers
    if what == "ticket":
        shop.sell(ada)
    else:
        patrons.subscribe(patrons.price(ada))
    sale = Sale.objects.get()
    before = entries_of(sale.ledger_subject, ada=ada.id)
    told = [("charge.succeeded", sale.charge_id), ("charge.updated", sale.charge_id)]
    if what == "subscription":
        told += [("invoice.paid", sale.invoice_id), ("invoice.payment_succeeded", sale.invoice_id)]
    for event_type, object_id in told:
        sandbox.control("events", type=event_type, object=object_id)
    assert len(workers.hear()) == len(told)
    workers.turn()
    assert Sale.objects.count() == 1
    assert entries_of(sale.ledger_subject, ada=ada.id) == before == (TICKET if what == "ticket" else SOLD)
    assert_all_is_booked(sandbox)


def test_a_plan_changed_up_and_down_and_ended_is_paid_out_to_the_cent(patrons: Patrons, ada: Payee) -> None:
    """What Stripe charged for the changes, whatever it was to the second, is what is split and paid out."""
    sandbox, workers = patrons.sandbox, patrons.workers
    gold = patrons.price(ada)
    platinum = patrons.price(ada, 999, subject="plan:platinum")
    subscription = patrons.subscribe(gold)
    for price in (platinum, gold):
        now = clock.now()
        assert changing.carry_out(
            call_id=changing.change_price(subscription_id=subscription.id, price_id=price.id, prorated_at=now, now=now)
        )
        workers.turn()
    patrons.month(subscription)
    workers.turn()
    charged = [invoice.amount_paid for invoice in patrons.invoices(subscription) if invoice.amount_paid]
    assert sorted(Sale.objects.values_list("charge_minor", flat=True)) == sorted(charged)
    assert BillingSubscription.objects.get().price == gold
    now = sandbox.advance(days=4)
    settle_due(now=now)
    release_due(now=now)
    earned = sum(share.amount_minor or 0 for sale in Sale.objects.all() for share in sale.shares.all())
    run_payouts(now=now)
    workers.turn()
    assert balance(f"payable:{ada.id}:in_transit") == -earned
    assert balance(f"payable:{ada.id}:pending") == balance(f"payable:{ada.id}:available") == 0
    assert_books_agree(sandbox)
