"""Who gets what of one sale, to the unit, with the formula of every part."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.fees.apportion import largest_remainder
from ledger.fees.policy import Bearer, FeePolicy
from ledger.fees.processing import gross_up, tariff
from ledger.fees.rounding import half_up, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A payee's weight in a sale; thirds are 1, 1, 1."""

    payee: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaLine:
    """One step of the calculation, for people: what it is, how it came about, what it comes to."""

    label: str
    formula: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A sale divided. What is charged is all of this, whatever the processor then takes:

    charge = tax + store + platform fee + processing recovered + the payees.
    """

    charge_minor: int
    platform_fee_minor: int
    processing_recovered_minor: int
    payee_minor: dict[str, int]
    formula: tuple[FormulaLine, ...]
    store_minor: int = 0
    tax_minor: int = 0


def split(
    *,
    policy: FeePolicy,
    price_minor: int,
    processing_fee_minor: int,
    shares: Sequence[Share],
    tie_offset: int,
    lifetime_minor: int = 0,
    tax_minor: int = 0,
    currency: str = "USD",
    charge_minor: int | None = None,
) -> Split:
    """Divide a sale of `price_minor` under a policy.

    `processing_fee_minor` is what the processor takes (or is predicted to); `lifetime_minor` what the payee sold
    before, gross, under this policy and currency; `tax_minor` comes on top of the price; `charge_minor` is what was
    charged, where that is known (else the price and tax, grossed up when the payer bears processing).
    Raises ValueError for a negative amount, no shares, one payee twice, or a charge that does not cover the price.
    """
    _check(price_minor, processing_fee_minor, lifetime_minor, tax_minor, shares)
    due = price_minor + tax_minor
    if charge_minor is None:
        charge_minor = gross_up(due, tariff(currency)) if policy.processing == Bearer.PAYER and due else due
    if charge_minor < due or (charge_minor > due and policy.processing != Bearer.PAYER):
        raise ValueError(f"a charge of {charge_minor} is not for {due} under {policy.slug}")
    store = half_up(price_minor * policy.store_rate)
    platform_fee = policy.platform_fee_minor(price_minor - store, lifetime_minor)
    left = price_minor - store - platform_fee
    withheld = min(processing_fee_minor, left) if policy.processing == Bearer.CREATOR else 0
    earned = left - withheld
    parts = largest_remainder(earned, [share.weight for share in shares], tie_offset)
    return Split(
        charge_minor=charge_minor,
        platform_fee_minor=platform_fee,
        processing_recovered_minor=charge_minor - due + withheld,
        payee_minor={share.payee: part for share, part in zip(shares, parts, strict=True)},
        formula=(
            *_price_lines(price_minor, tax_minor, charge_minor, store, policy),
            FormulaLine(
                label="Platform fee",
                formula=_fee_formula(policy, price_minor - store, lifetime_minor),
                amount_minor=platform_fee,
            ),
            _processing_line(policy, processing_fee_minor, charge_minor - due, withheld),
            *_share_lines(shares, parts, earned),
        ),
        store_minor=store,
        tax_minor=tax_minor,
    )


def _check(price: int, processing_fee: int, lifetime: int, tax: int, shares: Sequence[Share]) -> None:
    if min(price, processing_fee, lifetime, tax) < 0:
        raise ValueError(f"negative amount among {price}, {processing_fee}, {lifetime}, {tax}")
    if not shares or len({share.payee for share in shares}) < len(shares):
        raise ValueError("a sale has shares, one for each payee")


def _price_lines(price: int, tax: int, charge: int, store: int, policy: FeePolicy) -> list[FormulaLine]:
    lines = [FormulaLine(label="Price", formula="as set by the host", amount_minor=price)]
    if tax:
        lines.append(FormulaLine(label="Tax", formula="on top of the price", amount_minor=tax))
    if charge != price + tax:
        lines.append(
            FormulaLine(
                label="Charged",
                formula=f"{price + tax} grossed up so that it is left after card processing",
                amount_minor=charge,
            )
        )
    if store:
        lines.append(
            FormulaLine(label="App store", formula=f"{percent(policy.store_rate)} of {price}", amount_minor=store)
        )
    return lines


def _fee_formula(policy: FeePolicy, basis: int, lifetime: int) -> str:
    if policy.tiered:
        before, after = policy.cumulative_fee_minor(lifetime), policy.cumulative_fee_minor(lifetime + basis)
        text = f"F({lifetime + basis}) - F({lifetime}) = {after} - {before}"
    else:
        text = f"{percent(policy.tiers[0].rate)} of {basis}"
    text = f"{policy.slug} v{policy.version}: {text}"
    if policy.fixed_minor:
        text += f" + {policy.fixed_minor}"
    if policy.minimum_minor:
        text += f", at least {policy.minimum_minor}"
    if policy.maximum_minor is not None:
        text += f", at most {policy.maximum_minor}"
    return text


def _processing_line(policy: FeePolicy, fee: int, surcharge: int, withheld: int) -> FormulaLine:
    amount = surcharge + withheld
    text = {
        Bearer.CREATOR: f"the processor takes {fee}, borne by the creator",
        Bearer.PAYER: f"paid on top by the payer; the processor takes {fee}",
        Bearer.PLATFORM: f"the processor takes {fee}, borne by the platform",
    }[policy.processing]
    if policy.processing == Bearer.CREATOR and withheld < fee:
        text += " as far as the price goes"
    return FormulaLine(label="Card processing", formula=text, amount_minor=amount)


def _share_lines(shares: Sequence[Share], parts: Sequence[int], earned: int) -> list[FormulaLine]:
    whole = sum(share.weight for share in shares)
    return [
        FormulaLine(
            label=f"Payee {share.payee}",
            formula=f"{earned}" if len(shares) == 1 else f"{share.weight}/{whole} of {earned}",
            amount_minor=part,
        )
        for share, part in zip(shares, parts, strict=True)
    ]
