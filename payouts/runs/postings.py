"""What the ledger is told about a payout (E9). Pure. Every posting is about "payout:<uuid>"."""

from datetime import datetime

from ledger import accounts
from ledger.postings import Leg, Posting, credit, debit
from payouts.gateway.facts import Transfer, TransferReversal
from payouts.models import Payout


def reserve(*, payout: Payout) -> Posting:
    """Set aside: what is on its way cannot be paid twice."""
    return _posting(
        payout,
        key=f"payout:{payout.id}:reserve",
        kind="payout.reserved",
        at=payout.reserved_at,
        description="Set aside for a payout",
        legs=(
            debit(accounts.payable(payout.payee_id, "available"), payout.amount_minor, payout.currency),
            credit(accounts.payable(payout.payee_id, "in_transit"), payout.amount_minor, payout.currency),
        ),
    )


def transferred(*, payout: Payout, transfer: Transfer) -> Posting:
    """Moved to the payee's connected account."""
    return _posting(
        payout,
        key=f"transfer:{transfer.id}",
        kind="payout.transferred",
        at=transfer.created_at,
        description="Moved to the payee's Stripe account",
        legs=(
            debit(accounts.connected(payout.payee_id), transfer.amount_minor, transfer.currency),
            credit(accounts.STRIPE_AVAILABLE, transfer.amount_minor, transfer.currency),
        ),
    )


def paid(*, payout: Payout, at: datetime) -> Posting:
    """At the bank: nothing is owed any more."""
    return _posting(
        payout,
        key=f"payout:{payout.stripe_payout_id}:paid",
        kind="payout.paid",
        at=at,
        description="Paid at the bank",
        legs=(
            debit(accounts.payable(payout.payee_id, "in_transit"), payout.amount_minor, payout.currency),
            credit(accounts.connected(payout.payee_id), payout.amount_minor, payout.currency),
        ),
    )


def unpaid(*, payout: Payout, at: datetime) -> Posting:
    """The bank sent back what it had taken: the money is on the connected account again, and owed."""
    return _posting(
        payout,
        key=f"payout:{payout.stripe_payout_id}:unpaid",
        kind="payout.returned_by_bank",
        at=at,
        description="Sent back by the bank",
        legs=(
            debit(accounts.connected(payout.payee_id), payout.amount_minor, payout.currency),
            credit(accounts.payable(payout.payee_id, "in_transit"), payout.amount_minor, payout.currency),
        ),
    )


def owed_again(*, payout: Payout, at: datetime) -> Posting:
    """The payout failed: what was set aside is available again."""
    return _posting(
        payout,
        key=f"payout:{payout.id}:failed",
        kind="payout.failed",
        at=at,
        description=f"Payout failed: {payout.failure_reason}",
        legs=(
            debit(accounts.payable(payout.payee_id, "in_transit"), payout.amount_minor, payout.currency),
            credit(accounts.payable(payout.payee_id, "available"), payout.amount_minor, payout.currency),
        ),
    )


def reversed_transfer(*, payout: Payout, reversal: TransferReversal) -> Posting:
    """Back from the connected account to the platform's balance."""
    return _posting(
        payout,
        key=f"reversal:{reversal.id}",
        kind="payout.transfer_reversed",
        at=reversal.created_at,
        description="Moved back from the payee's Stripe account",
        legs=(
            debit(accounts.STRIPE_AVAILABLE, reversal.amount_minor, reversal.currency),
            credit(accounts.connected(payout.payee_id), reversal.amount_minor, reversal.currency),
        ),
    )


def _posting(payout: Payout, *, key: str, kind: str, at: datetime, description: str, legs: tuple[Leg, ...]) -> Posting:
    return Posting(
        key=key, kind=kind, legs=legs, effective_at=at, subject=payout.ledger_subject, description=description
    )
