"""Subscriptions as Billing keeps them, and what each of their invoices brought."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, link, money
from payouts.models import BillingInvoice, BillingPrice, BillingState, BillingSubscription

COLOURS = {
    BillingState.INCOMPLETE: "info",
    BillingState.TRIALING: "success",
    BillingState.ACTIVE: "success",
    BillingState.PAST_DUE: "danger",
}


class InvoiceInline(ReadOnly, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """What was asked for, and its sale."""

    model = BillingInvoice
    fields = ["stripe_invoice_id", "reason", "state", "due", "paid", "attempts", "next_attempt_at", "of_sale"]
    readonly_fields = fields
    ordering = ["-created_at"]
    extra = 0

    @admin.display(description="due")
    def due(self, invoice: BillingInvoice) -> str:
        """What is asked for."""
        return money(invoice.due_minor, invoice.currency)

    @admin.display(description="paid")
    def paid(self, invoice: BillingInvoice) -> str:
        """What came in."""
        return money(invoice.paid_minor, invoice.currency)

    @admin.display(description="sale")
    def of_sale(self, invoice: BillingInvoice) -> SafeString | str:
        """Where its money is."""
        return link("payouts_sale_change", "Open", invoice.sale_id) if invoice.sale_id else EMPTY


@admin.register(BillingSubscription)
class BillingSubscriptionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Subscriptions, latest first."""

    when_empty = "Subscriptions that Stripe charges each month appear here when somebody subscribes."
    list_display = ("what", "payer_email", "state_label", "monthly", "period_ends_at", "ends_at", "opened_at")
    list_filter = ("state", "end_reason")
    list_select_related = ("price", "customer")
    search_fields = ("id__exact", "stripe_subscription_id", "checkout_session_id", "customer__email")
    ordering = ("-opened_at", "id")
    inlines = (InvoiceInline,)
    fieldsets = (
        (None, {"fields": ("what", "payer_email", "state_label", "monthly", "end_reason", "failure")}),
        ("At Stripe", {"fields": ("stripe_subscription_id", "checkout_session_id", "calls")}),
        (
            "When",
            {
                "fields": (
                    "opened_at", "started_at", "trial_ends_at", "period_starts_at", "period_ends_at", "ends_at",
                    "ended_at", "check_at",
                )
            },
        ),
    )  # fmt: skip

    @admin.display(description="what", ordering="price__title")
    def what(self, subscription: BillingSubscription) -> str:
        """What is paid for."""
        return subscription.price.title

    @admin.display(description="payer", ordering="customer__email")
    def payer_email(self, subscription: BillingSubscription) -> str:
        """Who pays."""
        return subscription.customer.email

    @admin.display(description="a month")
    def monthly(self, subscription: BillingSubscription) -> str:
        """The price."""
        return money(subscription.price.amount_minor, subscription.price.currency)

    @admin.display(description="state", ordering="state")
    def state_label(self, subscription: BillingSubscription) -> SafeString:
        """The state, coloured."""
        return badge(subscription.state, BillingState(subscription.state).label, COLOURS)

    @admin.display(description="calls")
    def calls(self, subscription: BillingSubscription) -> SafeString:
        """What we asked of Stripe about it."""
        return link("payouts_stripecall_changelist", "Show the calls", q=subscription.call_subject)


@admin.register(BillingPrice)
class BillingPriceAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Prices a month, latest first."""

    when_empty = "Monthly prices appear here when a creator opens a plan."
    list_display = ("title", "amount", "payee", "stripe_price_id", "opened_at", "retired_at")
    list_select_related = ("payee",)
    search_fields = ("id__exact", "title", "stripe_price_id", "stripe_product_id", "subject")
    ordering = ("-opened_at", "id")
    fields = (
        "title", "amount", "payee", "policy_slug", "subject", "stripe_price_id", "stripe_product_id", "failure",
        "opened_at", "retired_at",
    )  # fmt: skip

    @admin.display(description="a month", ordering="amount_minor")
    def amount(self, price: BillingPrice) -> str:
        """The price."""
        return money(price.amount_minor, price.currency)
