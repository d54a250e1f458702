"""Finance drains suspense: park a charge that matches nothing, match it to a sale, or take a late payment after all.

Giving it back is a refund like any other (`payouts.refunds.operations.ask_refund`).
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from ledger import fees
from ledger.operations import post
from payouts import handlers
from payouts.disputes.queries import open_dispute_of
from payouts.errors import CannotMatchError, UnknownSaleError
from payouts.gateway import reading
from payouts.locks import lock_balance_transaction, lock_sales
from payouts.models import UNMATCHED_PRODUCT, BalanceTransaction, MirrorState, Sale, SaleState
from payouts.models.refund import LIVE
from payouts.sales.posting import post_sale
from payouts.sales.pricing import split_once
from payouts.suspense import postings

log = structlog.get_logger(__name__)


@transaction.atomic
def park_charge(*, balance_transaction_id: str, now: datetime) -> Sale:
    """Book a charge that nothing asked for: its money to suspense, its fee to us. Nothing goes back by itself.

    It is kept as a late sale of nothing, so that refunds, disputes and fees of it are booked like any other's.

    Raises:
        CannotMatchError: it is no charge, or it has been taken meanwhile.
    """
    movement = lock_balance_transaction(balance_transaction_id)
    charge = reading.charge_from_raw(movement.raw) if movement is not None else None
    if movement is None or charge is None or movement.state != MirrorState.UNMATCHED:
        raise CannotMatchError("This movement is no charge that waits to be matched. Look at it again.")
    if Sale.objects.filter(charge_id=charge.id).exists():
        raise CannotMatchError("A sale knows this charge by now; it is taken to the ledger by itself.")
    policy = fees.latest("obole-standard", now.date())
    sale = Sale.objects.create(
        product=UNMATCHED_PRODUCT, subject=f"charge:{charge.id}", title=f"Unmatched charge {charge.id}",
        buyer_email=charge.payer_email, price_minor=charge.amount_minor, charge_minor=charge.amount_minor,
        currency=charge.currency, policy_slug=policy.slug, policy_version=policy.version, tie_offset=0,
        basis={"policy": policy.as_data(), "predicted_processing_fee_minor": 0, "predicted_formula": []},
        state=SaleState.LATE, hold_until=now, session_expires_at=now, opened_at=now, expired_at=now, paid_at=now,
        charge_id=charge.id, payment_intent_id=charge.payment_intent_id, balance_transaction_id=movement.id,
        settlement_currency=movement.currency, gross_minor=movement.amount_minor,
        processing_fee_minor=movement.fee_minor,
    )  # fmt: skip
    post_sale(sale_id=sale.id, now=now)
    sale.refresh_from_db()
    log.info("suspense.parked", sale_id=str(sale.id), charge_id=charge.id)
    return sale


@transaction.atomic
def match_to_sale(*, parked_id: UUID, sale_id: UUID, actor: str, now: datetime) -> Sale:
    """Let a parked charge that matched nothing pay for a sale of the same amount that ended without payment.

    Raises:
        UnknownSaleError: there is no such sale.
        CannotMatchError: it does not fit, or what was sold is gone.
    """
    found = {sale.id: sale for sale in lock_sales([parked_id, sale_id])}
    parked, sale = found.get(parked_id), found.get(sale_id)
    if parked is None or sale is None:
        raise UnknownSaleError(sale_id)
    _check_parked(parked)
    if parked.product != UNMATCHED_PRODUCT:
        raise CannotMatchError("This payment has a sale of its own. Take it after all, or give it back.")
    if sale.state != SaleState.EXPIRED:
        raise CannotMatchError(
            "Only a sale that ended without payment can be paid so. Choose another, or give it back."
        )
    if (sale.charge_minor, sale.currency) != (parked.charge_minor, parked.currency):
        raise CannotMatchError("The amounts differ. Choose the sale of this very amount, or give the payment back.")
    taken = (parked.charge_id, parked.payment_intent_id, parked.balance_transaction_id)
    _empty(parked, because=f"Matched to sale {sale.id}")
    sale.charge_id, sale.payment_intent_id, sale.balance_transaction_id = taken
    _take(sale, actor=actor, now=now)
    return sale


@transaction.atomic
def take_after_all(*, sale_id: UUID, actor: str, now: datetime) -> Sale:
    """Let a parked late payment pay for what it was meant for, since that can be had again.

    Raises:
        UnknownSaleError: there is no such sale.
        CannotMatchError: some of it is on its way back, or what was sold is still gone.
    """
    sale = next(iter(lock_sales([sale_id])), None)
    if sale is None:
        raise UnknownSaleError(sale_id)
    _check_parked(sale)
    if sale.product == UNMATCHED_PRODUCT:
        raise CannotMatchError("This charge was for nothing that we know. Match it to a sale, or give it back.")
    _take(sale, actor=actor, now=now)
    return sale


def _check_parked(sale: Sale) -> None:
    if sale.state != SaleState.PARKED:
        raise CannotMatchError("This payment is not in suspense any more.")
    if sale.reversed_minor or sale.refunds.filter(state__in=LIVE).exists():
        raise CannotMatchError("Some of this payment is on its way back. Wait for it, then give back the rest.")
    if open_dispute_of(sale.id) is not None:
        raise CannotMatchError("A bank has taken this payment back and has not decided yet. Wait for its decision.")


def _empty(parked: Sale, *, because: str) -> None:
    """The placeholder of a charge has served: it is a sale that ended without payment."""
    parked.state = SaleState.EXPIRED
    parked.paid_at = None
    parked.charge_id = parked.payment_intent_id = parked.balance_transaction_id = ""
    parked.refund_failed_at, parked.refund_failure, parked.failure = None, "", because
    parked.save()


def _take(sale: Sale, *, actor: str, now: datetime) -> None:
    if not handlers.ask("sale.late", sale_id=sale.id, now=now):
        raise CannotMatchError("What was sold cannot be had any more. Give the payment back.")
    movement = BalanceTransaction.objects.get(id=sale.balance_transaction_id)
    shares = list(sale.shares.all())
    sale.refresh_from_db(fields=["title"])
    sale.refund_failed_at, sale.refund_failure = None, ""
    sale.paid_at, sale.posted_at = sale.paid_at or now, sale.posted_at or now
    sale.settled_at = movement.available_on if movement.settled_at else None
    sale.state = SaleState.PAID
    split_once(sale=sale, shares=shares, balance_transaction=movement, now=now)
    post(posting=postings.matched(sale=sale, shares=shares, at=now, actor=actor))
    sale.state = SaleState.SETTLED if sale.settled_at else SaleState.POSTED
    sale.save()
    log.info("suspense.matched", sale_id=str(sale.id), charge_id=sale.charge_id, actor=actor)
    handlers.tell("sale.paid", sale_id=sale.id, now=now)
    handlers.tell("sale.posted", sale_id=sale.id, now=now)
