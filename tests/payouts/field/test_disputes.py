"""Cases from the field about disputes, each exact to the cent and proved against the sandbox's balance."""

from typing import Any

import pytest

from config import clock
from ledger import accounts
from ledger.queries import balance_minor
from payouts import handlers
from payouts.balance_transactions.operations import import_pages
from payouts.disputes.queries import disputes_of, open_dispute_of
from payouts.errors import DisputeOpenError
from payouts.inbox import operations as inbox
from payouts.models import (
    BalanceTransaction,
    Dispute,
    DisputeStatus,
    EventState,
    Payee,
    Payout,
    Refund,
    RefundReason,
    RefundState,
    Sale,
    StripeEvent,
)
from payouts.queries import earnings
from payouts.refunds.operations import ask_refund
from payouts.runs.operations import release_due, run_payouts, settle_due
from tests.payouts.conftest import Shop
from tests.payouts.disputes.court import Court
from tests.payouts.field.books import assert_books_agree
from tests.payouts.stripe_driver import Sandbox, post_event


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What other apps were told of disputes."""
    names: list[tuple[str, Any]] = []
    tell = handlers.tell

    def listen(name: str, **facts: Any) -> None:
        if name.startswith("dispute."):
            names.append((name, facts.get("won")))
        tell(name, **facts)

    monkeypatch.setattr(handlers, "tell", listen)
    return names


def owed(payee: Payee) -> dict[str, int]:
    """What Ada is owed in USD, by state, without what is nothing."""
    return {
        stage: minor
        for found in earnings(payee_id=payee.id)
        for stage in accounts.STAGES
        if (minor := getattr(found, f"{stage}_minor"))
    }


def held_by_the_bank() -> int:
    return balance_minor(account=accounts.STRIPE_DISPUTED, currency="USD")


def become_free(sandbox: Sandbox) -> None:
    now = sandbox.advance(days=4)
    settle_due(now=now)
    release_due(now=now)


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
@pytest.mark.parametrize("verdict", ["lose", "win"])
def test_dispute_closed_before_dispute_created(
    shop: Shop, ada: Payee, court: Court, told: list[tuple[str, Any]], *, verdict: str, order: int
) -> None:
    """All of a dispute's events, in any order and each of them twice: one outcome, told once."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    dispute_id = court.open(sale)
    court.decide(dispute_id, verdict)
    events = [event for event in sandbox.events() if event["type"].startswith("charge.dispute.")]
    assert len(events) == {"lose": 3, "win": 4}[verdict]
    for event in events[::order]:
        for copy in (event, {**event, "id": f"{event['id']}again"}):
            assert post_event(copy).status_code == 200
            assert inbox.process(event_id=copy["id"], now=clock.now()) == EventState.DONE
    import_pages(now=clock.now())
    workers.turn()
    won = verdict == "win"
    assert told == [("dispute.opened", None), ("dispute.closed", won)]
    dispute = disputes_of(sale_id=sale.id).get()
    assert (dispute.status, dispute.lost_minor) == ((DisputeStatus.WON, 0) if won else (DisputeStatus.LOST, 1000))
    assert owed(ada) == ({"pending": 911} if won else {})
    assert held_by_the_bank() == 0
    assert_books_agree(sandbox)


def test_a_dispute_heard_of_before_its_charge_waits_for_it(shop: Shop, ada: Payee, court: Court) -> None:
    sale = shop.open(ada)
    sandbox, workers = court.sandbox, court.workers
    assert sandbox.pay(sale.checkout_url, number="4000000000000259") == 303
    created = next(event for event in sandbox.events() if event["type"] == "charge.dispute.created")
    post_event(created)
    assert inbox.process(event_id=created["id"], now=clock.now()) == EventState.WAITING
    workers.turn()
    StripeEvent.objects.filter(id=created["id"]).update(next_attempt_at=clock.real_now())
    workers.turn()
    assert StripeEvent.objects.get(id=created["id"]).state == EventState.DONE
    assert owed(ada) == {"reserved": 911}
    assert_books_agree(sandbox)


def test_a_dispute_whose_money_moved_before_its_charges_fee_was_known(shop: Shop, ada: Payee, court: Court) -> None:
    """Its movement has waited for an hour and would wait half as long again: the charge's posting wakes it."""
    sandbox, workers = court.sandbox, court.workers
    sandbox.control("settings", fee_delay_s=3660)
    sale = shop.open(ada)
    assert sandbox.pay(sale.checkout_url, number="4000000000000259") == 303
    workers.turn()
    sandbox.advance(days=1 / 24)
    workers.turn()
    assert BalanceTransaction.objects.get().note.startswith("the fee of ch_")
    assert owed(ada) == {}
    sandbox.advance(days=2 / 1440)
    workers.turn()
    import_pages(now=clock.now())  # the task that the posting has woken
    assert owed(ada) == {"reserved": 911}
    assert_books_agree(sandbox)


def test_payout_asked_during_dispute_pays_only_what_is_not_reserved(shop: Shop, ada: Payee, court: Court) -> None:
    """A big sale beside it, so that the platform's own part covers what the bank holds back."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    shop.sell(ada, price_minor=60_000)
    become_free(sandbox)
    dispute = court.dispute(sale)
    assert owed(ada) == {"available": 56_430, "reserved": 911}
    run_payouts(now=clock.now())
    workers.turn()
    payout = Payout.objects.get()
    assert (payout.amount_minor, owed(ada)) == (56_430, {"reserved": 911, "in_transit": 56_430})
    assert_books_agree(sandbox)
    court.end(dispute, "win")
    assert owed(ada) == {"available": 911, "in_transit": 56_430}
    assert_books_agree(sandbox)


@pytest.mark.parametrize(
    ("verdict", "options", "left"),
    [("lose", {}, -911), ("win", {}, 0), ("win", {"amount": 400}, -547)],
    ids=["lost", "won", "won in part"],
)
def test_dispute_after_payout(
    shop: Shop, ada: Payee, court: Court, *, verdict: str, options: dict[str, int], left: int
) -> None:
    """The share is gone: what is reserved takes the payee below zero, until it is won back or sold again (E7)."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.turn()
    workers.turn()
    run_payouts(now=sandbox.advance(days=4))
    workers.turn()
    dispute = court.dispute(sale)
    assert owed(ada) == {"available": -911, "reserved": 911}
    court.end(dispute, verdict, **options)
    assert owed(ada) == ({"available": left} if left else {})
    assert held_by_the_bank() == 0
    shop.sell(ada, price_minor=2000)
    run_payouts(now=sandbox.advance(days=4))
    workers.turn()
    assert Payout.objects.order_by("reserved_at").last().amount_minor == 1852 + left  # type: ignore[union-attr]
    assert_books_agree(sandbox)


def test_dispute_lost_after_a_part_was_refunded(shop: Shop, ada: Payee, court: Court) -> None:
    """379 were refunded before: the dispute of the other 621 takes what is left, and every leg ends whole (E5)."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    sandbox.client.v1.refunds.create({"charge": sale.charge_id, "amount": 379})
    workers.turn()
    workers.turn()
    assert owed(ada) == {"pending": 911 - 346}
    dispute = court.dispute(sale)
    assert (dispute.amount_minor, owed(ada)) == (621, {"reserved": 911 - 346})
    court.end(dispute, "lose")
    sale.refresh_from_db()
    assert (owed(ada), sale.reversed_minor, held_by_the_bank()) == ({}, 1000, 0)
    assert balance_minor(account=accounts.EXPENSE_FEE_LOST_ON_REFUND, currency="USD") == 59
    assert_books_agree(sandbox)


def test_dispute_of_more_than_is_left_is_the_platforms_loss(shop: Shop, ada: Payee, court: Court) -> None:
    """The whole charge is disputed after 400 were refunded: nobody gives back more than they got."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    sandbox.client.v1.refunds.create({"charge": sale.charge_id, "amount": 400})
    workers.turn()
    workers.turn()
    court.end(court.dispute(sale, amount=1000), "lose")
    assert (owed(ada), held_by_the_bank()) == ({}, 0)
    assert balance_minor(account=accounts.EXPENSE_BAD_DEBT, currency="USD") == 400
    assert_books_agree(sandbox)


@pytest.mark.parametrize("lost_first", [True, False])
def test_refund_of_more_than_a_bank_left_is_the_platforms_loss(
    shop: Shop, ada: Payee, court: Court, *, lost_first: bool
) -> None:
    """300 stay with the bank and all 1000 are given back: the same books in either order, and undone too."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    dispute = court.dispute(sale, amount=500)
    if lost_first:
        court.end(dispute, "win", amount=200)
        sale.refresh_from_db()
        assert (dispute.lost_minor, sale.reversed_minor) == (300, 300)
    else:
        court.decide(dispute.id, "win", amount=200)
    refund = sandbox.client.v1.refunds.create({"charge": sale.charge_id})
    workers.turn()
    workers.turn()
    sale.refresh_from_db()
    assert (owed(ada), sale.reversed_minor, held_by_the_bank()) == ({}, 1000, 0)
    assert balance_minor(account=accounts.EXPENSE_BAD_DEBT, currency="USD") == 300
    assert_books_agree(sandbox)
    sandbox.control(f"objects/{refund.id}/act", action="fail")
    workers.turn()
    workers.turn()
    sale.refresh_from_db()
    assert (owed(ada), sale.reversed_minor) == ({"pending": 911 - 273}, 300)
    assert balance_minor(account=accounts.EXPENSE_BAD_DEBT, currency="USD") == 0
    assert_books_agree(sandbox)


def test_an_inquiry_that_escalates(shop: Shop, ada: Payee, court: Court, told: list[tuple[str, Any]]) -> None:
    """The bank asks, and nothing moves; it disputes after all, and everything does."""
    sale = shop.sell(ada)
    dispute_id = court.inquire(sale)
    court.workers.turn()
    dispute = Dispute.objects.get(id=dispute_id)
    assert (dispute.is_inquiry, open_dispute_of(sale.id), told, owed(ada)) == (True, None, [], {"pending": 911})
    dispute = court.end(dispute, "escalate")
    assert (dispute.is_inquiry, open_dispute_of(sale.id)) == (False, dispute)
    assert (told, owed(ada)) == ([("dispute.opened", None)], {"reserved": 911})
    court.end(dispute, "win")
    assert (told[1:], owed(ada)) == ([("dispute.closed", True)], {"pending": 911})
    assert_books_agree(court.sandbox)


def test_an_inquiry_that_is_closed_moves_nothing(
    shop: Shop, ada: Payee, court: Court, told: list[tuple[str, Any]]
) -> None:
    sale = shop.sell(ada)
    dispute_id = court.inquire(sale)
    court.workers.turn()
    dispute = court.end(Dispute.objects.get(id=dispute_id), "close")
    assert (dispute.status, dispute.lost_minor, told, owed(ada)) == (
        DisputeStatus.WARNING_CLOSED, None, [], {"pending": 911}
    )  # fmt: skip
    assert_books_agree(court.sandbox)


def test_refund_during_dispute(shop: Shop, ada: Payee, court: Court) -> None:
    """Refused here while the bank decides, and by Stripe when it was asked before we knew; possible once it is won."""
    sandbox, workers = court.sandbox, court.workers
    sale = shop.sell(ada)
    early = ask(sale, key="early", amount_minor=400)
    dispute_id = court.open(sale)
    workers.turn()
    workers.turn()
    early.refresh_from_db()
    assert (early.state, owed(ada)) == (RefundState.REFUSED, {"reserved": 911})
    assert "has been charged back" in early.failure
    with pytest.raises(DisputeOpenError):
        ask(sale, key="late")
    assert sandbox.client.v1.refunds.list().data == []
    court.end(Dispute.objects.get(id=dispute_id), "win")
    ask(sale, key="after")
    workers.turn()
    workers.turn()
    assert (owed(ada), held_by_the_bank()) == ({}, 0)
    assert_books_agree(sandbox)


def ask(sale: Sale, *, key: str, amount_minor: int | None = None) -> Refund:
    return ask_refund(
        sale_id=sale.id,
        amount_minor=amount_minor,
        reason=RefundReason.REQUESTED,
        asked_by="fin",
        key=key,
        now=clock.now(),
    )
