"""What the ledger is told about a sale (E1, E1b, E10). Pure: everything comes from stored rows."""

from collections.abc import Sequence

from ledger import accounts
from ledger.postings import Leg, Posting, credit, debit
from payouts.errors import ContradictionError
from payouts.models import BalanceTransaction, Sale, SaleShare
from payouts.sales import positions


def stripe_side(balance_transaction: BalanceTransaction) -> str:
    """The side of the platform's balance that a movement goes to: funds available at once never were pending."""
    at_once = balance_transaction.available_on <= balance_transaction.created_at
    return accounts.STRIPE_AVAILABLE if at_once else accounts.STRIPE_PENDING


def charge_posting(*, sale: Sale, shares: Sequence[SaleShare], balance_transaction: BalanceTransaction) -> Posting:
    """E1: the sale, from its stored split, with the real fee."""
    currency = sale.settlement_currency
    legs: list[Leg | None] = [debit(stripe_side(balance_transaction), _stored(sale, "gross_minor"), currency)]
    legs += [
        _credit_if_any(accounts.payable(share.payee_id, "pending"), share.amount_minor or 0, currency)
        for share in shares
    ]
    if sale.wallet_minor is not None and sale.buyer_id is not None:
        legs.append(credit(accounts.wallet(sale.buyer_id), sale.wallet_minor, currency))
    legs.append(_credit_if_any(platform_account(sale), _stored(sale, "platform_fee_minor"), currency))
    legs.append(_credit_if_any(accounts.PROCESSING_RECOVERED, _stored(sale, "processing_recovered_minor"), currency))
    legs += processing_legs(balance_transaction)
    return _posting(sale, balance_transaction, kind="sale", legs=legs)


def platform_account(sale: Sale) -> str:
    """Where the platform's part of a sale goes: its cut of a product, or the margin of a pack of Stars."""
    return accounts.STARS_MARGIN if sale.wallet_minor is not None else accounts.platform_fee(sale.product)


def late_posting(*, sale: Sale, balance_transaction: BalanceTransaction) -> Posting:
    """E10: a payment for an expired sale waits in suspense, all of it."""
    currency = balance_transaction.currency
    legs = [
        debit(stripe_side(balance_transaction), balance_transaction.amount_minor, currency),
        credit(accounts.SUSPENSE, balance_transaction.amount_minor, currency),
        *processing_legs(balance_transaction),
    ]
    return _posting(sale, balance_transaction, kind="sale.late", legs=legs)


def settle_posting(*, balance_transaction: BalanceTransaction, subject: str) -> Posting:
    """E1b, first half: funds became available, at the time that the balance transaction says."""
    net_minor, currency = balance_transaction.net_minor, balance_transaction.currency
    towards, away = (debit, credit) if net_minor > 0 else (credit, debit)
    return Posting(
        key=f"settle:{balance_transaction.id}",
        kind="settlement",
        legs=(
            towards(accounts.STRIPE_AVAILABLE, abs(net_minor), currency),
            away(accounts.STRIPE_PENDING, abs(net_minor), currency),
        ),
        effective_at=balance_transaction.available_on,
        subject=subject,
        description="Funds available at Stripe",
        metadata={"balance_transaction": balance_transaction.id},
    )


def release_posting(*, sale: Sale, shares: Sequence[SaleShare]) -> Posting | None:
    """E1b, second half: the hold is over and what is left of every share may be paid out. None when nothing is.

    It takes effect at the later of the end of the hold and of the funds becoming available. Where more went back than
    a share had, what the payee owes moves too, which only a posting about a refund may do.
    """
    legs = positions.release(sale=sale, shares=shares)
    if not legs or sale.settled_at is None:
        return None
    owing = any(positions.free_minor(share) < 0 for share in shares)
    return Posting(
        key=f"release:{sale.id}",
        kind="refund.release" if owing else "release",
        legs=tuple(legs),
        effective_at=max(sale.hold_until, sale.settled_at),
        subject=sale.ledger_subject,
        description=f"Hold ended: {sale.title}",
    )


def _posting(sale: Sale, balance_transaction: BalanceTransaction, *, kind: str, legs: Sequence[Leg | None]) -> Posting:
    return Posting(
        key=f"charge:{sale.charge_id}",
        kind=kind,
        legs=tuple(leg for leg in legs if leg is not None),
        effective_at=balance_transaction.created_at,
        subject=sale.ledger_subject,
        description=sale.title,
        metadata={
            "charge": sale.charge_id,
            "payment_intent": sale.payment_intent_id,
            "balance_transaction": balance_transaction.id,
            "policy": f"{sale.policy_slug} v{sale.policy_version}",
        },
    )


def processing_legs(balance_transaction: BalanceTransaction) -> list[Leg]:
    """The processor's fee, taken out of the same side of the balance."""
    fee_minor, currency = balance_transaction.fee_minor, balance_transaction.currency
    if not fee_minor:
        return []
    return [
        debit(accounts.EXPENSE_PROCESSING, fee_minor, currency),
        credit(stripe_side(balance_transaction), fee_minor, currency),
    ]


def _credit_if_any(account: str, amount_minor: int, currency: str) -> Leg | None:
    return credit(account, amount_minor, currency) if amount_minor else None


def _stored(sale: Sale, field: str) -> int:
    amount_minor: int | None = getattr(sale, field)
    if amount_minor is None:
        raise ContradictionError(f"{field} is not known: the split comes first", object_id=str(sale.id))
    return amount_minor
