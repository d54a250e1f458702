"""What a sale will bring and what it brought, with the reason for every part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from ledger import fees
from ledger.queries import TransactionLine, transactions_of
from payouts.models import BalanceTransaction, Payout, PayoutState, Sale, SaleShare, SaleState
from payouts.sales.pricing import predicted
from payouts.sales.shares import ShareSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePart:
    """What one payee gets."""

    payee_id: UUID
    weight: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Who gets what of a price before it is paid: exact under the processor's published tariff.

    `charge_minor` = the shares + `platform_fee_minor` + `processing_recovered_minor`; the processor takes
    `processing_fee_minor` out of the last two. `may_move`: the policy has tiers, so that sales in between can change
    the platform's part.
    """

    currency: str
    price_minor: int
    charge_minor: int
    platform_fee_minor: int
    processing_fee_minor: int
    processing_recovered_minor: int
    shares: tuple[SharePart, ...]
    policy_slug: str
    policy_version: int
    policy_title: str
    formula: tuple[fees.FormulaLine, ...]
    may_move: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The payout that took a payee's share to the bank."""

    payee_id: UUID
    payout_id: UUID
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A sale down to its charge and up to its payouts. Amounts are in `currency`, that of settlement once known."""

    sale: Sale
    currency: str
    is_final: bool
    gross_minor: int
    platform_fee_minor: int | None
    processing_fee_minor: int | None
    processing_recovered_minor: int | None
    shares: tuple[SharePart, ...]
    formula: tuple[fees.FormulaLine, ...]
    policy_title: str
    balance_transaction: BalanceTransaction | None
    entries: tuple[TransactionLine, ...]
    carried_by: tuple[Carried, ...]


def quote(*, price_minor: int, currency: str, shares: Sequence[ShareSpec], policy_slug: str, now: datetime) -> Quote:
    """Who would get what. No query, or one under a tiered policy.

    Raises:
        KeyError: no such policy is in force.
        ValueError: no shares, or a price that is not positive.
    """
    policy = fees.latest(policy_slug, now.date())
    split, fee_minor = predicted(
        policy=policy, price_minor=price_minor, currency=currency, shares=shares, tie_offset=0
    )
    return Quote(
        currency=currency,
        price_minor=price_minor,
        charge_minor=split.charge_minor,
        platform_fee_minor=split.platform_fee_minor,
        processing_fee_minor=fee_minor,
        processing_recovered_minor=split.processing_recovered_minor,
        shares=tuple(
            SharePart(
                payee_id=share.payee_id, weight=share.weight, amount_minor=split.payee_minor[str(share.payee_id)]
            )
            for share in shares
        ),
        policy_slug=policy.slug,
        policy_version=policy.version,
        policy_title=policy.title,
        formula=split.formula,
        may_move=policy.tiered,
    )


def explain_sale(*, sale_id: UUID) -> Explanation:
    """Everything about a sale: three queries, one more with a balance transaction, one when it was released.

    Raises:
        Sale.DoesNotExist: there is no such sale.
    """
    sale = Sale.objects.get(id=sale_id)
    shares = list(sale.shares.order_by("position"))
    final = sale.split_at is not None
    lines = sale.basis["formula"] if final else sale.basis["predicted_formula"]
    return Explanation(
        sale=sale,
        currency=sale.settlement_currency or sale.currency,
        is_final=final,
        gross_minor=sale.gross_minor if sale.gross_minor is not None else sale.charge_minor,
        platform_fee_minor=sale.platform_fee_minor,
        processing_fee_minor=sale.processing_fee_minor,
        processing_recovered_minor=sale.processing_recovered_minor,
        shares=tuple(_part(share) for share in shares if share.amount_minor is not None),
        formula=tuple(fees.FormulaLine(**line) for line in lines),
        policy_title=sale.basis["policy"]["title"],
        balance_transaction=_movement(sale),
        entries=tuple(transactions_of(subject=sale.ledger_subject)),
        carried_by=tuple(_carried(sale, shares)),
    )


def _part(share: SaleShare) -> SharePart:
    return SharePart(payee_id=share.payee_id, weight=share.weight, amount_minor=share.amount_minor or 0)


def _movement(sale: Sale) -> BalanceTransaction | None:
    if not sale.balance_transaction_id:
        return None
    return BalanceTransaction.objects.filter(id=sale.balance_transaction_id).first()


def _carried(sale: Sale, shares: Sequence[SaleShare]) -> list[Carried]:
    """For each payee the first payout after the release that did not come back: a payout empties what is available."""
    if sale.state != SaleState.RELEASED or sale.released_at is None:
        return []
    payouts = (
        Payout.objects.filter(
            payee_id__in=[share.payee_id for share in shares],
            currency=sale.settlement_currency,
            reserved_at__gte=sale.released_at,
        )
        .exclude(state__in=[PayoutState.RETURNING, PayoutState.FAILED])
        .order_by("payee_id", "reserved_at", "id")
        .distinct("payee_id")
    )
    return [Carried(payee_id=payout.payee_id, payout_id=payout.id, state=payout.state) for payout in payouts]


def exchange_rate_of(*, sale_id: UUID) -> Decimal | None:
    """At which rate Stripe converted a sale's charge, as its balance transaction says; None where it did not (E11)."""
    charge = Sale.objects.filter(id=sale_id).values("balance_transaction_id")
    return BalanceTransaction.objects.filter(id__in=charge).values_list("exchange_rate", flat=True).first()
