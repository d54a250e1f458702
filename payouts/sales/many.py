"""The usual life of a ticket, by the hundred: paid by its events, split and posted from its balance transaction.

Only what is plain goes this way: an open or paid sale by Checkout, amounts as asked, nothing that contradicts what is
known. Everything else, and everything of a batch in which anything raises, goes one by one, where it is judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from ledger import fees
from ledger.operations import PostingError, post_many
from payouts import handlers
from payouts.balance_transactions.waiting import sales_posted
from payouts.batches import update_many
from payouts.gateway import facts, plain
from payouts.models import BalanceTransaction, MirrorState, Sale, SaleChannel, SaleShare, SaleState
from payouts.models.balance_transaction import WAITING_STATES
from payouts.sales import postings
from payouts.sales.pricing import SPLIT_FIELDS, store_split

UNPAID = frozenset({SaleState.OPEN, SaleState.EXPIRING})
LEARNED = ("state", "paid_at", "checkout_session_id", "payment_intent_id", "charge_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one of Stripe's objects proves about a sale: that it was paid, and the ids that it knows."""

    sale_id: UUID
    amount_minor: int
    currency: str
    ids: Mapping[str, str]


def proof_of_session(session: facts.CheckoutSession) -> Proof | None:
    """Of a session that was paid once."""
    if session.payment_status != "paid" or session.subscription_id:
        return None
    return _proof(session, checkout_session_id=session.id, payment_intent_id=session.payment_intent_id)


def proof_of_charge(charge: facts.Charge | None) -> Proof | None:
    """Of a charge that succeeded."""
    if charge is None or not charge.paid:
        return None
    return _proof(charge, charge_id=charge.id, payment_intent_id=charge.payment_intent_id)


def _proof(found: facts.Charge | facts.CheckoutSession, **ids: str) -> Proof | None:
    try:
        sale_id = UUID(found.sale_id)
    except ValueError:
        return None
    return Proof(sale_id=sale_id, amount_minor=found.amount_minor, currency=found.currency, ids=ids)


def lock_sales(proofs: Iterable[Proof | None]) -> dict[UUID, Sale]:
    """Their sales, locked in primary-key order."""
    wanted = {proof.sale_id for proof in proofs if proof is not None}
    return {sale.id: sale for sale in Sale.objects.select_for_update().filter(id__in=wanted).order_by("id")}


def take(proof: Proof, sale: Sale) -> bool:
    """Learn what it proves on the locked sale; False, and nothing learned, when it is not plain."""
    known = {name: getattr(sale, name) for name in proof.ids}
    plainly = (
        sale.channel == SaleChannel.CHECKOUT
        and sale.state in {*UNPAID, SaleState.PAID}
        and (proof.amount_minor, proof.currency) == (sale.charge_minor, sale.currency)
        and all(known[name] in {"", value} for name, value in proof.ids.items())
    )
    if plainly:
        for name, value in proof.ids.items():
            setattr(sale, name, value or known[name])
    return plainly


def pay(sales: Iterable[Sale], *, now: datetime) -> None:
    """Save what was learned; those that were not paid are from now on, and are told so."""
    sales = list(sales)
    newly = [sale for sale in sales if sale.state in UNPAID]
    for sale in newly:
        sale.state, sale.paid_at = SaleState.PAID, now
    update_many(sales, LEARNED)
    handlers.tell_of_many("sale.paid", sale_ids=[sale.id for sale in newly], now=now)


def split_and_post(movements: Sequence[BalanceTransaction], *, now: datetime) -> set[str]:
    """Take charges to the ledger: the splits in one commit, the postings in the next. Answers which were taken."""
    ready = _split(movements, now=now)
    return _post(ready, now=now) if ready else set()


@transaction.atomic
def _split(movements: Sequence[BalanceTransaction], *, now: datetime) -> list[str]:
    proofs = {movement.id: proof_of_charge(plain.charge_in(movement.raw)) for movement in movements}
    sales = lock_sales(proofs.values())
    shares = _shares(sales)
    taken: dict[UUID, Sale] = {}
    parts: list[SaleShare] = []
    ready = []
    for movement in _locked(movements):
        proof = proofs[movement.id]
        sale = None if proof is None else sales.get(proof.sale_id)
        if proof is None or sale is None or sale.id in taken or not _is_plain(sale, movement):
            continue
        if not take(proof, sale):
            continue
        sale.balance_transaction_id = movement.id
        if sale.split_at is None:
            store_split(sale=sale, shares=shares[sale.id], balance_transaction=movement, now=now)
        taken[sale.id] = sale
        parts += shares[sale.id]
        ready.append(movement.id)
    pay(taken.values(), now=now)
    update_many(list(taken.values()), SPLIT_FIELDS)
    update_many(parts, ["amount_minor"])
    return ready


def _is_plain(sale: Sale, movement: BalanceTransaction) -> bool:
    return (
        sale.wallet_minor is None
        and sale.balance_transaction_id in {"", movement.id}
        and not fees.policy(sale.policy_slug, sale.policy_version).tiered
    )


@transaction.atomic
def _post(ids: Sequence[str], *, now: datetime) -> set[str]:
    """From what is stored alone; a posting that is refused is left to be judged by itself."""
    sales = list(
        Sale.objects.select_for_update().filter(balance_transaction_id__in=ids, state=SaleState.PAID).order_by("id")
    )
    shares = _shares({sale.id: sale for sale in sales})
    movements = {each.id: each for each in _locked(list(BalanceTransaction.objects.filter(id__in=ids)))}
    sales = [sale for sale in sales if sale.balance_transaction_id in movements]
    made = [
        postings.charge_posting(
            sale=sale, shares=shares[sale.id], balance_transaction=movements[sale.balance_transaction_id]
        )
        for sale in sales
    ]
    done: list[tuple[Sale, BalanceTransaction]] = []
    for sale, posting, answer in zip(sales, made, post_many(postings=made, atomic=False) if made else [], strict=True):
        if isinstance(answer, PostingError):
            continue
        movement = movements[sale.balance_transaction_id]
        sale.state, sale.posted_at = SaleState.POSTED, now
        movement.state, movement.posting_key = MirrorState.POSTED, posting.key
        done.append((sale, movement))
    update_many([sale for sale, _ in done], ["state", "posted_at"])
    update_many([movement for _, movement in done], ["state", "posting_key"])
    sales_posted(*(sale.id for sale, _ in done), now=now)
    handlers.tell_of_many("sale.posted", sale_ids=[sale.id for sale, _ in done], now=now)
    return {movement.id for _, movement in done}


def _shares(sales: Mapping[UUID, Sale]) -> dict[UUID, list[SaleShare]]:
    found: dict[UUID, list[SaleShare]] = {sale_id: [] for sale_id in sales}
    for share in SaleShare.objects.filter(sale_id__in=list(sales)).order_by("sale_id", "position"):
        found[share.sale_id].append(share)
    return found


def _locked(movements: Sequence[BalanceTransaction]) -> list[BalanceTransaction]:
    """Those that wait and that nobody else has at this moment."""
    ids = [movement.id for movement in movements]
    free = BalanceTransaction.objects.select_for_update(skip_locked=True).filter(id__in=ids, state__in=WAITING_STATES)
    return list(free.order_by("id"))
