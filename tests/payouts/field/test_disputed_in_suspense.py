"""Disputes of money in suspense, which is nobody's: late payments and charges that matched nothing (E6, E10)."""

import pytest

from config import clock
from ledger import accounts
from payouts.balance_transactions.operations import import_pages
from payouts.errors import CannotMatchError
from payouts.models import BalanceTransaction, MirrorState, Payee, RefundReason, Sale, SaleState
from payouts.refunds.operations import ask_refund
from payouts.suspense.operations import match_to_sale, park_charge, take_after_all
from payouts.suspense.queries import Parked, parked
from tests.payouts.conftest import Shop
from tests.payouts.disputes.court import Court, creators_bear
from tests.payouts.field.books import assert_all_is_booked, assert_books_agree, balance, suspense


@pytest.fixture
def stray(shop: Shop, court: Court) -> Sale:
    """A charge of 10.00 that somebody made in Stripe's dashboard, in suspense until a person decides."""
    court.sandbox.client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    import_pages(now=clock.now())
    import_pages(now=court.sandbox.advance(days=0.1))
    charge = BalanceTransaction.objects.get(type="charge", state=MirrorState.UNMATCHED)
    return park_charge(balance_transaction_id=charge.id, now=clock.now())


def _row() -> Parked:
    (row,) = parked(now=clock.now())
    return row


def test_dispute_of_a_late_payment_in_suspense(shop: Shop, ada: Payee, court: Court) -> None:
    """The money is nobody's; lost, the bank takes it from suspense, and won after all it is there again."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url) == 303
    Sale.objects.filter(id=sale.id).update(state=SaleState.EXPIRED, expired_at=sale.opened_at)
    workers.hear()
    import_pages(now=clock.now())
    sale.refresh_from_db()
    assert sale.state == SaleState.PARKED
    dispute_id = court.open(sale)
    workers.turn()  # the refund that was decided with the parking is refused by Stripe: the bank has the money
    assert _row().is_disputed
    with pytest.raises(CannotMatchError, match="has not decided yet"):
        take_after_all(sale_id=sale.id, actor="staff:1", now=clock.now())
    court.decide(dispute_id, "lose")
    workers.turn()
    sale.refresh_from_db()
    assert (sale.state, sale.refund_id, sale.refund_failure) == (SaleState.RETURNED, "", "")
    assert parked(now=clock.now()) == []
    assert (suspense(), balance(accounts.STRIPE_DISPUTED)) == (0, 0)
    assert_books_agree(sandbox)
    court.decide(dispute_id, "overturn")
    workers.turn()
    assert _row().left_minor == suspense() == 1000
    assert_books_agree(sandbox)


def test_creators_who_bear_the_banks_fee_bear_none_of_what_they_never_earned(
    shop: Shop, ada: Payee, court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = shop.open(ada, policy_slug=creators_bear(monkeypatch, "dispute_fee"))
    assert court.sandbox.pay(sale.checkout_url) == 303
    Sale.objects.filter(id=sale.id).update(state=SaleState.EXPIRED, expired_at=sale.opened_at)
    court.workers.hear()
    import_pages(now=clock.now())
    court.end(court.dispute(Sale.objects.get(id=sale.id)), "lose")
    assert [balance(accounts.payable(ada.id, stage)) for stage in accounts.STAGES] == [0] * len(accounts.STAGES)
    assert (suspense(), balance(accounts.STRIPE_DISPUTED), balance(accounts.EXPENSE_DISPUTE_FEE)) == (0, 0, 1500)
    assert_all_is_booked(court.sandbox)


@pytest.mark.parametrize("refund_is_first", [True, False])
def test_a_bank_keeps_a_part_and_all_of_it_is_given_back(stray: Sale, court: Court, *, refund_is_first: bool) -> None:
    """What is more than was charged is the platform's loss; suspense is empty, never below that."""
    court.decide(court.open(stray), "win", amount=700)
    if not refund_is_first:
        court.workers.turn()
        assert _row().left_minor == suspense() == 700
    whole = court.sandbox.client.v1.refunds.create({"charge": stray.charge_id})
    if refund_is_first:
        court.workers.hear("refund.created", "charge.refunded")
    court.workers.turn()
    stray.refresh_from_db()
    assert (stray.state, stray.reversed_minor, stray.refund_id) == (SaleState.RETURNED, 1000, whole.id)
    assert (suspense(), balance(accounts.EXPENSE_BAD_DEBT)) == (0, 300)
    assert_all_is_booked(court.sandbox)
    court.sandbox.control(f"objects/{whole.id}/act", action="fail")
    court.workers.turn()
    assert (_row().left_minor, suspense(), balance(accounts.EXPENSE_BAD_DEBT)) == (700, 700, 0)
    assert_all_is_booked(court.sandbox)


def test_what_a_bank_left_is_given_back_and_cannot_pay_for_anything(
    stray: Sale, shop: Shop, ada: Payee, court: Court
) -> None:
    court.decide(court.open(stray), "win", amount=700)
    court.workers.turn()
    unpaid = shop.open(ada)
    Sale.objects.filter(id=unpaid.id).update(state=SaleState.EXPIRED, expired_at=unpaid.opened_at)
    assert [match.id for match in _row().matches] == [unpaid.id]
    with pytest.raises(CannotMatchError, match="on its way back"):
        match_to_sale(parked_id=stray.id, sale_id=unpaid.id, actor="staff:1", now=clock.now())
    refund = ask_refund(sale_id=stray.id, reason=RefundReason.SUSPENSE, asked_by="staff:1", key="a", now=clock.now())
    court.workers.turn()
    stray.refresh_from_db()
    assert (refund.amount_minor, stray.state) == (700, SaleState.RETURNED)
    assert (suspense(), balance(accounts.EXPENSE_BAD_DEBT)) == (0, 0)
    assert_all_is_booked(court.sandbox)
