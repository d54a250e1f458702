"""Charges of invoices among the movements of Stripe's balance: they name nothing of ours, so they wait for it.

When its event does not come, Stripe is asked which invoice the charge paid.
"""

from datetime import datetime, timedelta

from django.db import transaction

from payouts.balance_transactions.registry import takes
from payouts.errors import UnknownObjectError
from payouts.gateway import billing, facts, reading
from payouts.models import BalanceTransaction, Customer
from payouts.sales import movements
from payouts.subscriptions.invoices import learn_invoice
from payouts.subscriptions.learning import locked_by

ASK_AFTER = timedelta(minutes=1)


@takes("charge", "payment")
def take_invoice_charge(*, movement: BalanceTransaction, now: datetime) -> bool:
    """Wait for the invoice of a customer of ours; after a minute, fetch it.

    Raises:
        UnknownObjectError: it may still come.
        StripeUnavailableError: Stripe was asked and did not answer.
    """
    charge = reading.charge_from_raw(movement.raw)
    if charge is None or charge.sale_id or not charge.payment_intent_id or not _is_ours(charge):
        return False
    if now - movement.imported_at < ASK_AFTER:
        raise UnknownObjectError(f"the invoice of {charge.id}")
    invoice = billing.invoice_paid_by(charge.payment_intent_id)
    if invoice is None or invoice.status != "paid":
        return False
    with transaction.atomic():
        subscription = locked_by(
            subscription_id=invoice.subscription_id, stripe_subscription_id=invoice.stripe_subscription_id
        )
        if subscription is None:
            return False
        learn_invoice(subscription=subscription, told=invoice, now=now)
    return movements.take_charge(movement=movement, now=now)


def _is_ours(charge: facts.Charge) -> bool:
    customer_id = charge.raw.get("customer")
    return bool(customer_id) and Customer.objects.filter(stripe_customer_id=customer_id).exists()
