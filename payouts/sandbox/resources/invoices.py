"""Invoices and their payments (https://docs.stripe.com/api/invoices, https://docs.stripe.com/api/invoice-payment)."""

from stripe.params import (
    InvoiceFinalizeInvoiceParams,
    InvoiceListParams,
    InvoiceMarkUncollectibleParams,
    InvoicePaymentListParams,
    InvoicePaymentRetrieveParams,
    InvoicePayParams,
    InvoiceRetrieveParams,
    InvoiceVoidInvoiceParams,
)

from payouts.sandbox import invoicing
from payouts.sandbox.errors import StripeError
from payouts.sandbox.resources import payment_intents
from payouts.sandbox.routing import Call, endpoint, page, retrieves
from payouts.sandbox.store import Json

retrieves("invoice", "/v1/invoices", InvoiceRetrieveParams)
retrieves("invoice_payment", "/v1/invoice_payments", InvoicePaymentRetrieveParams)


@endpoint("GET", "/v1/invoices", InvoiceListParams)
def list_(call: Call) -> Json:
    """Newest first; by customer, subscription and status."""
    filters = {"customer": "customer", "status": "status", "subscription": "parent.subscription_details.subscription"}
    return page(call, "invoice", "/v1/invoices", filters)


@endpoint("GET", "/v1/invoice_payments", InvoicePaymentListParams)
def list_payments(call: Call) -> Json:
    """The payments of an invoice, or the invoice that a payment intent pays."""
    intent = (call.params.get("payment") or {}).get("payment_intent")
    fixed = [("body->>'$.payment.payment_intent' = ?", intent)] if intent else []
    filters = {"invoice": "invoice", "status": "status"}
    return page(call, "invoice_payment", "/v1/invoice_payments", filters, *fixed)


@endpoint("POST", "/v1/invoices/{id}/pay", InvoicePayParams)
def pay_(call: Call) -> Json:
    """Try to pay an open invoice now; a refused card answers 402."""
    sandbox = call.sandbox
    invoice = sandbox.get("invoice", call.id)
    if invoice["status"] != "open":
        raise StripeError("Invoice is already paid" if invoice["status"] == "paid" else
                          f"Invoice is {invoice['status']} and cannot be paid.",
                          code="invoice_not_payable")  # fmt: skip
    if "payment_method" in call.params:
        sandbox.save(invoice, default_payment_method=call.params["payment_method"])
    intent = invoicing.pay(sandbox, invoice, off_session=call.params.get("off_session", True))
    if intent is not None and intent["status"] == "requires_payment_method":
        raise payment_intents.card_error(intent)
    return sandbox.get("invoice", call.id)


@endpoint("POST", "/v1/invoices/{id}/finalize", InvoiceFinalizeInvoiceParams)
def finalize_(call: Call) -> Json:
    """Finalize a draft before its hour is over."""
    invoice = call.sandbox.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise StripeError("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    invoicing.finalize(call.sandbox, invoice)
    return call.sandbox.get("invoice", call.id)


@endpoint("POST", "/v1/invoices/{id}/void", InvoiceVoidInvoiceParams)
def void(call: Call) -> Json:
    """Nobody has to pay it."""
    return invoicing.close(call.sandbox, call.sandbox.get("invoice", call.id), "void")


@endpoint("POST", "/v1/invoices/{id}/mark_uncollectible", InvoiceMarkUncollectibleParams)
def mark_uncollectible(call: Call) -> Json:
    """Nobody will pay it."""
    return invoicing.close(call.sandbox, call.sandbox.get("invoice", call.id), "uncollectible")
