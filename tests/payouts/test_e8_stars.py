"""E8, exact, through the sandbox: a pack of Stars, Stars given away, and what becomes of both when it is lost."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from config import clock
from ledger import accounts
from ledger.queries import balance_minor
from payouts.errors import NotEnoughStarsError, WalletFrozenError
from payouts.models import Payee, RefundReason, Sale, SaleState, StarSpend, Wallet
from payouts.refunds.operations import ask_refund
from payouts.runs.operations import release_due, settle_due
from payouts.sales.shares import ShareSpec
from payouts.wallets.operations import spend
from payouts.wallets.queries import wallet_of
from tests.payouts.conftest import Shop
from tests.payouts.disputes.court import Court
from tests.payouts.entries import entries_of
from tests.payouts.field.books import assert_all_is_booked
from tests.payouts.stripe_driver import Sandbox, Workers, ledger_of_stripe


def _pack(shop: Shop, *, stars: int = 1000, price_minor: int = 1100, number: str = "") -> Sale:
    sale = shop.open(
        product="stars",
        subject=f"stars:{uuid4()}",
        title=f"{stars} Stars",
        price_minor=price_minor,
        wallet_minor=stars,
        policy_slug="stars",
        hold=timedelta(0),
    )
    assert shop.sandbox.pay(sale.checkout_url, **({"number": number} if number else {})) == 303
    shop.workers.turn()
    sale.refresh_from_db()
    return sale


def _give(shop: Shop, payee: Payee, stars: int, **more: Any) -> StarSpend:
    now = clock.now()
    wanted: dict[str, Any] = {"subject": f"tip:{uuid4()}", "title": "Stars for Ada", "hold_until": now, "now": now}
    return spend(user_id=shop.linus_id, stars=stars, shares=[ShareSpec(payee_id=payee.id)], **wanted | more)


def _balance(user_id: UUID) -> int:
    """The wallet in the ledger, which the wallet's row must equal."""
    minor = -balance_minor(account=accounts.wallet(user_id), currency="USD")
    assert Wallet.objects.get(user_id=user_id).balance == minor
    return minor


def test_e8_a_pack_fills_the_wallet_and_a_tip_is_one_posting(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sale = _pack(shop)
    assert sale.state == SaleState.POSTED
    assert entries_of(sale.ledger_subject, linus=shop.linus_id) == [
        ("sale", "stripe:pending", 1100),
        ("sale", "wallet:linus", -1000),
        ("sale", "revenue:stars_margin", -100),
        ("sale", "expense:processing", 62),
        ("sale", "stripe:pending", -62),
    ]
    tip = _give(shop, ada, 50)
    assert entries_of(tip.subject, linus=shop.linus_id, ada=ada.id) == [
        ("stars", "wallet:linus", 50),
        ("stars", "payable:ada:pending", -50),
    ]
    assert _balance(shop.linus_id) == 950
    assert [(line.stars, line.balance) for line in wallet_of(user_id=shop.linus_id).lines] == [
        (-50, 950),
        (1000, 1000),
    ]
    assert ledger_of_stripe() == (0, 1038)
    assert sandbox.balance() == {"USD": (0, 1038)}


def test_stars_are_released_when_the_money_of_their_packs_is_there_oldest_first(
    shop: Shop, ada: Payee, sandbox: Sandbox
) -> None:
    _pack(shop, stars=100, price_minor=200)
    sandbox.advance(days=1)
    _pack(shop, stars=100, price_minor=200)
    first, both = _give(shop, ada, 100), _give(shop, ada, 1)
    now = sandbox.advance(days=1)
    settle_due(now=now)
    assert release_due(now=now) == 2  # the first pack's sale, and the Stars that all came out of it
    first.refresh_from_db()
    both.refresh_from_db()
    assert (first.released_at, both.released_at) == (now, None)
    assert entries_of(first.subject, ada=ada.id, linus=shop.linus_id)[2:] == [
        ("release", "payable:ada:pending", 100),
        ("release", "payable:ada:available", -100),
    ]
    now = sandbox.advance(days=2)
    settle_due(now=now)
    assert release_due(now=now) == 2
    assert balance_minor(account=accounts.payable(ada.id, "available"), currency="USD") == -101
    assert release_due(now=now) == 0


def test_nobody_gives_more_stars_than_they_have(shop: Shop, ada: Payee) -> None:
    with pytest.raises(NotEnoughStarsError) as refused:
        _give(shop, ada, 1)
    assert (refused.value.balance, refused.value.wanted) == (0, 1)
    _pack(shop)
    with pytest.raises(NotEnoughStarsError) as refused:
        _give(shop, ada, 1001)
    assert refused.value.balance == 1000
    assert not StarSpend.objects.exists()
    _give(shop, ada, 1000)
    assert _balance(shop.linus_id) == 0


def test_e8_a_pack_lost_after_50_were_given(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    sale = _pack(shop)
    tip = _give(shop, ada, 50)
    before = len(entries_of(sale.ledger_subject))
    court = Court(sandbox=sandbox, workers=workers)
    dispute = court.dispute(sale)
    assert Wallet.objects.get().is_frozen
    with pytest.raises(WalletFrozenError):
        _give(shop, ada, 1)
    court.end(dispute, "lose")
    lost = [entry for entry in entries_of(sale.ledger_subject, linus=shop.linus_id)[before:] if "lost" in entry[0]]
    assert sorted(entry[1:] for entry in lost) == [
        ("expense:bad_debt", 50),
        ("revenue:stars_margin", 100),
        ("stripe:disputed", -1100),
        ("wallet:linus", 950),
    ]
    assert (_balance(shop.linus_id), Wallet.objects.get().is_frozen) == (0, False)
    assert StarSpend.objects.get().id == tip.id
    assert balance_minor(account=accounts.payable(ada.id, "pending"), currency="USD") == -50
    assert_all_is_booked(sandbox)


def test_a_dispute_that_is_won_thaws_the_wallet(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    sale = _pack(shop)
    court = Court(sandbox=sandbox, workers=workers)
    dispute = court.dispute(sale)
    court.end(dispute, "win")
    assert not Wallet.objects.get().is_frozen
    _give(shop, ada, 1000)
    assert _balance(shop.linus_id) == 0
    assert_all_is_booked(sandbox)


def test_a_refunded_pack_takes_its_own_unspent_stars_and_no_others(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    first, second = _pack(shop), _pack(shop)
    _give(shop, ada, 400)
    for key, amount_minor in (("a", 550), ("b", 550)):
        ask_refund(
            sale_id=first.id, amount_minor=amount_minor, reason=RefundReason.REQUESTED, asked_by="test", key=key,
            now=clock.now(),
        )  # fmt: skip
        workers.turn()
    refunds = [entry for entry in entries_of(first.ledger_subject, linus=shop.linus_id) if entry[0] == "refund"]
    taken = {
        account: sum(minor for _, name, minor in refunds if name == account)
        for account in ("wallet:linus", "expense:bad_debt", "revenue:stars_margin")
    }
    assert taken == {"wallet:linus": 600, "expense:bad_debt": 400, "revenue:stars_margin": 100}
    assert _balance(shop.linus_id) == 1000
    gift = _give(shop, ada, 1000)  # all of it is the second pack's
    assert [lot.sale_id for lot in gift.wallet.lots.filter(start__lt=gift.stop, stop__gt=gift.start)] == [second.id]
    assert_all_is_booked(sandbox)


def test_a_refund_that_fails_gives_the_stars_back(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    sale = _pack(shop, number="4000000000005126")
    _give(shop, ada, 300)
    ask_refund(sale_id=sale.id, reason=RefundReason.REQUESTED, asked_by="test", key="a", now=clock.now())
    workers.turn()
    assert _balance(shop.linus_id) == 0
    sale.refresh_from_db()
    assert sale.wallet_lost_minor == 300
    sandbox.advance(days=1)
    workers.turn()
    sale.refresh_from_db()
    assert (_balance(shop.linus_id), sale.wallet_lost_minor) == (700, 0)
    assert balance_minor(account=accounts.EXPENSE_BAD_DEBT, currency="USD") == 0
    assert_all_is_booked(sandbox)
