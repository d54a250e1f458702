"""Money that moves without Stripe: the operations of rooms and payouts, fed with what Stripe would have said."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

from payouts.disputes import booking, movements
from payouts.gateway import facts
from payouts.locks import lock_payout
from payouts.models import BalanceTransaction, Dispute, DisputeStatus, Payee, Payout, Sale
from payouts.runs import operations as runs
from payouts.runs import steps
from payouts.sales import posting
from payouts.sales.payments import take_charge
from rooms.models import Room
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast
from tests.rooms.cast import NOW

AVAILABLE_AFTER = timedelta(days=5)


def bought(room: Room, *, name: str = "Linus", at: datetime = NOW) -> Sale:
    """A ticket whose card payment succeeded; the fee is not known yet. `name` must be new."""
    ticket = buy_ticket(room_id=room.id, buyer_id=cast.person(name).id, now=at)
    return taken(ticket.sale, name=name, at=at)


def taken(sale: Sale, *, name: str, at: datetime = NOW) -> Sale:
    """Its card payment succeeded; `name` is part of the charge's id."""
    charge = facts.Charge(
        id=f"ch_{name.lower()}",
        raw={},
        amount_minor=sale.charge_minor,
        currency=sale.currency,
        paid=True,
        created_at=at,
        payment_intent_id=f"pi_{name.lower()}",
        balance_transaction_id=f"txn_{name.lower()}",
        sale_id=str(sale.id),
    )
    taken = take_charge(charge=charge, now=at)
    assert taken is not None
    return taken


def sold(room: Room, *, name: str = "Linus", at: datetime = NOW, fee_minor: int = 59) -> Sale:
    """A ticket that is in the ledger (E1), with the fee that Stripe took."""
    return posted(bought(room, name=name, at=at), at=at, fee_minor=fee_minor)


def posted(
    sale: Sale, *, at: datetime = NOW, fee_minor: int = 59, settled: tuple[int, str, Decimal] | None = None
) -> Sale:
    """The fee of a paid sale is known, and it is in the ledger; `settled`: as what it arrived, if Stripe converted."""
    amount_minor, currency, rate = settled or (sale.charge_minor, sale.currency, None)
    movement = BalanceTransaction.objects.create(
        id=sale.charge_id.replace("ch_", "txn_"),
        type="charge",
        reporting_category="charge",
        source_id=sale.charge_id,
        amount_minor=amount_minor,
        fee_minor=fee_minor,
        net_minor=amount_minor - fee_minor,
        currency=currency,
        exchange_rate=rate,
        created_at=at,
        available_on=at + AVAILABLE_AFTER,
        raw={},
        imported_at=at,
    )
    posting.split_sale(sale_id=sale.id, balance_transaction_id=movement.id, now=at)
    posting.post_sale(sale_id=sale.id, now=at)
    sale.refresh_from_db()
    return sale


def released(sale: Sale) -> datetime:
    """Time goes on until the sale's hold is over; gives that time."""
    over = max(sale.hold_until, NOW + AVAILABLE_AFTER)
    runs.settle_due(now=over)
    runs.release_due(now=over)
    sale.refresh_from_db()
    return over


def reserved(payee: Payee, *, at: datetime) -> Payout:
    """The payout run of that date has set the payee's money aside."""
    Payee.objects.filter(id=payee.id).update(payouts_manual_at=NOW)
    runs.run_payouts(now=at)
    return Payout.objects.filter(payee=payee).latest("reserved_at")


def sent(payout: Payout, *, at: datetime, arrives_on: date) -> Payout:
    """The transfer is done and the payout made."""
    transfer = facts.Transfer(
        id=f"tr_{payout.id.hex[:8]}",
        raw={},
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        created_at=at,
        balance_transaction_id=f"txn_tr_{payout.id.hex[:8]}",
    )
    steps.transfer_done(payout=_locked(payout.id), transfer=transfer, now=at)
    made = facts.BankPayout(
        id=f"po_{payout.id.hex[:8]}",
        raw={},
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        status="pending",
        arrives_on=arrives_on,
        payout_id=str(payout.id),
        failure_code="",
        failure_message="",
    )
    steps.bank_payout_made(payout=_locked(payout.id), made=made, now=at)
    return _locked(payout.id)


def paid(payout: Payout, *, at: datetime) -> Payout:
    """The bank has it."""
    steps.bank_paid(payout=_locked(payout.id), at=at, now=at)
    return _locked(payout.id)


def refused(payout: Payout, *, at: datetime) -> Payout:
    """The bank did not take it, and the transfer came back."""
    steps.bank_failed(
        payout=_locked(payout.id), code="account_closed", reason="The bank account has been closed.", at=at, now=at
    )
    reversal = facts.TransferReversal(
        id=f"trr_{payout.id.hex[:8]}",
        raw={},
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        created_at=at + timedelta(minutes=1),
        balance_transaction_id=f"txn_trr_{payout.id.hex[:8]}",
    )
    steps.transfer_reversed(payout=_locked(payout.id), reversal=reversal, now=at + timedelta(minutes=1))
    return _locked(payout.id)


def _locked(payout_id: uuid.UUID) -> Payout:
    payout = lock_payout(payout_id)
    assert payout is not None
    return payout


def disputed(sale: Sale, *, at: datetime, amount_minor: int = 1000) -> Dispute:
    """The listener's bank has taken the payment back, and the payees' parts are reserved (E6)."""
    dispute = Dispute.objects.create(
        id=f"du_{sale.charge_id}", sale=sale, charge_id=sale.charge_id, amount_minor=amount_minor,
        currency=sale.currency, reason="product_not_received", status=DisputeStatus.NEEDS_RESPONSE, opened_at=at,
        due_by=at + timedelta(days=14), movements_told=1,
    )  # fmt: skip
    _moved(dispute, -amount_minor, at=at)
    return dispute


def decided(dispute: Dispute, *, won: bool, at: datetime) -> None:
    """The bank has decided."""
    dispute.status, dispute.closed_at = (DisputeStatus.WON if won else DisputeStatus.LOST), at
    dispute.movements_told += won
    dispute.save()
    if won:
        _moved(dispute, dispute.amount_minor, at=at)
    booking.book_outcome(dispute=dispute, now=at)


def _moved(dispute: Dispute, amount_minor: int, *, at: datetime) -> None:
    fee_minor = 1500 if amount_minor < 0 else -1500
    movement = BalanceTransaction.objects.create(
        id=f"txn_{dispute.id}_{amount_minor}", type="adjustment", reporting_category="dispute", source_id=dispute.id,
        amount_minor=amount_minor, fee_minor=fee_minor, net_minor=amount_minor - fee_minor, currency=dispute.currency,
        created_at=at, available_on=at, raw={}, imported_at=at,
    )  # fmt: skip
    dispute.sale.refresh_from_db()
    movements._post(dispute, movement)
