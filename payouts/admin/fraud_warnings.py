"""Early fraud warnings, with what was done about each."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from ledger.readonly import ReadOnly
from payouts.admin.parts import badge, link, money
from payouts.models import EarlyFraudWarning, WarningDecision


@admin.register(EarlyFraudWarning)
class EarlyFraudWarningAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Warnings, latest first, with what was done about each."""

    when_empty = "Payments that a card's issuer suspects of fraud appear here."
    list_display = ("sale_link", "charged", "fraud_type", "decision_label", "note", "actionable", "created_at")
    list_filter = ("decision", "actionable", "fraud_type")
    list_select_related = ("sale",)
    search_fields = ("id", "charge_id", "sale__buyer_email", "sale__id__exact")
    search_help_text = "An issfr_…, a ch_…, a sale or a buyer's e-mail"
    ordering = ("-created_at", "id")
    fields = (
        "sale_link", "charged", "fraud_type", "actionable", "decision_label", "note", "id", "charge_id", "created_at",
        "received_at",
    )  # fmt: skip

    @admin.display(description="sale")
    def sale_link(self, warning: EarlyFraudWarning) -> SafeString:
        """What was sold; it can be refunded from there."""
        return link("payouts_sale_change", warning.sale.title, warning.sale_id)

    @admin.display(description="charged")
    def charged(self, warning: EarlyFraudWarning) -> str:
        """What is at stake."""
        return money(warning.sale.charge_minor, warning.sale.currency)

    @admin.display(description="decision", ordering="decision")
    def decision_label(self, warning: EarlyFraudWarning) -> SafeString:
        """What was done about it."""
        colours = {
            WarningDecision.WAITING: "info",
            WarningDecision.WATCHED: "warning",
            WarningDecision.REFUNDED: "success",
            WarningDecision.NOT_REFUNDABLE: "danger",
        }
        return badge(warning.decision, WarningDecision(warning.decision).label, colours)
