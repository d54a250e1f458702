"""What an invoice does: each one that is paid is a sale, posted from its charge's balance transaction like others."""

from datetime import datetime, timedelta

from django.conf import settings

from payouts import handlers
from payouts.balance_transactions.waiting import object_known
from payouts.errors import ContradictionError
from payouts.gateway.billing import StripeInvoice
from payouts.models import BillingInvoice, BillingSubscription, InvoiceState, Sale, SaleChannel
from payouts.sales.opening import write_sale
from payouts.sales.payments import take_invoice
from payouts.sales.shares import ShareSpec
from payouts.wake import wake_after_commit

PRODUCT = "subscription"


def learn_invoice(*, subscription: BillingSubscription, told: StripeInvoice, now: datetime) -> BillingInvoice | None:
    """Keep an invoice of the locked subscription as Stripe has it, and take its payment; any number of times.

    The amount is what Stripe says was paid, which is not the price's where a plan was changed or a credit used up. A
    draft is not kept. Nothing was charged for an invoice of 0, or one paid past Stripe: no sale.

    Raises:
        ContradictionError: several charges paid it, which only a person can have arranged.
    """
    if told.status not in InvoiceState.values:
        return None
    invoice = BillingInvoice.objects.filter(stripe_invoice_id=told.id).first()
    if invoice is None:
        invoice = BillingInvoice(stripe_invoice_id=told.id, subscription=subscription, created_at=told.created_at)
    if invoice.state == InvoiceState.PAID:
        return invoice
    tried_before = invoice.attempts
    _keep(invoice, told)
    if invoice.state == InvoiceState.PAID and told.payment_intent_ids and told.paid_minor:
        invoice.sale = _sell(subscription, told, now=now)
    invoice.save()
    if invoice.state == InvoiceState.PAID:
        handlers.tell("invoice.paid", invoice_id=invoice.id, now=now)
    elif invoice.state == InvoiceState.OPEN and told.attempts > tried_before:
        handlers.tell("invoice.failed", invoice_id=invoice.id, now=now)
    return invoice


def _keep(invoice: BillingInvoice, told: StripeInvoice) -> None:
    invoice.reason = told.reason
    invoice.state = told.status
    invoice.due_minor, invoice.paid_minor, invoice.currency = told.due_minor, told.paid_minor, told.currency
    invoice.period_starts_at, invoice.period_ends_at = told.period_starts_at, told.period_ends_at
    invoice.attempts, invoice.next_attempt_at = told.attempts, told.next_attempt_at
    invoice.pay_url = told.pay_url
    invoice.paid_at = told.paid_at


def _sell(subscription: BillingSubscription, told: StripeInvoice, *, now: datetime) -> Sale:
    if len(told.payment_intent_ids) > 1:
        raise ContradictionError(f"{len(told.payment_intent_ids)} payments paid it", object_id=told.id)
    price = subscription.price
    sale = write_sale(
        channel=SaleChannel.INVOICE,
        product=PRODUCT,
        subject=f"invoice:{told.id}",
        title=price.title,
        buyer_id=subscription.payer_id,
        buyer_email=subscription.customer.email,
        price_minor=told.paid_minor,
        currency=told.currency,
        shares=[ShareSpec(payee_id=price.payee_id)],
        policy_slug=price.policy_slug,
        hold_until=(told.paid_at or now) + timedelta(seconds=settings.PAYOUT_HOLD_S),
        invoice_id=told.id,
        now=now,
    )
    take_invoice(sale=sale, payment_intent_id=told.payment_intent_ids[0], now=now)
    if told.charge_id:
        object_known(told.charge_id, now=now)
    wake_after_commit("payouts.tasks.import_balance_transactions")
    return sale
