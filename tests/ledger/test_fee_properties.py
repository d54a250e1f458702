"""Properties of splits, gross-ups and refunds, for all amounts and rates."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.fees import (
    Bearer,
    FeePolicy,
    PastSale,
    Share,
    Tariff,
    Tier,
    gross_up,
    largest_remainder,
    latest,
    policy,
    presets,
    refund_parts,
    replay,
    sainte_lague,
    split,
    tie_offset,
)
from ledger.fees.rounding import percent

AMOUNTS = st.integers(0, 10**9)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any)
RATES = st.fractions(0, 1, max_denominator=10_000)


@st.composite
def policies(draw: st.DrawFn) -> FeePolicy:
    """Any policy."""
    bounds = sorted(draw(st.sets(st.integers(1, 10**7), max_size=3)))
    maximum = draw(st.none() | st.integers(0, 10_000))
    return FeePolicy(
        slug="any",
        version=1,
        title="Any",
        effective_from=date(2026, 1, 1),
        tiers=tuple(Tier(rate=draw(RATES), upto_minor=bound) for bound in [*bounds, None]),
        processing=draw(st.sampled_from(Bearer)),
        fixed_minor=draw(st.integers(0, 500)),
        minimum_minor=draw(st.integers(0, 500)),
        maximum_minor=maximum,
        store_rate=draw(RATES),
    )


@given(AMOUNTS, WEIGHTS, st.integers(0, 2**31))
def test_parts_sum_to_the_whole_each_within_one(total: int, weights: list[int], offset: int) -> None:
    for parts in (largest_remainder(total, weights, offset), sainte_lague(total, weights, offset)):
        assert sum(parts) == total
        assert min(parts) >= 0
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    assert all(
        abs(part - share) < 1 for part, share in zip(largest_remainder(total, weights, offset), exact, strict=True)
    )


@given(st.integers(0, 2000), st.lists(st.integers(0, 300), min_size=1, max_size=5).filter(any), st.integers(0, 99))
def test_sainte_lague_is_what_its_divisors_hand_out_one_by_one(total: int, weights: list[int], offset: int) -> None:
    parts = [0] * len(weights)
    for _ in range(total):
        best = min(
            (i for i in range(len(weights)) if weights[i]),
            key=lambda i: (-Fraction(weights[i], 2 * parts[i] + 1), (i - offset) % len(weights)),
        )
        parts[best] += 1
    assert sainte_lague(total, weights, offset) == parts


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=6).filter(any), st.data())
def test_refunds_by_any_parts_end_at_zero_and_no_leg_goes_back(legs: list[int], data: st.DataObject) -> None:
    left, refunded = list(legs), 0
    while refunded < sum(legs):
        part = data.draw(st.integers(1, sum(legs) - refunded))
        parts = refund_parts(legs, refunded, part)
        assert sum(parts) == part
        assert min(parts) >= 0
        left = [before - back for before, back in zip(left, parts, strict=True)]
        refunded += part
    assert left == [0] * len(legs)


def test_largest_remainder_would_take_a_leg_backwards() -> None:
    before, after = largest_remainder(379, [911, 30, 59]), largest_remainder(380, [911, 30, 59])
    assert any(new < old for old, new in zip(before, after, strict=True))


@given(
    AMOUNTS,
    st.fractions(0, Fraction(99, 100), max_denominator=10_000),
    st.integers(0, 500),
    st.sampled_from([1, 10, 100]),
)
def test_a_gross_up_nets_exactly_or_by_the_smallest_step_above(
    net: int, rate: Fraction, fixed: int, step: int
) -> None:
    tariff = Tariff(rate=rate, fixed_minor=fixed, step_minor=step)
    charge = gross_up(net, tariff)
    assert charge % step == 0
    assert charge - tariff.fee_minor(charge) >= net
    below = charge - step
    assert below < 0 or below - tariff.fee_minor(below) < net


@given(policies(), AMOUNTS, st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), st.integers(0, 10**8), WEIGHTS)
def test_a_split_hands_out_what_is_charged(
    any_policy: FeePolicy, price: int, fees: tuple[int, int], lifetime: int, weights: list[int]
) -> None:
    fee, tax = fees
    offset = lifetime
    parts = split(
        policy=any_policy,
        price_minor=price,
        processing_fee_minor=fee,
        shares=[Share(payee=str(n), weight=weight) for n, weight in enumerate(weights)],
        tie_offset=offset,
        lifetime_minor=lifetime,
        tax_minor=tax,
    )
    handed_out = [parts.store_minor, parts.tax_minor, parts.platform_fee_minor, parts.processing_recovered_minor]
    assert sum(handed_out) + sum(parts.payee_minor.values()) == parts.charge_minor
    assert min(handed_out + list(parts.payee_minor.values())) >= 0


@given(policies(), st.lists(st.integers(1, 10**6), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_tiered_cuts_total_the_same_in_any_order(any_policy: FeePolicy, sales: list[int], random: object) -> None:
    def total(order: list[int]) -> int:
        lifetime = cuts = 0
        for x in order:
            cuts += any_policy.cumulative_fee_minor(lifetime + x) - any_policy.cumulative_fee_minor(lifetime)
            lifetime += x
        return cuts

    shuffled = list(sales)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert total(shuffled) == total(sales) == any_policy.cumulative_fee_minor(sum(sales))


@given(policies())
def test_a_policy_is_data(any_policy: FeePolicy) -> None:
    assert FeePolicy.from_data(any_policy.as_data()) == any_policy


@given(st.text())
def test_a_tie_offset_fits_a_positive_integer_and_repeats(key: str) -> None:
    assert 0 <= tie_offset(key) < 2**31
    assert tie_offset(key) == tie_offset(key)


def test_odd_cents_rotate_over_the_payees() -> None:
    counts = [0, 0, 0]
    for n in range(3000):
        parts = largest_remainder(100, [1, 1, 1], tie_offset(f"sale:{n}"))
        counts[parts.index(34)] += 1
    assert sorted(counts) == counts or max(counts) - min(counts) < 150
    assert min(counts) > 900


@pytest.mark.parametrize("bad", [(-1, [1]), (1, []), (1, [0, 0]), (1, [-1, 2])])
def test_what_cannot_be_divided_is_refused(bad: tuple[int, list[int]]) -> None:
    with pytest.raises(ValueError, match="cannot be divided"):
        largest_remainder(*bad)


def test_presets_are_found_by_version_and_day() -> None:
    assert policy("obole-standard", 1).slug == "obole-standard"
    assert latest("clubhouse", date(2026, 1, 1)).version == 1
    with pytest.raises(KeyError):
        latest("clubhouse", date(2020, 1, 1))
    assert len({(preset.slug, preset.version) for preset in presets()}) == len(presets())


def test_in_an_app_the_store_takes_its_part_first() -> None:
    parts = split(
        policy=policy("ticketed-spaces-in-app", 1),
        price_minor=1000,
        processing_fee_minor=0,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
    )
    assert (parts.store_minor, parts.platform_fee_minor, parts.payee_minor["ada"]) == (300, 21, 679)


def test_rates_are_shown_as_people_write_them() -> None:
    assert [percent(Fraction(text)) for text in ("0.03", "0.029", "1/3", "0", "1")] == [
        "3%",
        "2.9%",
        "1/3",
        "0%",
        "100%",
    ]


@pytest.mark.parametrize("price", range(40))
def test_a_creator_never_owes_for_a_cheap_ticket(price: int) -> None:
    parts = split(
        policy=policy("obole-standard", 1),
        price_minor=price,
        processing_fee_minor=31,
        shares=[Share(payee="ada", weight=1)],
        tie_offset=0,
    )
    assert parts.payee_minor["ada"] >= 0
    assert parts.charge_minor == price


def test_history_is_replayed_under_another_policy() -> None:
    ada, both = (Share(payee="ada", weight=1),), (Share(payee="ada", weight=1), Share(payee="grace", weight=1))
    sales = [
        PastSale(
            key=f"sale:{n}",
            price_minor=3_000_000,
            currency="USD",
            processing_fee_minor=87_030,
            shares=shares,
            tie_offset=0,
            earned_minor={share.payee: 1_000 for share in shares},
        )
        for n, shares in enumerate([ada, both])
    ]
    found = replay(policy=policy("ticketed-spaces", 1), sales=sales)
    # The second sale crosses 50,000.00: 3% of 2,000,000 and 20% of 1,000,000, so 2,740,000 are shared by halves.
    assert [(line.payee, line.sales, line.earned_minor, line.would_have_earned_minor) for line in found] == [
        ("ada", 2, 2_000, 2_910_000 + 1_370_000),
        ("grace", 1, 1_000, 1_370_000),
    ]
