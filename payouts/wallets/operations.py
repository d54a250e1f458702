"""Spend Stars, release what was spent, freeze a wallet. A Star tip is one posting and no call to Stripe."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from ledger import accounts, fees
from ledger.operations import post_many
from ledger.operations.calls import run
from ledger.postings import Posting, credit, debit
from payouts.errors import NotEnoughStarsError, WalletFrozenError
from payouts.models import Sale, StarLot, StarSpend, Wallet, WalletFreeze
from payouts.models.wallet import CURRENCY
from payouts.sales.shares import ShareSpec

RELEASED_AT_ONCE = 500


def spend(
    *,
    user_id: UUID,
    stars: int,
    subject: str,
    title: str,
    shares: Sequence[ShareSpec],
    hold_until: datetime,
    now: datetime,
) -> StarSpend:
    """Give Stars to payees, one minor unit each: the wallet's oldest, in one statement that is one posting.

    `subject` names what they are for ("tip:<uuid>"); it is the posting's key and unique. Alone it needs no transaction
    around it.

    Raises:
        NotEnoughStarsError: the wallet has fewer.
        WalletFrozenError: a pack of the wallet is disputed.
        ValueError: no Stars, or no shares.
    """
    if stars < 1 or not shares:
        raise ValueError("Stars are given in whole numbers, to somebody")
    parts = fees.largest_remainder(stars, [share.weight for share in shares], fees.tie_offset(subject))
    made = StarSpend(
        wallet_id=user_id, subject=subject, title=title, start=0, stop=stars, spent_at=now, hold_until=hold_until
    )
    gift = {
        "id": str(made.id),
        "user_id": str(user_id),
        "stars": stars,
        "subject": subject,
        "title": title,
        "spent_at": now.isoformat(),
        "hold_until": hold_until.isoformat(),
        "shares": [
            {"payee_id": str(share.payee_id), "weight": share.weight, "amount_minor": part}
            for share, part in zip(shares, parts, strict=True)
        ],
        "posting": _spend_posting(made, shares, parts).request(),
    }
    answer = run("SELECT payouts_spend_stars(%s::jsonb)", [json.dumps(gift)])
    if answer["start"] is None:
        if answer["balance"] < stars:
            raise NotEnoughStarsError(balance=answer["balance"], wanted=stars)
        raise WalletFrozenError(balance=answer["balance"])
    made.start, made.stop = answer["start"], answer["start"] + stars
    return made


def _spend_posting(made: StarSpend, shares: Sequence[ShareSpec], parts: Sequence[int]) -> Posting:
    """E8: Dr wallet · Cr P(x)."""
    return Posting(
        key=made.subject,
        kind="stars",
        legs=(
            debit(accounts.wallet(made.wallet_id), made.stars, CURRENCY),
            *(
                credit(accounts.payable(share.payee_id, "pending"), part, CURRENCY)
                for share, part in zip(shares, parts, strict=True)
                if part
            ),
        ),
        effective_at=made.spent_at,
        subject=made.subject,
        description=made.title,
    )


def release_all_due(*, now: datetime) -> int:
    """Release batch by batch, each in its own transaction, until nothing is due; answers how many gifts."""
    total = 0
    while released := release_due(now=now):
        total += released
    return total


@transaction.atomic
def release_due(*, now: datetime) -> int:
    """Set free the Stars whose hold is over and whose packs' money is available at Stripe; answers how many gifts.

    One round trip to the ledger for all of them. A pack that was taken back meanwhile changes nothing for the payee.
    """
    packs = StarLot.objects.filter(wallet=OuterRef("wallet"), start__lt=OuterRef("stop"), stop__gt=OuterRef("start"))
    due = (
        StarSpend.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(~Exists(packs.filter(sale__settled_at__isnull=True)), released_at__isnull=True, hold_until__lte=now)
        .prefetch_related("shares")
        .order_by("id")[:RELEASED_AT_ONCE]
    )
    found = list(due)
    if not found:
        return 0
    post_many(postings=[_release_posting(spent) for spent in found])
    StarSpend.objects.filter(id__in=[spent.id for spent in found]).update(released_at=now)
    return len(found)


def _release_posting(spent: StarSpend) -> Posting:
    available_on = lots_of(spent).aggregate(latest=Max("sale__settled_at"))["latest"]
    legs = []
    for share in spent.shares.all():
        if share.amount_minor:
            legs.append(debit(accounts.payable(share.payee_id, "pending"), share.amount_minor, CURRENCY))
            legs.append(credit(accounts.payable(share.payee_id, "available"), share.amount_minor, CURRENCY))
    return Posting(
        key=f"release:{spent.subject}",
        kind="release",
        legs=tuple(legs),
        effective_at=max(spent.hold_until, available_on or spent.hold_until),
        subject=spent.subject,
        description=f"Hold ended: {spent.title}",
    )


def lots_of(spent: StarSpend) -> QuerySet[StarLot]:
    """The packs whose money funds a gift, oldest first."""
    return StarLot.objects.filter(wallet_id=spent.wallet_id, start__lt=spent.stop, stop__gt=spent.start)


def freeze(*, sale: Sale, now: datetime) -> None:
    """The locked sale's payment is disputed: while that lasts nothing is spent from its wallet. Safe to repeat."""
    wallet = _wallet_of(sale, now=now)
    if wallet is None:
        return
    WalletFreeze.objects.get_or_create(wallet=wallet, sale=sale, lifted_at=None, defaults={"frozen_at": now})
    wallet.is_frozen = True
    wallet.save(update_fields=["is_frozen"])


def thaw(*, sale: Sale, now: datetime) -> None:
    """The dispute of the locked sale is over, whoever won. Safe to repeat."""
    wallet = _wallet_of(sale, now=now)
    if wallet is None:
        return
    wallet.freezes.filter(sale=sale, lifted_at__isnull=True).update(lifted_at=now)
    wallet.is_frozen = wallet.freezes.filter(lifted_at__isnull=True).exists()
    wallet.save(update_fields=["is_frozen"])


def _wallet_of(sale: Sale, *, now: datetime) -> Wallet | None:
    """The locked wallet that a sale fills; None for a sale of something else."""
    if sale.wallet_minor is None or sale.buyer_id is None:
        return None
    return open_wallet(user_id=sale.buyer_id, now=now)


def open_wallet(*, user_id: UUID, now: datetime) -> Wallet:
    """The person's locked wallet, made where there is none."""
    Wallet.objects.bulk_create([Wallet(user_id=user_id, opened_at=now)], ignore_conflicts=True)
    return Wallet.objects.select_for_update().get(user_id=user_id)
