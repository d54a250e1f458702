"""Sales of Ada's room as rows, posted, without Stripe; refunds are learned of as Stripe would tell them."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from config import clock
from ledger import fees
from ledger.operations import post
from payouts import handlers
from payouts.gateway import facts
from payouts.models import BalanceTransaction, MirrorState, Refund, RefundState, Sale, SaleState
from payouts.refunds.learning import learn
from payouts.refunds.posting import post_refund
from payouts.sales.postings import charge_posting
from rooms.models import Creator, Room, Ticket, User
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast
from tests.rooms.cast import NOW


@pytest.fixture
def ada(db: None) -> Creator:
    """Ada hosts."""
    return cast.creator("Ada Lovelace")


@pytest.fixture
def room(ada: Creator) -> Room:
    """Ada's room in a week, three seats at 10.00."""
    return cast.room(ada)


@pytest.fixture
def linus(db: None) -> User:
    """Linus listens."""
    return cast.person("Linus")


def paid_ticket(room: Room, buyer: User, *, now: datetime = NOW) -> Ticket:
    """A ticket whose sale is in the ledger as E1 has it."""
    ticket = buy_ticket(room_id=room.id, buyer_id=buyer.id, now=now)
    sale = ticket.sale
    sale.state, sale.paid_at, sale.charge_id = SaleState.PAID, now, f"ch_{sale.id.hex[:12]}"
    sale.payment_intent_id = f"pi_{sale.id.hex[:12]}"
    sale.save()
    handlers.tell("sale.paid", sale_id=sale.id, now=now)
    shares = list(sale.shares.all())
    policy = fees.policy(sale.policy_slug, sale.policy_version)
    parts = fees.split(
        policy=policy, price_minor=1000, processing_fee_minor=59, tie_offset=sale.tie_offset,
        shares=[fees.Share(payee=str(share.payee_id), weight=share.weight) for share in shares],
    )  # fmt: skip
    for share in shares:
        share.amount_minor = parts.payee_minor[str(share.payee_id)]
        share.save()
    movement = BalanceTransaction.objects.create(
        id=f"txn_{sale.id.hex[:12]}", type="charge", source_id=sale.charge_id, amount_minor=1000, fee_minor=59,
        net_minor=941, currency="USD", created_at=now, available_on=now + timedelta(days=2), raw={}, imported_at=now,
        next_attempt_at=now,
    )  # fmt: skip
    lines = [
        {"label": line.label, "formula": line.formula, "amount_minor": line.amount_minor} for line in parts.formula
    ]
    sale.basis |= {"formula": lines, "lifetime_minor": 0}
    sale.settlement_currency, sale.gross_minor, sale.processing_fee_minor = "USD", 1000, 59
    sale.platform_fee_minor, sale.processing_recovered_minor = 30, 59
    sale.split_at, sale.posted_at, sale.state = now, now, SaleState.POSTED
    sale.balance_transaction_id = movement.id
    sale.save()
    posting = charge_posting(sale=sale, shares=shares, balance_transaction=movement)
    post(posting=posting)
    movement.state, movement.posting_key = MirrorState.POSTED, posting.key
    movement.save()
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def buy(room: Room) -> Callable[[User], Ticket]:
    """Buy a seat of Ada's room, all the way into the ledger."""
    return lambda buyer: paid_ticket(room, buyer)


def stripe_says(
    sale: Sale, amount_minor: int, *, refund_id: str = "re_1", failure: str = "", status: str = "", now: datetime = NOW
) -> Refund:
    """Stripe tells of a refund, which one of ours asked for if one is open."""
    asked = sale.refunds.filter(state=RefundState.ASKED).first()
    fact = facts.Refund(
        id=refund_id, raw={}, amount_minor=amount_minor, currency=sale.currency, charge_id=sale.charge_id,
        outbox_id=str(asked.call_id) if asked else "", balance_transaction_id=f"txn_{refund_id}", failure=failure,
        status=status or ("failed" if failure else "succeeded"),
    )  # fmt: skip
    learned = learn(refund=fact, now=now)
    assert learned is not None
    return learned[1]


def refund_posted(sale: Sale, amount_minor: int, *, refund_id: str = "re_1") -> Refund:
    """A refund made in Stripe's dashboard, through its balance transaction into the ledger."""
    movement = BalanceTransaction.objects.create(
        id=f"txn_{refund_id}", type="refund", source_id=refund_id, amount_minor=-amount_minor, fee_minor=0,
        net_minor=-amount_minor, currency="USD", created_at=clock.now(), available_on=clock.now() + timedelta(days=2),
        raw={}, imported_at=clock.now(), next_attempt_at=clock.now(),
    )  # fmt: skip
    fact = facts.Refund(
        id=refund_id, raw={}, amount_minor=amount_minor, currency=sale.currency, charge_id=sale.charge_id,
        outbox_id="", balance_transaction_id=movement.id, failure="", status="succeeded",
    )  # fmt: skip
    assert post_refund(refund=fact, balance_transaction_id=movement.id, came_back=False, now=clock.now())
    return Refund.objects.get(refund_id=refund_id)
