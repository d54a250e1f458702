"""Invoices of subscriptions: drafted, finalized, paid, retried (https://docs.stripe.com/invoicing/overview,
https://docs.stripe.com/billing/revenue-recovery/smart-retries)."""

from payouts.sandbox import payments
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.resources import payment_intents, payment_methods
from payouts.sandbox.store import Json, new_id

DRAFT_S = 3600
RETRY_DAYS = (3, 5, 7)
_DAY_S = 86_400


def draft(sandbox: Sandbox, *, subscription: Json, lines: list[Json], reason: str) -> Json:
    """An invoice over lines and the customer's credit."""
    invoice_id = new_id("in")
    customer = sandbox.get("customer", subscription["customer"])
    total = sum(line["amount"] for line in lines)
    owed = max(0, total + customer["balance"])
    now = sandbox.clock.now()
    url = f"{sandbox.settings.public_url}/i/{invoice_id}"
    for line in lines:
        line["invoice"] = invoice_id
    invoice = sandbox.create(
        "invoice", "in", id=invoice_id, account_country="US", account_name="Obole sandbox", amount_due=owed,
        amount_remaining=owed, auto_advance=True, automatically_finalizes_at=now + DRAFT_S, billing_reason=reason,
        collection_method="charge_automatically", currency=subscription["currency"], customer=customer["id"],
        customer_email=customer["email"], customer_name=customer["name"], customer_tax_exempt="none",
        hosted_invoice_url=url, invoice_pdf=None, issuer={"account": None, "type": "self"}, payments=None,
        lines={"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{invoice_id}/lines"},
        parent={"type": "subscription_details", "quote_details": None, "subscription_details": {
            "metadata": subscription["metadata"], "subscription": subscription["id"],
            "subscription_proration_date": None}},
        period_start=now, period_end=now, starting_balance=customer["balance"], status="draft", subtotal=total,
        subtotal_excluding_tax=total, total=total, total_excluding_tax=total, total_discount_amounts=[],
        total_taxes=[], customer_tax_ids=[], hidden={"payments": _payments([])},
    )  # fmt: skip
    sandbox.emit("invoice.created", invoice)
    return invoice


def finalize(sandbox: Sandbox, invoice: Json, *, paid_by: Json | None = None) -> None:
    """Number it and use up credit; what is owed waits for its payment intent, nothing owed is paid at once."""
    customer = sandbox.get("customer", invoice["customer"])
    customer["balance"] = min(0, customer["balance"] + invoice["total"])
    sandbox.save(customer)
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    sandbox.save(customer, next_invoice_sequence=customer["next_invoice_sequence"] + 1)
    invoice["status_transitions"]["finalized_at"] = sandbox.clock.now()
    sandbox.save(invoice, status="open", number=number, effective_at=sandbox.clock.now(),
                 automatically_finalizes_at=None, ending_balance=customer["balance"])  # fmt: skip
    sandbox.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        _paid(sandbox, invoice, None)
        return
    intent = paid_by or payment_intents.new(
        sandbox, amount=invoice["amount_due"], currency=invoice["currency"],
        data={"customer": invoice["customer"], "description": _description(invoice)},
    )  # fmt: skip
    sandbox.store.hide(intent["id"], invoice=invoice["id"])
    _record_payment(sandbox, invoice, intent)
    if paid_by is not None:
        _paid(sandbox, invoice, paid_by)


def pay(sandbox: Sandbox, invoice: Json, *, off_session: bool = True) -> Json | None:
    """Charge the invoice's card: its own, the subscription's or the customer's default; the intent, if any."""
    method = _method(sandbox, invoice)
    intent = sandbox.get("payment_intent", sandbox.store.hidden(invoice["id"])["payment_intent"])
    if method is None:
        raise StripeError("This customer has no attached payment source or default payment method. Please consider "
                          "adding a default payment method.", code="resource_missing")  # fmt: skip
    return payments.pay(sandbox, intent, method, off_session=off_session)


@timer("invoice.finalize")
def _finalize_due(sandbox: Sandbox, invoice_id: str) -> None:
    invoice = sandbox.get("invoice", invoice_id)
    if invoice["status"] != "draft":
        return
    finalize(sandbox, invoice)
    _collect(sandbox, sandbox.get("invoice", invoice_id))


@timer("invoice.retry")
def _retry(sandbox: Sandbox, invoice_id: str) -> None:
    invoice = sandbox.get("invoice", invoice_id)
    if invoice["status"] == "open":
        _collect(sandbox, invoice)


def _collect(sandbox: Sandbox, invoice: Json) -> None:
    if invoice["status"] != "open":
        return
    if _method(sandbox, invoice) is None:
        _failed(sandbox, invoice, authentication=False)
    else:
        pay(sandbox, invoice)


@payments.on_outcome
def _outcome(sandbox: Sandbox, intent: Json) -> None:
    """A payment intent of an invoice succeeded or was refused."""
    invoice_id = sandbox.store.hidden(intent["id"]).get("invoice")
    if invoice_id is None:
        return
    invoice = sandbox.get("invoice", invoice_id)
    if intent["status"] == "succeeded" and invoice["status"] == "open":
        _paid(sandbox, invoice, intent)
    elif intent["status"] == "requires_payment_method" and invoice["status"] == "open":
        error = intent["last_payment_error"] or {}
        _failed(sandbox, invoice, authentication=error.get("code") == "authentication_required")


def _paid(sandbox: Sandbox, invoice: Json, intent: Json | None) -> None:
    sandbox.clock.cancel("invoice.retry", invoice["id"])
    now = sandbox.clock.now()
    invoice["status_transitions"]["paid_at"] = now
    tried = invoice["attempt_count"] + (1 if intent else 0)
    sandbox.save(invoice, status="paid", amount_paid=invoice["amount_due"], amount_remaining=0, attempted=True,
                 attempt_count=tried, next_payment_attempt=None)  # fmt: skip
    for payment in sandbox.store.select("invoice_payment", equal={"invoice": invoice["id"]}):
        payment["status_transitions"]["paid_at"] = now
        sandbox.save(payment, status="paid", amount_paid=invoice["amount_due"])
        sandbox.store.hide(invoice["id"], payments=_payments([payment]))
        sandbox.emit("invoice_payment.paid", payment)
    sandbox.emit("invoice.paid", invoice)
    sandbox.emit("invoice.payment_succeeded", invoice)
    _tell_subscription(sandbox, invoice)


def _failed(sandbox: Sandbox, invoice: Json, *, authentication: bool) -> None:
    """Retry on the schedule; when it is used up the subscription ends."""
    attempt = invoice["attempt_count"] + 1
    retry = None
    if invoice["billing_reason"] == "subscription_cycle" and attempt <= len(RETRY_DAYS):
        retry = sandbox.clock.now() + RETRY_DAYS[attempt - 1] * _DAY_S
        sandbox.clock.schedule(retry, "invoice.retry", invoice["id"])
    sandbox.save(invoice, attempted=True, attempt_count=attempt, next_payment_attempt=retry)
    if authentication:
        sandbox.emit("invoice.payment_action_required", invoice)
    sandbox.emit("invoice.payment_failed", invoice)
    _tell_subscription(sandbox, invoice)


def stop_collecting(sandbox: Sandbox, subscription_id: str) -> None:
    """A cancelled subscription's unpaid invoices are no longer finalized or retried by themselves
    (https://docs.stripe.com/billing/subscriptions/cancel#handle-invoice-items-when-canceling-subscriptions)."""
    equal = {"parent.subscription_details.subscription": subscription_id}
    for invoice in sandbox.store.select("invoice", equal=equal):
        if invoice["status"] in ("draft", "open"):
            for kind in ("invoice.finalize", "invoice.retry"):
                sandbox.clock.cancel(kind, invoice["id"])
            sandbox.save(invoice, auto_advance=False, automatically_finalizes_at=None, next_payment_attempt=None)


def close(sandbox: Sandbox, invoice: Json, status: str) -> Json:
    """Void or uncollectible (https://docs.stripe.com/invoicing/overview#invoice-statuses)."""
    if invoice["status"] not in ("open", "draft", "uncollectible"):
        raise StripeError(f"You can only pass in open invoices. This invoice is {invoice['status']}.")
    sandbox.clock.cancel("invoice.retry", invoice["id"])
    moment = "voided_at" if status == "void" else "marked_uncollectible_at"
    invoice["status_transitions"][moment] = sandbox.clock.now()
    sandbox.save(invoice, status=status, next_payment_attempt=None, auto_advance=False)
    sandbox.emit("invoice.voided" if status == "void" else "invoice.marked_uncollectible", invoice)
    return invoice


def _tell_subscription(sandbox: Sandbox, invoice: Json) -> None:
    sandbox.clock.schedule(sandbox.clock.now_s(), "subscription.invoice_changed", invoice["id"])


def _record_payment(sandbox: Sandbox, invoice: Json, intent: Json) -> None:
    payment = sandbox.create(
        "invoice_payment", "inpay", amount_requested=invoice["amount_due"], currency=invoice["currency"],
        invoice=invoice["id"], is_default=True, status="open",
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
    )  # fmt: skip
    sandbox.store.hide(invoice["id"], payment_intent=intent["id"], payments=_payments([payment]))
    secret = {"client_secret": intent["client_secret"], "type": "payment_intent"}
    sandbox.save(invoice, confirmation_secret=secret)


def _payments(data: list[Json]) -> Json:
    return {"object": "list", "data": data, "has_more": False, "url": "/v1/invoice_payments"}


def _method(sandbox: Sandbox, invoice: Json) -> Json | None:
    subscription = sandbox.get("subscription", invoice["parent"]["subscription_details"]["subscription"])
    customer = sandbox.get("customer", invoice["customer"])
    name = (
        invoice["default_payment_method"]
        or subscription["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    return payment_methods.find(sandbox, name) if name else None


def _description(invoice: Json) -> str:
    return {"subscription_create": "Subscription creation", "subscription_cycle": "Subscription update"}.get(
        invoice["billing_reason"], "Subscription update"
    )
