"""Where a payee's share of a sale sits: pending until it is released, then available; reserved while it is disputed.

Each share keeps two running amounts: `given_minor` has gone back to buyers, `reserved_minor` waits for a dispute.
The rest is free, in the stage that the sale's state says, and may be below zero (E7). Every function wants the sale
locked, answers legs for the caller's posting, and keeps the shares' amounts in step with them.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from ledger import accounts
from ledger.accounts import Stage
from ledger.postings import Leg
from payouts.models import Sale, SaleShare, SaleState


def stage_of(sale: Sale) -> Stage:
    """Where the free part of every share of this sale sits."""
    return "available" if sale.state == SaleState.RELEASED else "pending"


def free_minor(share: SaleShare) -> int:
    """What of a share neither went back nor is reserved; below zero when more went back than was there."""
    return (share.amount_minor or 0) - share.given_minor - share.reserved_minor


def take(
    *, sale: Sale, shares: Sequence[SaleShare], parts: Mapping[UUID, int], from_stage: Stage | None = None
) -> list[Leg]:
    """Take back parts of the payees' shares from where they sit; a part below zero is given to the payee again.

    `from_stage` "reserved" takes what a dispute had set aside, and never more than that of a share: the rest comes
    from where the share sits.
    """
    legs: list[Leg] = []
    for share in shares:
        part_minor = parts.get(share.payee_id, 0)
        reserved_minor = max(0, min(part_minor, share.reserved_minor)) if from_stage == "reserved" else 0
        legs += _leg(share, "reserved", reserved_minor, sale.settlement_currency)
        legs += _leg(share, stage_of(sale), part_minor - reserved_minor, sale.settlement_currency)
        share.reserved_minor -= reserved_minor
        share.given_minor += part_minor
    _save(shares)
    return legs


def reserve(*, sale: Sale, shares: Sequence[SaleShare], parts: Mapping[UUID, int]) -> list[Leg]:
    """Set parts of the payees' shares aside from where they sit; a part below zero is set free again.

    No legs at all when there is nothing to move.
    """
    legs: list[Leg] = []
    for share in shares:
        part_minor = parts.get(share.payee_id, 0)
        legs += _leg(share, stage_of(sale), part_minor, sale.settlement_currency)
        legs += _leg(share, "reserved", -part_minor, sale.settlement_currency)
        share.reserved_minor += part_minor
    _save(shares)
    return legs


def release(*, sale: Sale, shares: Sequence[SaleShare]) -> list[Leg]:
    """Move what is free of every share from pending to available; what went back or is reserved stays where it is."""
    legs: list[Leg] = []
    for share in shares:
        legs += _leg(share, "pending", free_minor(share), sale.settlement_currency)
        legs += _leg(share, "available", -free_minor(share), sale.settlement_currency)
    return legs


def _leg(share: SaleShare, stage: Stage, amount_minor: int, currency: str) -> list[Leg]:
    """A debit takes from the payee, a credit (below zero) gives; nothing is no leg."""
    if not amount_minor:
        return []
    return [Leg(account=accounts.payable(share.payee_id, stage), amount_minor=amount_minor, currency=currency)]


def _save(shares: Sequence[SaleShare]) -> None:
    SaleShare.objects.bulk_update(shares, ["given_minor", "reserved_minor"])
