"""Setting aside all that the end of a dispute may take from the payees, and freeing what is left of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ledger import fees
from ledger.operations import post
from payouts.disputes import postings
from payouts.models import BalanceTransaction, Dispute, DisputeShare, SaleShare
from payouts.sales import positions
from payouts.sales.legs import given_back, legs_of


def reserve(*, dispute: Dispute, movement: BalanceTransaction) -> None:
    """Money was taken: set aside what the payees would lose with it, from wherever each share sits, once a movement.

    A late payment in suspense is nobody's, so nothing is set aside for it.
    """
    sale = dispute.sale
    if sale.split_at is None:
        return
    shares = list(sale.shares.all())
    parts = _at_risk(dispute, shares)
    legs = positions.reserve(sale=sale, shares=shares, parts=parts)
    if not legs:
        return
    for position, share in enumerate(shares):
        mine, _ = DisputeShare.objects.get_or_create(
            dispute=dispute, payee_id=share.payee_id, defaults={"position": position, "reserved_minor": 0}
        )
        mine.reserved_minor += parts[share.payee_id]
        mine.save(update_fields=["reserved_minor"])
    post(
        posting=postings.posting(
            dispute,
            key=f"dispute:{movement.id}:reserve",
            kind="dispute.reserved",
            legs=legs,
            at=movement.created_at,
            words="Reserved while it is disputed",
        )
    )


def release(*, dispute: Dispute, shares: Sequence[SaleShare], taken: Mapping[UUID, int], at: datetime) -> None:
    """The end is in the ledger: what it left of the reserve goes back to where each share sits by now.

    `taken` says what the end took out of the reserve, payee by payee.
    """
    sale = dispute.sale
    parts: dict[UUID, int] = {}
    for mine in dispute.shares.all():
        parts[mine.payee_id] = taken[mine.payee_id] - mine.reserved_minor
        mine.charged_minor = (mine.charged_minor or 0) + taken[mine.payee_id]
        mine.reserved_minor = 0
        mine.save(update_fields=["reserved_minor", "charged_minor"])
    legs = positions.reserve(sale=sale, shares=shares, parts=parts)
    if not legs:
        return
    post(
        posting=postings.posting(
            dispute,
            key=f"dispute:{dispute.id}:release:{dispute.bookings}",
            kind="dispute.released",
            legs=legs,
            at=at,
            words="No longer reserved",
        )
    )


def _at_risk(dispute: Dispute, shares: Sequence[SaleShare]) -> dict[UUID, int]:
    """By E5's rule, after what went back before; with the dispute's fee where the policy lets creators bear it."""
    sale = dispute.sale
    legs = legs_of(sale=sale, shares=shares)
    total_minor = min(sale.reversed_minor + dispute.amount_minor - (dispute.lost_minor or 0), sale.charge_minor)
    before = given_back(sale=sale, legs=legs, total_minor=sale.reversed_minor).parts
    after = given_back(sale=sale, legs=legs, total_minor=total_minor).parts
    fee = fee_parts(dispute, shares)
    return {
        leg.payee_id: after[leg.name] - before[leg.name] + fee.get(leg.payee_id, 0)
        for leg in legs
        if leg.payee_id is not None
    }


def fee_parts(dispute: Dispute, shares: Sequence[SaleShare]) -> Mapping[UUID, int]:
    """Who bears so much of the dispute's fee as the bank keeps and nobody was charged yet: by the sale's policy.

    Nobody but us while the payment is in suspense: nobody has earned from it.
    """
    sale = dispute.sale
    if sale.split_at is None:
        return {}
    due_minor = dispute.fee_minor - dispute.fee_charged_minor
    policy = fees.FeePolicy.from_data(sale.basis["policy"])
    if policy.dispute_fee != fees.Bearer.CREATOR or due_minor == 0:
        return {}
    earned = [share.amount_minor or 0 for share in shares]
    weights = earned if any(earned) else [share.weight for share in shares]
    sign = 1 if due_minor > 0 else -1
    parts = fees.largest_remainder(abs(due_minor), weights, sale.tie_offset)
    return {share.payee_id: sign * part for share, part in zip(shares, parts, strict=True)}
