"""Packs in a wallet: added when their sale is in the ledger, taken back when it is refunded or lost in a dispute.

Stars that are not spent can be numbered anew, since nothing refers to their numbers: so the unspent part of a pack
leaves without a gap, and what is left is spent oldest first as before.
"""

from datetime import datetime

from django.db.models import F

from ledger import accounts
from ledger.postings import Leg
from payouts.errors import ContradictionError
from payouts.locks import lock_wallet
from payouts.models import Sale, StarLot, Wallet
from payouts.models.wallet import CURRENCY
from payouts.wallets.operations import open_wallet


def add_pack(*, sale: Sale, stars: int, now: datetime) -> None:
    """The locked sale's Stars are in the wallet's account by the caller's posting: give them their numbers."""
    if sale.buyer_id is None:
        raise ValueError("Stars are somebody's")
    wallet = open_wallet(user_id=sale.buyer_id, now=now)
    StarLot.objects.create(wallet=wallet, sale=sale, start=wallet.bought, stop=wallet.bought + stars, opened_at=now)
    wallet.bought += stars
    wallet.save(update_fields=["bought"])


def take(*, sale: Sale, stars: int) -> list[Leg]:
    """Take back so many of the locked sale's Stars; below zero, give them back: legs for the caller's posting.

    What is left of the pack comes out of the wallet, whatever it holds beside; what was given away already stays with
    those who got it, and is the platform's loss (E8).
    """
    if sale.buyer_id is None or not stars:
        return []
    account = accounts.wallet(sale.buyer_id)
    wallet = lock_wallet(sale.buyer_id)
    if wallet is None or sale.posted_at is None:
        raise ContradictionError("its Stars were never in a wallet", object_id=str(sale.id))
    if stars < 0:
        return _give_again(sale, -stars, account, now=sale.posted_at)
    taken = _shorten(sale, wallet, stars)
    lost = stars - taken
    sale.wallet_lost_minor += lost
    sale.save(update_fields=["wallet_lost_minor"])
    return [leg for leg in (_leg(account, taken), _leg(accounts.EXPENSE_BAD_DEBT, lost)) if leg is not None]


def _give_again(sale: Sale, stars: int, account: str, *, now: datetime) -> list[Leg]:
    """A refund failed, or the like: first the loss is made good, then the wallet gets its Stars, as its newest."""
    recovered = min(stars, sale.wallet_lost_minor)
    sale.wallet_lost_minor -= recovered
    sale.save(update_fields=["wallet_lost_minor"])
    again = stars - recovered
    if again:
        add_pack(sale=sale, stars=again, now=now)
    legs = (_leg(account, -again), _leg(accounts.EXPENSE_BAD_DEBT, -recovered))
    return [leg for leg in legs if leg is not None]


def _shorten(sale: Sale, wallet: Wallet, stars: int) -> int:
    """Take unspent Stars off the ends of the sale's packs, newest pack first; how many there were."""
    taken = 0
    for lot in StarLot.objects.filter(wallet=wallet, sale=sale).order_by("-start", "-id"):
        part = min(stars - taken, lot.stop - max(lot.start, wallet.spent))
        if part <= 0:
            continue
        later = StarLot.objects.filter(wallet=wallet, start__gte=lot.stop).exclude(id=lot.id)
        later.update(start=F("start") - part, stop=F("stop") - part)
        lot.stop -= part
        lot.save(update_fields=["stop"])
        taken += part
    wallet.bought -= taken
    wallet.save(update_fields=["bought"])
    return taken


def _leg(account: str, amount_minor: int) -> Leg | None:
    return Leg(account=account, amount_minor=amount_minor, currency=CURRENCY) if amount_minor else None
