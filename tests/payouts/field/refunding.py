"""Refunds as the cases from the field ask for them, and what they look at."""

from uuid import UUID, uuid4

from config import clock
from payouts.models import Payee, Refund, RefundReason, Sale
from payouts.refunds.operations import ask_refund
from tests.payouts.entries import entries_of
from tests.payouts.stripe_driver import Sandbox

REFUND_FAILS = "4000000000005126"
LOST = "expense:fee_lost_on_refund"
PROCESSING = "expense:processing"


def ask(sale: Sale, amount_minor: int | None = None, *, key: str = "", total_minor: int | None = None) -> Refund:
    """Finance asks for a refund: so much more, up to so much in all, or all that is left."""
    return ask_refund(
        sale_id=sale.id, amount_minor=amount_minor, total_minor=total_minor, reason=RefundReason.REQUESTED,
        asked_by="user:finance", key=key or str(uuid4()), now=clock.now(),
    )  # fmt: skip


def called(refund: Refund) -> UUID:
    """The call that makes it."""
    assert refund.call_id is not None
    return refund.call_id


def refunds_at(sandbox: Sandbox, sale: Sale) -> list[int]:
    """Amounts of the refunds at Stripe, oldest first."""
    return [each.amount for each in sandbox.client.v1.refunds.list({"charge": sale.charge_id}).data][::-1]


def last_entries(sale: Sale, kind: str, ada: Payee) -> list[tuple[str, int]]:
    """What postings of a kind moved, by account."""
    entries = entries_of(sale.ledger_subject, ada=ada.id)
    return sorted((account, amount) for each, account, amount in entries if each == kind)


def reversed_minor(sale: Sale) -> int:
    """How much of the charge has gone back."""
    return Sale.objects.values_list("reversed_minor", flat=True).get(id=sale.id)
