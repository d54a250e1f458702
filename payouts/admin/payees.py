"""Payees: whether they can be paid, and what they are owed."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, link, money, table
from payouts.models import Payee, TransfersState
from payouts.payees.operations import subject_of
from payouts.queries import earnings

COLOURS = {
    TransfersState.NONE: "default",
    TransfersState.PENDING: "warning",
    TransfersState.ACTIVE: "success",
    TransfersState.RESTRICTED: "danger",
}


@admin.register(Payee)
class PayeeAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Payees by name."""

    when_empty = "Creators and charities appear here when they are to be paid."
    list_display = ("display_name", "email", "country", "state_label", "stripe_account_id", "created_at")
    list_filter = ("transfers_state", "country")
    search_fields = ("id__exact", "display_name", "email", "stripe_account_id")
    search_help_text = "A name, an e-mail, a payee id or an acct_…"
    ordering = ("display_name", "id")
    fieldsets = (
        (None, {"fields": ("display_name", "email", "country", "user", "owed", "payouts", "accounts")}),
        (
            "At Stripe",
            {"fields": ("stripe_account_id", "state_label", "restriction", "payouts_manual_at", "calls")},
        ),
        ("When", {"fields": ("created_at", "updated_at")}),
    )

    @admin.display(description="transfers", ordering="transfers_state")
    def state_label(self, payee: Payee) -> SafeString:
        """Whether money may be moved to them, coloured."""
        return badge(payee.transfers_state, TransfersState(payee.transfers_state).label, COLOURS)

    @admin.display(description="owed")
    def owed(self, payee: Payee) -> SafeString | str:
        """What they have, by currency and state, from the ledger."""
        rows = [
            [each.currency]
            + [
                money(amount, each.currency)
                for amount in (
                    each.pending_minor, each.available_minor, each.reserved_minor, each.in_transit_minor,
                    each.paid_minor,
                )
            ]
            for each in earnings(payee_id=payee.id)
        ]  # fmt: skip
        return table(("", "pending", "available", "reserved", "on its way", "paid"), rows) if rows else EMPTY

    @admin.display(description="payouts")
    def payouts(self, payee: Payee) -> SafeString:
        """Their payouts."""
        return link("payouts_payout_changelist", "Show the payouts", q=str(payee.id))

    @admin.display(description="ledger accounts")
    def accounts(self, payee: Payee) -> SafeString:
        """Their accounts."""
        return link("ledger_account_changelist", "Show the accounts", q=str(payee.id))

    @admin.display(description="calls")
    def calls(self, payee: Payee) -> SafeString:
        """What Stripe was asked for them."""
        return link("payouts_stripecall_changelist", "Show the calls", q=subject_of(payee.id))
