"""From a paid sale to the ledger, in steps that each commit alone: split, post, settle, release."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from ledger.accounts import STRIPE_PENDING
from ledger.operations import post
from payouts import handlers
from payouts.balance_transactions.waiting import sales_posted
from payouts.locks import lock_balance_transaction, lock_sale
from payouts.models import UNMATCHED_PRODUCT, BalanceTransaction, MirrorState, Refund, Sale, SaleState
from payouts.sales import postings, returns
from payouts.sales.pricing import split_once
from payouts.wallets import lots


@transaction.atomic
def split_sale(*, sale_id: UUID, balance_transaction_id: str, now: datetime) -> None:
    """The fee is known: store the split, for a late sale what arrived, and which balance transaction says so."""
    sale = lock_sale(sale_id)
    movement = lock_balance_transaction(balance_transaction_id)
    if sale is None or movement is None or sale.state not in {SaleState.PAID, SaleState.LATE}:
        return
    sale.balance_transaction_id = movement.id
    if sale.state == SaleState.PAID:
        split_once(sale=sale, shares=list(sale.shares.all()), balance_transaction=movement, now=now)
    else:
        sale.settlement_currency = movement.currency
        sale.gross_minor, sale.processing_fee_minor = movement.amount_minor, movement.fee_minor
    sale.save()


@transaction.atomic
def post_sale(*, sale_id: UUID, now: datetime) -> None:
    """E1, or E10 for a late sale: once, under the charge's key, reading only what is stored."""
    sale = lock_sale(sale_id)
    if sale is None or sale.state not in {SaleState.PAID, SaleState.LATE} or not sale.balance_transaction_id:
        return
    movement = lock_balance_transaction(sale.balance_transaction_id)
    if movement is None:
        return
    late = sale.state == SaleState.LATE
    if late:
        posting = postings.late_posting(sale=sale, balance_transaction=movement)
    else:
        shares = list(sale.shares.all())
        posting = postings.charge_posting(sale=sale, shares=shares, balance_transaction=movement)
    post(posting=posting)
    if not late and sale.wallet_minor is not None:
        lots.add_pack(sale=sale, stars=sale.wallet_minor, now=now)
    sale.state = SaleState.PARKED if late else SaleState.POSTED
    sale.posted_at = now
    sale.save(update_fields=["state", "posted_at"])
    movement.state = MirrorState.POSTED
    movement.posting_key = posting.key
    movement.save(update_fields=["state", "posting_key"])
    sales_posted(sale.id, now=now)
    if late and sale.product != UNMATCHED_PRODUCT:  # of which a person decides
        returns.ask_to_return(sale=sale, now=now)
    handlers.tell("sale.posted", sale_id=sale.id, now=now)


@transaction.atomic
def settle(*, balance_transaction_id: str, now: datetime) -> None:
    """E1b: what was pending at Stripe is available now. A movement that was available at once has nothing to move."""
    sale = _sale_of(balance_transaction_id)
    movement = lock_balance_transaction(balance_transaction_id)
    if movement is None or movement.state != MirrorState.POSTED or movement.settled_at is not None:
        return
    subject = sale.ledger_subject if sale else f"balance_transaction:{movement.id}"
    if movement.net_minor and postings.stripe_side(movement) == STRIPE_PENDING:
        post(posting=postings.settle_posting(balance_transaction=movement, subject=subject))
    movement.settled_at = now
    movement.save(update_fields=["settled_at"])
    if sale is not None and sale.balance_transaction_id == movement.id:
        sale.settled_at = movement.available_on
        sale.state = SaleState.SETTLED if sale.state == SaleState.POSTED else sale.state
        sale.save(update_fields=["settled_at", "state"])


def _sale_of(balance_transaction_id: str) -> Sale | None:
    """The sale behind a movement, locked before the movement is."""
    sales = Sale.objects.filter(balance_transaction_id=balance_transaction_id)
    moved = Q(balance_transaction_id=balance_transaction_id) | Q(failure_balance_transaction_id=balance_transaction_id)
    refunded = Refund.objects.filter(moved).values_list("sale_id", flat=True)
    sale_id = sales.values_list("id", flat=True).first() or refunded.first()
    return None if sale_id is None else lock_sale(sale_id)


@transaction.atomic
def release(*, sale_id: UUID, now: datetime) -> None:
    """E1b: the hold is over and the funds are there, so each share is free to be paid out."""
    sale = lock_sale(sale_id)
    if sale is None or sale.state != SaleState.SETTLED or sale.hold_until > now:
        return
    posting = postings.release_posting(sale=sale, shares=list(sale.shares.all()))
    if posting is not None:
        post(posting=posting)
    sale.state = SaleState.RELEASED
    sale.released_at = now
    sale.save(update_fields=["state", "released_at"])
    handlers.tell("sale.released", sale_id=sale.id, now=now)


def movements_to_settle(*, now: datetime, limit: int) -> list[str]:
    """Movements in the ledger whose funds are available by now, in the order in which they became so."""
    due = BalanceTransaction.objects.filter(state=MirrorState.POSTED, settled_at__isnull=True, available_on__lte=now)
    return list(due.order_by("available_on", "id").values_list("id", flat=True)[:limit])


def sales_to_release(*, now: datetime, limit: int) -> list[UUID]:
    """Settled sales whose hold is over."""
    due = Sale.objects.filter(state=SaleState.SETTLED, hold_until__lte=now)
    return list(due.order_by("hold_until", "id").values_list("id", flat=True)[:limit])
