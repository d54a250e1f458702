"""Every lock that payouts takes, by name.

Order within a transaction: event or call (by id), Stripe object, run, payee, customer, price, sale or payout (by id),
dispute, subscription, fee basis, balance transaction, wallet; then the ledger's own. Whoever needs two of a kind takes
them in primary-key order.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from payouts.models import (
    BalanceTransaction,
    BillingPrice,
    BillingSubscription,
    Customer,
    Dispute,
    FeeBasis,
    Payee,
    Payout,
    PayoutRun,
    Sale,
    StripeCall,
    StripeEvent,
    Wallet,
)


def lock_event(event_id: str) -> StripeEvent | None:
    """The event, or None when somebody processes it at this moment (or there is none)."""
    return StripeEvent.objects.select_for_update(skip_locked=True).filter(id=event_id).first()


def lock_call(call_id: UUID) -> StripeCall:
    """The call; waits for whoever records it."""
    return StripeCall.objects.select_for_update().get(id=call_id)


def lock_stripe_object(object_id: str) -> None:
    """Events about one of Stripe's objects are processed one after the other. Ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [object_id])


def lock_run(run_id: UUID) -> PayoutRun:
    """The payout run."""
    return PayoutRun.objects.select_for_update().get(id=run_id)


def lock_payee(payee_id: UUID) -> Payee | None:
    """The payee, so that what they can be paid is decided once at a time."""
    return Payee.objects.select_for_update().filter(id=payee_id).first()


def lock_customer(customer_id: UUID) -> Customer | None:
    """Somebody who pays."""
    return Customer.objects.select_for_update().filter(id=customer_id).first()


def lock_customer_of(user_id: UUID) -> Customer:
    """A person's customer, which there is."""
    return Customer.objects.select_for_update().get(user_id=user_id)


def lock_wallet(user_id: UUID) -> Wallet | None:
    """The person's wallet; taken after the sale that fills it, and before the ledger's own locks."""
    return Wallet.objects.select_for_update().filter(user_id=user_id).first()


def lock_sale(sale_id: UUID) -> Sale | None:
    """The sale."""
    return Sale.objects.select_for_update().filter(id=sale_id).first()


def lock_sale_of_charge(charge_id: str) -> Sale | None:
    """The sale that a charge paid, or None while nobody knows of one."""
    sale_id = Sale.objects.filter(charge_id=charge_id).values_list("id", flat=True).first() if charge_id else None
    return None if sale_id is None else lock_sale(sale_id)


def lock_dispute(dispute_id: str) -> Dispute | None:
    """The dispute; its sale is locked before it."""
    return Dispute.objects.select_for_update().filter(id=dispute_id).first()


def lock_lost_disputes(sale_id: UUID) -> list[Dispute]:
    """The disputes of a sale that have cost something, by id; the sale is locked before them."""
    return list(Dispute.objects.select_for_update().filter(sale_id=sale_id, lost_minor__gt=0).order_by("id"))


def lock_billing_price(price_id: UUID) -> BillingPrice:
    """What is charged a month, which there is."""
    return BillingPrice.objects.select_for_update().get(id=price_id)


def lock_billing_subscription(subscription_id: UUID) -> BillingSubscription | None:
    """The subscription, with its price and customer, which are not locked."""
    subscriptions = BillingSubscription.objects.select_for_update(of=("self",)).select_related("price", "customer")
    return subscriptions.filter(id=subscription_id).first()


def lock_sales(sale_ids: Iterable[UUID]) -> list[Sale]:
    """Several sales, in primary-key order; those that there are."""
    return list(Sale.objects.select_for_update().filter(id__in=list(sale_ids)).order_by("id"))


def lock_fee_basis(*, payee_id: UUID, policy_slug: str, currency: str) -> FeeBasis:
    """What a payee has sold under a tiered policy, made when there is none; taken before any balance row."""
    FeeBasis.objects.bulk_create(
        [FeeBasis(payee_id=payee_id, policy_slug=policy_slug, currency=currency)], ignore_conflicts=True
    )
    return FeeBasis.objects.select_for_update().get(payee_id=payee_id, policy_slug=policy_slug, currency=currency)


def lock_payout(payout_id: UUID) -> Payout | None:
    """The payout."""
    return Payout.objects.select_for_update().filter(id=payout_id).first()


def lock_balance_transaction(balance_transaction_id: str) -> BalanceTransaction | None:
    """The mirrored balance transaction, or None when somebody posts or settles it at this moment."""
    return BalanceTransaction.objects.select_for_update(skip_locked=True).filter(id=balance_transaction_id).first()
