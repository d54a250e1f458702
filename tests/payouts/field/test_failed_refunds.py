"""Cases from the field: refunds that a card does not take, exact to the cent, through the sandbox."""

from datetime import timedelta
from typing import Any

import pytest

from config import clock
from ledger import accounts
from ledger.accounts import payable
from payouts.balance_transactions import operations
from payouts.balance_transactions.matching import take
from payouts.balance_transactions.operations import import_pages
from payouts.errors import NothingLeftError
from payouts.models import BalanceTransaction, MirrorState, Payee, RefundState, StripeCall
from tests.payouts.conftest import Shop
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked, balance
from tests.payouts.field.refunding import (
    LOST,
    PROCESSING,
    REFUND_FAILS,
    ask,
    called,
    last_entries,
    reversed_minor,
)
from tests.payouts.stripe_driver import Sandbox, Workers


def test_refund_that_later_fails_then_again(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]
) -> None:
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url, number=REFUND_FAILS) == 303
    workers.turn()
    sold = entries_of(sale.ledger_subject, ada=ada.id)
    first = ask(sale)
    workers.turn()
    with pytest.raises(NothingLeftError):
        ask(sale)
    sandbox.advance(days=0.01)
    workers.turn()
    first.refresh_from_db()
    assert (first.state, first.failure) == (RefundState.FAILED, "The refund failed: expired or canceled card")
    assert told.count(("sale.refund_failed", False)) == 1
    mirrored = [(account, -amount) for account, amount in last_entries(sale, "refund", ada)]
    assert sorted(mirrored) == last_entries(sale, "refund.failed", ada)
    assert (reversed_minor(sale), balance(payable(ada.id, "pending")), balance(LOST)) == (0, -911, 0)
    assert entries_of(sale.ledger_subject, ada=ada.id)[: len(sold)] == sold
    assert_all_is_booked(sandbox)

    sale.refresh_from_db()
    again = ask(sale)
    workers.turn()
    again.refresh_from_db()
    assert (again.state, reversed_minor(sale), balance(payable(ada.id, "pending"))) == (RefundState.POSTED, 1000, 0)
    assert_all_is_booked(sandbox)


def test_a_failure_between_two_partials_leaves_the_legs_where_the_other_put_them(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    sale = shop.sell(ada)
    first, second = ask(sale, 333), ask(sale, 333)
    workers.turn()
    first.refresh_from_db()
    sandbox.control(f"objects/{first.refund_id}/act", action="fail")
    workers.turn()
    second.refresh_from_db()
    assert (second.state, reversed_minor(sale)) == (RefundState.POSTED, 333)
    assert balance(payable(ada.id, "pending")) == -911 + 303  # as one refund of 333 alone has it
    assert_all_is_booked(sandbox)
    ask(sale)
    workers.turn()
    assert [balance(code) for code in (payable(ada.id, "pending"), LOST, PROCESSING)] == [0, 59, 0]
    assert_all_is_booked(sandbox)


def test_a_failure_told_before_anything_was_posted_is_still_owed_until_its_money_is_back(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, told: list[Any]
) -> None:
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url, number=REFUND_FAILS) == 303
    workers.turn()
    sale.refresh_from_db()
    refund = ask(sale)
    StripeCall.objects.filter(id=called(refund)).update(next_attempt_at=clock.real_now() + timedelta(hours=1))
    sandbox.client.v1.refunds.create({"charge": sale.charge_id, "metadata": {"outbox_id": str(refund.call_id)}})
    sandbox.advance(days=0.01)
    workers.hear("refund.failed")
    refund.refresh_from_db()
    assert (refund.state, refund.posted_at) == (RefundState.FAILED, None)
    assert ("sale.refunded", True) not in told
    with pytest.raises(NothingLeftError):
        ask(sale)
    import_pages(now=clock.now())
    refund.refresh_from_db()
    assert refund.returned_at is not None
    assert ask(sale).amount_minor == 1000
    assert_all_is_booked(sandbox)


@pytest.mark.parametrize("order", [("first", "whole", "back"), ("whole", "first", "back"), ("back", "whole", "first")])
def test_refund_that_failed_and_one_of_all_since_in_any_order(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, monkeypatch: pytest.MonkeyPatch, *,
    order: tuple[str, ...],
) -> None:  # fmt: skip
    """400 are given back by hand and do not arrive, then all 1000 are: movements of one second come in no order."""
    sale = shop.sell(ada)
    refunds = sandbox.client.v1.refunds
    first = refunds.create({"charge": sale.charge_id, "amount": 400})
    sandbox.control(f"objects/{first.id}/act", action="fail")
    refunds.create({"charge": sale.charge_id})
    with monkeypatch.context() as patched:
        patched.setattr(operations, "take_imported", lambda *, now: None)
        import_pages(now=clock.now())
    amounts = {"first": -400, "back": 400, "whole": -1000}
    for name in order:
        take(movement=BalanceTransaction.objects.get(amount_minor=amounts[name]), now=clock.now())
    workers.turn()
    BalanceTransaction.objects.exclude(state=MirrorState.POSTED).update(next_attempt_at=clock.now())
    workers.turn()
    workers.turn()
    assert reversed_minor(sale) == 1000
    assert (balance(payable(ada.id, "pending")), balance(accounts.EXPENSE_BAD_DEBT)) == (0, 0)
    assert_all_is_booked(sandbox)
