"""The legs of a sale, and what each has given back: E5 and E11 over a stored split, in any steps."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import accounts, fees
from payouts.errors import ContradictionError
from payouts.models import Sale, SaleShare
from payouts.sales.legs import GivenBack, given_back, legs_of

ADA, GRACE, LINUS = (UUID(int=n) for n in (1, 2, 3))
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def split_sale(*parts: int, lost_fee: str = "platform", **more: Any) -> tuple[Sale, list[SaleShare]]:
    """E1 as it is stored, or another; nothing is saved."""
    policy = fees.policy("obole-standard", 1).as_data() | {"lost_fee": lost_fee}
    wanted: dict[str, Any] = {
        "product": "ticket", "price_minor": 1000, "charge_minor": 1000, "currency": "USD",
        "settlement_currency": "USD", "gross_minor": 1000, "processing_fee_minor": 59, "platform_fee_minor": 30,
        "processing_recovered_minor": 59, "split_at": NOON, "tie_offset": 0, "basis": {"policy": policy},
    }  # fmt: skip
    sale = Sale(**wanted | more)
    shares = [
        SaleShare(sale=sale, payee_id=payee_id, weight=1, position=position, amount_minor=part)
        for position, (payee_id, part) in enumerate(zip((ADA, GRACE, LINUS), parts, strict=False))
    ]
    return sale, shares


def back(sale: Sale, shares: list[SaleShare], total_minor: int) -> GivenBack:
    return given_back(sale=sale, legs=legs_of(sale=sale, shares=shares), total_minor=total_minor)


def test_e5_in_three_parts() -> None:
    sale, shares = split_sale(911)
    so_far = [back(sale, shares, total) for total in (0, 333, 666, 1000)]
    steps = [
        [after.parts[name] - before.parts[name] for name in (f"payee:{ADA}", "platform", "processing")]
        for before, after in pairwise(so_far)
    ]
    assert steps == [[303, 10, 20], [304, 10, 19], [304, 10, 20]]
    assert [step.fee_lost_minor for step in so_far] == [0, 20, 39, 59]


def test_e5_when_the_creator_bears_the_lost_fee() -> None:
    sale, shares = split_sale(911, lost_fee="creator")
    whole = back(sale, shares, 1000)
    assert (whole.parts, whole.fee_lost_minor) == ({f"payee:{ADA}": 970, "platform": 30, "processing": 0}, 0)


def test_a_fee_that_the_processor_gave_back_is_not_lost() -> None:
    sale, shares = split_sale(911, lost_fee="creator", fee_returned_minor=59)
    whole = back(sale, shares, 1000)
    assert (whole.parts, whole.fee_lost_minor) == ({f"payee:{ADA}": 911, "platform": 30, "processing": 59}, 0)
    sale, shares = split_sale(911, fee_returned_minor=59)
    assert back(sale, shares, 1000).fee_lost_minor == 0


def test_a_platform_that_bears_processing_loses_what_nobody_paid_it() -> None:
    sale, shares = split_sale(970, lost_fee="creator", processing_recovered_minor=0)
    whole = back(sale, shares, 1000)
    assert (whole.parts[f"payee:{ADA}"], whole.fee_lost_minor) == (970, 59)


def test_cohosts_share_the_lost_fee_as_they_shared_the_sale() -> None:
    sale, shares = split_sale(304, 304, 303, lost_fee="creator")
    assert [leg.returns_minor for leg in legs_of(sale=sale, shares=shares)] == [324, 324, 322, 30, 0]


def test_e11_parts_are_in_settlement_currency() -> None:
    sale, shares = split_sale(987, currency="EUR", gross_minor=1080, processing_fee_minor=61, platform_fee_minor=32,
                              processing_recovered_minor=61)  # fmt: skip
    half = back(sale, shares, 500)
    assert (half.settled_minor, sum(half.parts.values())) == (540, 540)
    assert back(sale, shares, 1000).parts == {f"payee:{ADA}": 987, "platform": 32, "processing": 61}


def test_names_and_accounts() -> None:
    sale, shares = split_sale(911)
    legs = legs_of(sale=sale, shares=shares)
    assert [(leg.name, leg.account, leg.amount_minor) for leg in legs] == [
        (f"payee:{ADA}", accounts.payable(ADA, "pending"), 911),
        ("platform", "revenue:platform_fee:ticket", 30),
        ("processing", "revenue:processing_recovered", 59),
    ]


@pytest.mark.parametrize("total", [-1, 1001])
def test_never_more_than_was_charged_nor_less_than_nothing(total: int) -> None:
    sale, shares = split_sale(911)
    with pytest.raises(ContradictionError, match=f"{total} cannot go back in all of 1000 USD"):
        back(sale, shares, total)


def test_a_sale_without_its_split_has_no_legs() -> None:
    sale, shares = split_sale(911, split_at=None)
    with pytest.raises(ContradictionError, match="before its split"):
        legs_of(sale=sale, shares=shares)


@given(
    parts=st.lists(st.integers(0, 5000), min_size=1, max_size=3),
    platform=st.integers(0, 2000),
    recovered=st.integers(0, 500),
    fee=st.integers(0, 500),
    presentment=st.integers(1, 9000),
    lost_fee=st.sampled_from(["platform", "creator"]),
    offset=st.integers(0, 2**31 - 1),
    data=st.data(),
)
def test_in_any_steps_no_leg_moves_back_and_the_whole_is_the_whole(
    *,
    parts: list[int], platform: int, recovered: int, fee: int, presentment: int, lost_fee: str, offset: int,
    data: st.DataObject,
) -> None:  # fmt: skip
    gross = sum(parts) + platform + recovered
    if not gross:
        return
    sale, shares = split_sale(
        *parts, lost_fee=lost_fee, charge_minor=presentment, currency="EUR", gross_minor=gross,
        processing_fee_minor=fee, platform_fee_minor=platform, processing_recovered_minor=recovered,
        tie_offset=offset,
    )  # fmt: skip
    totals = sorted(data.draw(st.lists(st.integers(0, presentment), max_size=6)))
    so_far = [back(sale, shares, total) for total in (0, *totals, presentment)]
    for before, after in pairwise(so_far):
        assert all(after.parts[name] >= before.parts[name] for name in before.parts)
        assert after.fee_lost_minor >= before.fee_lost_minor
    assert all(sum(each.parts.values()) == each.settled_minor for each in so_far)
    assert so_far[-1].parts == {leg.name: leg.returns_minor for leg in legs_of(sale=sale, shares=shares)}
    assert so_far[-1].settled_minor == gross
