"""DESIGN section 4, E1 to E14, to the cent."""

from datetime import timedelta

import pytest

from ledger import accounts
from ledger.errors import FloorCrossedError
from ledger.fees import Share, largest_remainder, policy, predict_processing_fee, refund_parts, split
from ledger.operations import post, post_many
from ledger.postings import credit, debit
from ledger.queries import balance_minor
from tests.ledger.cast import (
    ADA,
    AVAILABLE,
    CHARITY,
    GRACE,
    LINUS,
    NOON,
    TICKET_FEE,
    S,
    books,
    move,
    owed,
    p,
    posting,
    sale,
)  # fmt: skip

pytestmark = pytest.mark.django_db
LOST = accounts.EXPENSE_FEE_LOST_ON_REFUND
PROCESSING = accounts.EXPENSE_PROCESSING
RECOVERED = accounts.PROCESSING_RECOVERED


def released(key: str = "sale:1") -> None:
    """E1 and E1b: Ada's 911 are available."""
    post_many(
        postings=[
            sale(key),
            move(f"settle:{key}", AVAILABLE, S, 941, kind="settlement"),
            move(f"release:{key}", p(ADA), p(ADA, "available"), 911, kind="release"),
        ]
    )


def test_e1_a_ticket_whose_processing_the_creator_bears() -> None:
    parts = split(
        policy=policy("obole-standard", 1),
        price_minor=1000,
        processing_fee_minor=59,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
    )
    assert (parts.charge_minor, parts.platform_fee_minor, parts.processing_recovered_minor) == (1000, 30, 59)
    assert parts.payee_minor == {"ada": 911}
    post(posting=sale())
    assert books() == {S: 941, p(ADA): -911, TICKET_FEE: -30, RECOVERED: -59, PROCESSING: 59}


def test_e1b_funds_become_available_and_the_hold_ends() -> None:
    released()
    assert books() == {AVAILABLE: 941, p(ADA, "available"): -911, TICKET_FEE: -30, RECOVERED: -59, PROCESSING: 59}


def test_e2_a_tip_whose_payer_covers_processing() -> None:
    parts = split(
        policy=policy("clubhouse", 1),
        price_minor=2500,
        processing_fee_minor=106,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
    )
    assert (parts.charge_minor, parts.platform_fee_minor, parts.processing_recovered_minor) == (2606, 0, 106)
    assert parts.payee_minor == {"ada": 2500}
    assert predict_processing_fee(2606, "USD") == 106
    legs = (debit(S, 2606, "USD"), credit(p(ADA), 2500, "USD"), credit(RECOVERED, 106, "USD"))
    post(posting=posting("tip:1", *legs, debit(PROCESSING, 106, "USD"), credit(S, 106, "USD"), kind="tip"))
    assert books() == {S: 2500, p(ADA): -2500, RECOVERED: -106, PROCESSING: 106}


def test_e3_a_sale_across_the_tier_of_50000() -> None:
    spaces = policy("ticketed-spaces", 1)
    assert spaces.platform_fee_minor(2000, 4_999_000) == 230
    parts = split(
        policy=spaces,
        price_minor=2000,
        processing_fee_minor=88,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
        lifetime_minor=4_999_000,
    )
    assert (parts.platform_fee_minor, parts.payee_minor["ada"]) == (230, 1770)


def test_e4_three_cohosts_and_the_odd_cent_rotates() -> None:
    assert largest_remainder(911, [1, 1, 1], 0) == [304, 304, 303]
    assert largest_remainder(911, [1, 1, 1], 1) == [303, 304, 304]
    assert largest_remainder(911, [1, 1, 1], 2) == [304, 303, 304]


def test_e5_three_refunds_bring_every_leg_back_to_zero() -> None:
    post(posting=sale())
    refunded = 0
    expected = [[303, 10, 20], [304, 10, 19], [304, 10, 20]]
    for nth, (amount, parts) in enumerate(zip((333, 333, 334), expected, strict=True)):
        assert refund_parts([911, 30, 59], refunded, amount) == parts
        refunded += amount
        legs = (debit(p(ADA), parts[0], "USD"), debit(TICKET_FEE, parts[1], "USD"), debit(RECOVERED, parts[2], "USD"))
        post(posting=posting(f"refund:re_{nth}", *legs, credit(S, amount, "USD"), kind="refund"))
    post(posting=move("lost:1", LOST, PROCESSING, 59, kind="refund"))
    assert books() == {S: -59, LOST: 59}


def test_e5_a_refund_whose_lost_fee_the_creator_bears() -> None:
    post(posting=sale())
    legs = (debit(p(ADA), 970, "USD"), debit(TICKET_FEE, 30, "USD"), credit(S, 1000, "USD"))
    post(posting=posting("refund:re_1", *legs, kind="refund"))
    assert books() == {S: -59, p(ADA): 59, RECOVERED: -59, PROCESSING: 59}


def test_a_cent_more_takes_no_leg_backwards() -> None:
    assert refund_parts([911, 30, 59], 0, 379) == [346, 11, 22]
    assert refund_parts([911, 30, 59], 379, 1) == [1, 0, 0]


def dispute_opened() -> None:
    """E6: the networks hold the charge back, and the payee's share is reserved."""
    released()
    legs = (
        debit(accounts.STRIPE_DISPUTED, 1000, "USD"),
        debit(accounts.EXPENSE_DISPUTE_FEE, 1500, "USD"),
        credit(AVAILABLE, 2500, "USD"),
    )
    post(posting=posting("dispute:dp_1:opened", *legs, kind="dispute.opened"))
    post(posting=move("reserve:dp_1", p(ADA, "available"), p(ADA, "reserved"), 911, kind="dispute.reserved"))


def test_e6_a_dispute_that_is_won() -> None:
    dispute_opened()
    legs = (
        credit(accounts.STRIPE_DISPUTED, 1000, "USD"),
        credit(accounts.EXPENSE_DISPUTE_FEE, 1500, "USD"),
        debit(AVAILABLE, 2500, "USD"),
    )
    post(posting=posting("dispute:dp_1:won", *legs, kind="dispute.won"))
    post(posting=move("unreserve:dp_1", p(ADA, "reserved"), p(ADA, "available"), 911, kind="dispute.released"))
    assert books() == {AVAILABLE: 941, p(ADA, "available"): -911, TICKET_FEE: -30, RECOVERED: -59, PROCESSING: 59}


def test_e6_a_dispute_that_is_lost() -> None:
    dispute_opened()
    legs = (debit(p(ADA, "reserved"), 911, "USD"), debit(TICKET_FEE, 30, "USD"), debit(RECOVERED, 59, "USD"))
    post(
        posting=posting("dispute:dp_1:lost", *legs, credit(accounts.STRIPE_DISPUTED, 1000, "USD"), kind="dispute.lost")
    )
    post(posting=move("dispute:dp_1:fee", LOST, PROCESSING, 59, kind="dispute.lost"))
    assert books() == {AVAILABLE: 941 - 2500, accounts.EXPENSE_DISPUTE_FEE: 1500, LOST: 59}


def test_e7_a_refund_after_the_payout_is_netted_by_the_next_sale() -> None:
    released()
    post(posting=move("payout:1", p(ADA, "available"), p(ADA, "in_transit"), 911, kind="payout.reserved"))
    legs = (debit(p(ADA, "available"), 911, "USD"), debit(TICKET_FEE, 30, "USD"), debit(RECOVERED, 59, "USD"))
    post(posting=posting("refund:re_1", *legs, credit(AVAILABLE, 1000, "USD"), kind="refund"))
    assert owed(p(ADA, "available")) == [-911]
    with pytest.raises(FloorCrossedError):
        post(posting=move("payout:2", p(ADA, "available"), p(ADA, "in_transit"), 1, kind="payout.reserved"))


def test_e7_the_next_sale_nets_first() -> None:
    released()
    post(posting=move("payout:1", p(ADA, "available"), p(ADA, "in_transit"), 911, kind="payout.reserved"))
    post(posting=move("refund:re_1", p(ADA, "available"), AVAILABLE, 911, kind="refund"))
    released("sale:2")
    assert owed(p(ADA, "available"), p(ADA, "in_transit")) == [0, 911]


def stars() -> None:
    """E8: 1000 Stars for 11.00."""
    legs = (
        debit(S, 1100, "USD"),
        credit(accounts.wallet(LINUS), 1000, "USD"),
        credit(accounts.STARS_MARGIN, 100, "USD"),
    )
    post(posting=posting("stars:1", *legs, debit(PROCESSING, 62, "USD"), credit(S, 62, "USD"), kind="stars.bought"))
    post(posting=move("tip:1", accounts.wallet(LINUS), p(ADA), 50, kind="tip"))


def test_e8_stars_are_bought_and_tipped_without_a_card() -> None:
    stars()
    assert predict_processing_fee(1100, "USD") == 62
    assert books() == {
        S: 1038, accounts.wallet(LINUS): -950, accounts.STARS_MARGIN: -100, p(ADA): -50, PROCESSING: 62,
    }  # fmt: skip


def test_e8_a_wallet_cannot_tip_what_it_does_not_hold() -> None:
    stars()
    with pytest.raises(FloorCrossedError) as refused:
        post(posting=move("tip:2", accounts.wallet(LINUS), p(ADA), 951, kind="tip"))
    assert (refused.value.amount_minor, refused.value.available_minor) == (951, 950)
    assert (refused.value.account, refused.value.currency, refused.value.key) == (
        accounts.wallet(LINUS),
        "USD",
        "tip:2",
    )


def test_e8_a_disputed_pack_is_lost_after_50_were_tipped() -> None:
    stars()
    post(posting=move("dispute:1", accounts.STRIPE_DISPUTED, S, 1100, kind="dispute.opened"))
    legs = (
        debit(accounts.STARS_MARGIN, 100, "USD"),
        debit(accounts.wallet(LINUS), 950, "USD"),
        debit(accounts.EXPENSE_BAD_DEBT, 50, "USD"),
        credit(accounts.STRIPE_DISPUTED, 1100, "USD"),
    )
    post(posting=posting("dispute:1:lost", *legs, kind="dispute.lost"))
    assert books() == {S: -62, p(ADA): -50, accounts.EXPENSE_BAD_DEBT: 50, PROCESSING: 62}


def payout() -> None:
    """E9, up to the transfer."""
    released()
    post(posting=move("payout:1", p(ADA, "available"), p(ADA, "in_transit"), 911, kind="payout.reserved"))
    post(posting=move("transfer:tr_1", accounts.connected(ADA), AVAILABLE, 911, kind="payout.transferred"))


FEES = {TICKET_FEE: -30, RECOVERED: -59, PROCESSING: 59}


def test_e9_a_payout_that_arrives() -> None:
    payout()
    post(posting=move("paid:po_1", p(ADA, "in_transit"), accounts.connected(ADA), 911, kind="payout.paid"))
    assert books() == {AVAILABLE: 30} | FEES


def test_e9_a_payout_that_fails_before_it_is_paid() -> None:
    payout()
    post(posting=move("failed:po_1", p(ADA, "in_transit"), p(ADA, "available"), 911, kind="payout.failed"))
    post(posting=move("reversed:tr_1", AVAILABLE, accounts.connected(ADA), 911, kind="payout.transfer_reversed"))
    assert books() == {AVAILABLE: 941, p(ADA, "available"): -911} | FEES


def test_e9_a_payout_that_fails_after_it_was_paid() -> None:
    payout()
    post(posting=move("paid:po_1", p(ADA, "in_transit"), accounts.connected(ADA), 911, kind="payout.paid"))
    post(posting=move("back:po_1", accounts.connected(ADA), p(ADA, "in_transit"), 911, kind="payout.returned"))
    post(posting=move("failed:po_1", p(ADA, "in_transit"), p(ADA, "available"), 911, kind="payout.failed"))
    post(posting=move("reversed:tr_1", AVAILABLE, accounts.connected(ADA), 911, kind="payout.transfer_reversed"))
    assert books() == {AVAILABLE: 941, p(ADA, "available"): -911} | FEES


def test_e10_a_payment_too_late_for_a_full_room_is_refunded() -> None:
    legs = (debit(S, 1000, "USD"), credit(accounts.SUSPENSE, 1000, "USD"))
    post(posting=posting("late:1", *legs, debit(PROCESSING, 59, "USD"), credit(S, 59, "USD"), kind="sale.late"))
    assert books() == {S: 941, accounts.SUSPENSE: -1000, PROCESSING: 59}
    post(posting=move("refund:re_1", accounts.SUSPENSE, S, 1000, kind="refund"))
    assert books() == {S: -59, PROCESSING: 59}


def test_e11_a_euro_sale_is_owed_in_dollars() -> None:
    parts = split(
        policy=policy("obole-standard", 1),
        price_minor=1080,
        processing_fee_minor=61,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
    )
    assert (parts.payee_minor["ada"], parts.platform_fee_minor, parts.processing_recovered_minor) == (987, 32, 61)
    legs = (
        debit(S, 1080, "USD"),
        credit(p(ADA), 987, "USD"),
        credit(TICKET_FEE, 32, "USD"),
        credit(RECOVERED, 61, "USD"),
    )
    post(posting=posting("sale:1", *legs, debit(PROCESSING, 61, "USD"), credit(S, 61, "USD")))
    back = refund_parts([987, 32, 61], 0, 1080)
    returned = (debit(p(ADA), back[0], "USD"), debit(TICKET_FEE, back[1], "USD"), debit(RECOVERED, back[2], "USD"))
    post(
        posting=posting(
            "refund:re_1", *returned, debit(accounts.EXPENSE_FX, 15, "USD"), credit(S, 1095, "USD"), kind="refund"
        )
    )
    assert books() == {S: -76, PROCESSING: 61, accounts.EXPENSE_FX: 15}


def test_e12_yen_have_no_cents() -> None:
    parts = split(
        policy=policy("obole-standard", 1),
        price_minor=500,
        processing_fee_minor=45,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
        currency="JPY",
    )
    assert parts.payee_minor == {"ada": 440}
    post(posting=move("sale:1", S, p(ADA), 500, "JPY"))
    assert balance_minor(account=S, currency="JPY") == 500


def test_e12_what_a_forint_payout_leaves_stays_owed() -> None:
    post(posting=move("sale:1", AVAILABLE, p(ADA, "available"), 12_345, "HUF"))
    post(posting=move("payout:1", p(ADA, "available"), p(ADA, "in_transit"), 12_300, "HUF", kind="payout.reserved"))
    assert owed(p(ADA, "available"), p(ADA, "in_transit"), currency="HUF") == [45, 12_300]


def grant(key: str, amount_minor: int) -> None:
    """E13: an award from the fund "sounds"."""
    legs = (
        debit(accounts.grants("sounds"), amount_minor, "USD"),
        credit(p(ADA, "available"), amount_minor, "USD"),
        debit(accounts.fund("sounds"), amount_minor, "USD"),
        credit(accounts.EQUITY_FUND_USED, amount_minor, "USD"),
    )
    post(posting=posting(key, *legs, kind="grant"))


def test_e13_a_grant_comes_from_the_budget() -> None:
    post(posting=move("fund:sounds", accounts.BANK, accounts.fund("sounds"), 10_000, kind="fund.budget"))
    grant("grant:1", 6_000)
    assert owed(p(ADA, "available"), accounts.fund("sounds"), accounts.EQUITY_FUND_USED) == [6_000, 4_000, 6_000]


def test_e13_the_budget_refuses_what_exceeds_it() -> None:
    post(posting=move("fund:sounds", accounts.BANK, accounts.fund("sounds"), 10_000, kind="fund.budget"))
    grant("grant:1", 6_000)
    with pytest.raises(FloorCrossedError) as refused:
        grant("grant:2", 4_001)
    assert (refused.value.account, refused.value.available_minor) == (accounts.fund("sounds"), 4_000)


def test_e14_a_donation_goes_to_the_charity_whole() -> None:
    parts = split(
        policy=policy("donation-fee-covered", 1),
        price_minor=1000,
        processing_fee_minor=61,
        shares=[Share(payee="charity", weight=1)],
        tie_offset=0,
    )
    assert (parts.charge_minor, parts.platform_fee_minor, parts.payee_minor) == (1061, 0, {"charity": 1000})
    legs = (debit(S, 1061, "USD"), credit(p(CHARITY), 1000, "USD"), credit(RECOVERED, 61, "USD"))
    post(posting=posting("donation:1", *legs, debit(PROCESSING, 61, "USD"), credit(S, 61, "USD"), kind="donation"))
    assert owed(p(CHARITY), p(ADA), p(GRACE)) == [1000, 0, 0]
    assert books() == {S: 1000, p(CHARITY): -1000, RECOVERED: -61, PROCESSING: 61}


def test_the_examples_keep_their_effective_dates() -> None:
    post(posting=sale(effective_at=NOON + timedelta(days=2)))
    assert books()[S] == 941
