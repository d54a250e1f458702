"""E6, exact, through the sandbox: from the dispute's balance transactions to the books, whoever bears what."""

from datetime import timedelta

import pytest

from config import clock
from payouts.balance_transactions.operations import import_pages
from payouts.models import Dispute, DisputeStatus, Payee, Sale, SaleState
from payouts.runs.operations import release_due, settle_due
from tests.payouts.conftest import Shop
from tests.payouts.disputes.court import Court, creators_bear
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_books_agree
from tests.payouts.stripe_driver import Sandbox, Workers

Lines = list[tuple[str, str, int]]


def opened(amount: int = 1000) -> Lines:
    return [
        ("dispute.opened", "stripe:disputed", amount),
        ("dispute.opened", "expense:dispute_fee", 1500),
        ("dispute.opened", "stripe:available", -amount - 1500),
    ]


def returned(amount: int = 1000) -> Lines:
    return [
        ("dispute.returned", "stripe:disputed", -amount),
        ("dispute.returned", "expense:dispute_fee", -1500),
        ("dispute.returned", "stripe:available", amount + 1500),
    ]


def reserved(stage: str, minor: int = 911) -> Lines:
    return [("dispute.reserved", f"payable:ada:{stage}", minor), ("dispute.reserved", "payable:ada:reserved", -minor)]


def freed(stage: str, minor: int = 911) -> Lines:
    return [("dispute.released", f"payable:ada:{stage}", -minor), ("dispute.released", "payable:ada:reserved", minor)]


LOST = [
    ("dispute.lost", "payable:ada:reserved", 911),
    ("dispute.lost", "revenue:platform_fee:ticket", 30),
    ("dispute.lost", "revenue:processing_recovered", 59),
    ("dispute.lost", "expense:fee_lost_on_refund", 59),
    ("dispute.lost", "expense:processing", -59),
    ("dispute.lost", "stripe:disputed", -1000),
]
LOST_BY_CREATOR = [
    ("dispute.lost", "payable:ada:reserved", 970),
    ("dispute.lost", "revenue:platform_fee:ticket", 30),
    ("dispute.lost", "stripe:disputed", -1000),
]


def about(sale: Sale, ada: Payee) -> Lines:
    """What the disputes of a sale have moved so far."""
    return [line for line in entries_of(sale.ledger_subject, ada=ada.id) if line[0].startswith("dispute.")]


def become_free(sandbox: Sandbox) -> None:
    """The funds are available and the hold is over; nobody is paid out."""
    now = sandbox.advance(days=4)
    settle_due(now=now)
    release_due(now=now)


@pytest.fixture
def free(shop: Shop, ada: Payee, sandbox: Sandbox) -> Sale:
    """E1, released and not paid out."""
    sale = shop.sell(ada)
    become_free(sandbox)
    return Sale.objects.get(id=sale.id)


def test_e6_lost_and_the_platform_bears_the_fee(free: Sale, ada: Payee, court: Court, sandbox: Sandbox) -> None:
    dispute = court.dispute(free)
    assert (dispute.status, dispute.withdrawn_minor, dispute.fee_minor) == (DisputeStatus.NEEDS_RESPONSE, 1000, 1500)
    assert about(free, ada) == opened() + reserved("available")
    assert_books_agree(sandbox)
    dispute = court.end(dispute, "lose")
    assert (dispute.status, dispute.lost_minor, dispute.bookings) == (DisputeStatus.LOST, 1000, 1)
    assert about(free, ada) == opened() + reserved("available") + LOST
    share = dispute.shares.get()
    assert (share.reserved_minor, share.charged_minor) == (0, 911)
    assert_books_agree(sandbox)


def test_e6_lost_and_the_creator_bears_the_fee(
    shop: Shop, ada: Payee, court: Court, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = shop.sell(ada, policy_slug=creators_bear(monkeypatch, "lost_fee"))
    become_free(sandbox)
    dispute = court.dispute(sale)
    assert about(sale, ada) == opened() + reserved("available", 970)
    court.end(dispute, "lose")
    assert about(sale, ada) == opened() + reserved("available", 970) + LOST_BY_CREATOR
    assert_books_agree(sandbox)


@pytest.mark.parametrize("verdict", ["lose", "win"])
def test_e6_the_dispute_fee_is_the_creators_where_the_policy_says_so(
    shop: Shop, ada: Payee, court: Court, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *, verdict: str
) -> None:
    sale = shop.sell(ada, policy_slug=creators_bear(monkeypatch, "lost_fee", "dispute_fee"))
    become_free(sandbox)
    dispute = court.dispute(sale)
    assert about(sale, ada) == opened() + reserved("available", 2470)
    court.end(dispute, verdict)
    ends = {
        "lose": [
            *LOST_BY_CREATOR,
            ("dispute.lost", "payable:ada:reserved", 1500),
            ("dispute.lost", "expense:dispute_fee", -1500),
        ],
        "win": returned() + freed("available", 2470),
    }
    assert about(sale, ada) == opened() + reserved("available", 2470) + ends[verdict]
    assert_books_agree(sandbox)


def test_e6_won(free: Sale, ada: Payee, court: Court, sandbox: Sandbox) -> None:
    dispute = court.end(court.dispute(free), "win")
    assert (dispute.status, dispute.lost_minor, dispute.fee_minor) == (DisputeStatus.WON, 0, 0)
    assert about(free, ada) == opened() + reserved("available") + returned() + freed("available")
    assert_books_agree(sandbox)


def test_a_pending_share_is_not_released_while_it_is_disputed(
    shop: Shop, ada: Payee, court: Court, sandbox: Sandbox
) -> None:
    sale = shop.sell(ada)
    dispute = court.dispute(sale)
    assert about(sale, ada) == opened() + reserved("pending")
    become_free(sandbox)
    sale.refresh_from_db()
    assert sale.state == SaleState.RELEASED
    assert [line for line in entries_of(sale.ledger_subject) if line[0] == "release"] == []
    court.end(dispute, "win")
    assert about(sale, ada)[-2:] == freed("available")
    assert_books_agree(sandbox)


def test_a_share_won_back_before_its_release_is_pending_again(
    shop: Shop, ada: Payee, court: Court, sandbox: Sandbox
) -> None:
    sale = shop.sell(ada)
    court.end(court.dispute(sale), "win")
    assert about(sale, ada)[-2:] == freed("pending")
    become_free(sandbox)
    assert entries_of(sale.ledger_subject, ada=ada.id)[-2:] == [
        ("release", "payable:ada:pending", 911),
        ("release", "payable:ada:available", -911),
    ]
    assert_books_agree(sandbox)


def test_part_of_a_charge_is_disputed_and_lost(free: Sale, ada: Payee, court: Court, sandbox: Sandbox) -> None:
    dispute = court.dispute(free, amount=333)
    assert about(free, ada) == opened(333) + reserved("available", 303)
    court.end(dispute, "lose")
    assert about(free, ada)[5:] == [
        ("dispute.lost", "payable:ada:reserved", 303),
        ("dispute.lost", "revenue:platform_fee:ticket", 10),
        ("dispute.lost", "revenue:processing_recovered", 20),
        ("dispute.lost", "expense:fee_lost_on_refund", 20),
        ("dispute.lost", "expense:processing", -20),
        ("dispute.lost", "stripe:disputed", -333),
    ]
    free.refresh_from_db()
    assert free.reversed_minor == 333
    assert_books_agree(sandbox)


def test_a_dispute_is_won_in_part(free: Sale, ada: Payee, court: Court, sandbox: Sandbox) -> None:
    """400 of 1000 come back: 600 are lost, by E5's rule, and the rest of the reserve is free."""
    dispute = court.end(court.dispute(free), "win", amount=400)
    assert (dispute.status, dispute.lost_minor) == (DisputeStatus.WON, 600)
    assert about(free, ada)[5:] == [
        *returned(400),
        ("dispute.won", "payable:ada:reserved", 547),
        ("dispute.won", "revenue:platform_fee:ticket", 18),
        ("dispute.won", "revenue:processing_recovered", 35),
        ("dispute.won", "expense:fee_lost_on_refund", 35),
        ("dispute.won", "expense:processing", -35),
        ("dispute.won", "stripe:disputed", -600),
        *freed("available", 364),
    ]
    assert_books_agree(sandbox)


def test_cohosts_are_reserved_and_charged_what_each_would_lose(
    shop: Shop, ada: Payee, grace: Payee, court: Court, sandbox: Sandbox
) -> None:
    sale = shop.sell(ada, grace)
    dispute = court.dispute(sale)
    parts = {share.payee_id: share.amount_minor for share in sale.shares.all()}
    assert {share.payee_id: share.reserved_minor for share in dispute.shares.all()} == parts
    assert sum(minor or 0 for minor in parts.values()) == 911
    court.end(dispute, "lose")
    assert {share.payee_id: share.charged_minor for share in dispute.shares.all()} == parts
    assert_books_agree(sandbox)


def test_the_money_is_told_by_balance_transactions_alone(
    free: Sale, ada: Payee, court: Court, sandbox: Sandbox, workers: Workers
) -> None:
    """Every event of the dispute is lost: what moved the balance says all."""
    dispute_id = court.open(free)
    import_pages(now=clock.now())
    assert about(free, ada) == opened() + reserved("available")
    court.decide(dispute_id, "win")
    import_pages(now=clock.now())
    assert about(free, ada) == opened() + reserved("available") + returned() + freed("available")
    assert_books_agree(sandbox)


def test_no_event_moves_money_before_its_balance_transaction(
    free: Sale, ada: Payee, court: Court, workers: Workers
) -> None:
    dispute_id = court.open(free)
    workers.hear()
    dispute = Dispute.objects.get(id=dispute_id)
    assert (dispute.status, dispute.withdrawn_minor, about(free, ada)) == (DisputeStatus.NEEDS_RESPONSE, 0, [])
    court.decide(dispute_id, "lose")
    workers.hear()
    dispute.refresh_from_db()
    assert (dispute.status, dispute.lost_minor, about(free, ada)) == (DisputeStatus.LOST, None, [])
    workers.turn()
    assert about(free, ada) == opened() + reserved("available") + LOST


def test_a_disputed_charge_whose_fee_is_not_known_yet_waits_for_it(
    shop: Shop, ada: Payee, court: Court, sandbox: Sandbox, workers: Workers
) -> None:
    sandbox.control("settings", fee_delay_s=3600)
    sale = shop.open(ada, hold=timedelta(days=3))
    assert sandbox.pay(sale.checkout_url) == 303
    workers.turn()
    sale.refresh_from_db()
    dispute = court.dispute(sale)
    assert (sale.state, dispute.withdrawn_minor, about(sale, ada)) == (SaleState.PAID, 0, [])
    sandbox.advance(days=0.05)
    workers.turn()
    sandbox.advance(days=0.05)
    workers.turn()
    sale.refresh_from_db()
    assert (sale.state, about(sale, ada)) == (SaleState.POSTED, opened() + reserved("pending"))
    assert_books_agree(sandbox)


def test_a_bank_that_changes_its_mind_is_followed(free: Sale, ada: Payee, court: Court, sandbox: Sandbox) -> None:
    """Lost, then the money comes back after all: the ledger goes from one outcome to the other."""
    dispute = court.end(court.end(court.dispute(free), "lose"), "overturn")
    assert (dispute.status, dispute.lost_minor, dispute.bookings) == (DisputeStatus.WON, 0, 2)
    assert about(free, ada)[11:] == [
        *returned(),
        ("dispute.won", "payable:ada:available", -911),
        ("dispute.won", "revenue:platform_fee:ticket", -30),
        ("dispute.won", "revenue:processing_recovered", -59),
        ("dispute.won", "expense:fee_lost_on_refund", -59),
        ("dispute.won", "expense:processing", 59),
        ("dispute.won", "stripe:disputed", 1000),
    ]
    free.refresh_from_db()
    assert free.reversed_minor == 0
    assert_books_agree(sandbox)
