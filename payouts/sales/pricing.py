"""What a sale will bring, before it is paid, and what it brought, once the fee is known."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from math import floor
from uuid import UUID

from ledger import fees
from payouts.errors import ContradictionError
from payouts.locks import lock_fee_basis
from payouts.models import BalanceTransaction, FeeBasis, Sale, SaleShare
from payouts.sales.shares import ShareSpec

SPLIT_FIELDS = (
    "balance_transaction_id", "settlement_currency", "gross_minor", "processing_fee_minor", "platform_fee_minor",
    "processing_recovered_minor", "split_at", "basis",
)  # fmt: skip
"""What a split writes on a sale."""


def predicted(
    *, policy: fees.FeePolicy, price_minor: int, currency: str, shares: Sequence[ShareSpec], tie_offset: int
) -> tuple[fees.Split, int]:
    """The split with the fee that the processor's tariff predicts, and that fee."""
    lifetime_minor = _sold_before(policy, shares[0].payee_id, currency)
    parts = [fees.Share(payee=str(share.payee_id), weight=share.weight) for share in shares]
    charged = fees.split(
        policy=policy, price_minor=price_minor, processing_fee_minor=0, shares=parts, tie_offset=tie_offset,
        lifetime_minor=lifetime_minor, currency=currency,
    ).charge_minor  # fmt: skip
    fee_minor = fees.predict_processing_fee(charged, currency)
    split = fees.split(
        policy=policy, price_minor=price_minor, processing_fee_minor=fee_minor, shares=parts, tie_offset=tie_offset,
        lifetime_minor=lifetime_minor, currency=currency, charge_minor=charged,
    )  # fmt: skip
    return split, fee_minor


def pack_split(*, price_minor: int, wallet_minor: int) -> fees.Split:
    """A pack of Stars: a minor unit a Star to the wallet, the rest is the platform's margin, which bears the fee."""
    margin_minor = price_minor - wallet_minor
    return fees.Split(
        charge_minor=price_minor,
        platform_fee_minor=margin_minor,
        processing_recovered_minor=0,
        payee_minor={},
        formula=(
            fees.FormulaLine(label="Price", formula="of the pack", amount_minor=price_minor),
            fees.FormulaLine(label="Wallet", formula=f"{wallet_minor} Stars at 1 each", amount_minor=wallet_minor),
            fees.FormulaLine(
                label="Margin", formula=f"{price_minor} - {wallet_minor}, of which processing is paid",
                amount_minor=margin_minor,
            ),
        ),
    )  # fmt: skip


def _sold_before(policy: fees.FeePolicy, payee_id: UUID, currency: str) -> int:
    if not policy.tiered:
        return 0
    bases = FeeBasis.objects.filter(payee_id=payee_id, policy_slug=policy.slug, currency=currency)
    return bases.values_list("lifetime_minor", flat=True).first() or 0


def split_once(
    *, sale: Sale, shares: Sequence[SaleShare], balance_transaction: BalanceTransaction, now: datetime
) -> None:
    """Compute the split with the real fee and store it on the locked sale; posting only reads it."""
    if sale.split_at is None:
        store_split(sale=sale, shares=shares, balance_transaction=balance_transaction, now=now)
        SaleShare.objects.bulk_update(shares, ["amount_minor"])
        sale.save()


def store_split(
    *, sale: Sale, shares: Sequence[SaleShare], balance_transaction: BalanceTransaction, now: datetime
) -> None:
    """The same on the rows in memory, for a caller that saves many.

    Amounts are in the settlement currency: where Stripe converted, the price is the same part of what arrived as it
    was of what was charged (E11). The first share is the host's, whose sales before decide a tiered policy's rate.
    """
    policy = fees.policy(sale.policy_slug, sale.policy_version)
    gross_minor, currency = balance_transaction.amount_minor, balance_transaction.currency
    if sale.wallet_minor is not None:
        if (gross_minor, currency) != (sale.charge_minor, sale.currency):
            raise ContradictionError(f"Stars settled as {gross_minor} {currency}", object_id=balance_transaction.id)
        split = pack_split(price_minor=sale.price_minor, wallet_minor=sale.wallet_minor)
        _store(sale, shares, split, balance_transaction, lifetime_minor=0, now=now)
        return
    price_minor = floor(Fraction(gross_minor * sale.price_minor, sale.charge_minor) + Fraction(1, 2))
    lifetime_minor = _take_lifetime(policy, shares[0], price_minor, currency)
    split = fees.split(
        policy=policy,
        price_minor=price_minor,
        processing_fee_minor=balance_transaction.fee_minor,
        shares=[fees.Share(payee=str(share.payee_id), weight=share.weight) for share in shares],
        tie_offset=sale.tie_offset,
        lifetime_minor=lifetime_minor,
        currency=currency,
        charge_minor=gross_minor,
    )
    _store(sale, shares, split, balance_transaction, lifetime_minor=lifetime_minor, now=now)


def _take_lifetime(policy: fees.FeePolicy, host: SaleShare, price_minor: int, currency: str) -> int:
    if not policy.tiered:
        return 0
    basis = lock_fee_basis(payee_id=host.payee_id, policy_slug=policy.slug, currency=currency)
    before = basis.lifetime_minor
    basis.lifetime_minor += price_minor
    basis.save(update_fields=["lifetime_minor"])
    return before


def _store(
    sale: Sale,
    shares: Sequence[SaleShare],
    split: fees.Split,
    balance_transaction: BalanceTransaction,
    *,
    lifetime_minor: int,
    now: datetime,
) -> None:
    for share in shares:
        share.amount_minor = split.payee_minor[str(share.payee_id)]
    sale.settlement_currency = balance_transaction.currency
    sale.gross_minor = balance_transaction.amount_minor
    sale.processing_fee_minor = balance_transaction.fee_minor
    sale.platform_fee_minor = split.platform_fee_minor
    sale.processing_recovered_minor = split.processing_recovered_minor
    sale.split_at = now
    sale.basis = sale.basis | {"lifetime_minor": lifetime_minor, "formula": formula_data(split)}


def formula_data(split: fees.Split) -> list[dict[str, str | int]]:
    """The formula as JSON, to be kept on the sale."""
    return [
        {"label": line.label, "formula": line.formula, "amount_minor": line.amount_minor} for line in split.formula
    ]
