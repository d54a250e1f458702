"""Wallets of Stars: what was bought, what is left, and whether a dispute freezes them. Read only."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from ledger.readonly import ReadOnly
from payouts.models import StarLot, Wallet, WalletFreeze


class StarLotInline(ReadOnly, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """The packs in the order in which they are spent."""

    model = StarLot
    fields = ("start", "stop", "sale", "opened_at")
    extra = 0


class WalletFreezeInline(ReadOnly, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """Why it is, or was, frozen."""

    model = WalletFreeze
    fields = ("sale", "frozen_at", "lifted_at")
    extra = 0


@admin.register(Wallet)
class WalletAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Wallets, the newest first."""

    when_empty = "Listeners appear here when they buy Stars."
    list_display = ("user", "left", "bought", "spent", "is_frozen", "opened_at")
    list_filter = ("is_frozen",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__display_name")
    ordering = ("-opened_at", "user_id")
    fields = ("user", "left", "bought", "spent", "is_frozen", "opened_at")
    readonly_fields = ("left",)
    inlines = (StarLotInline, WalletFreezeInline)

    @display(description="Left")  # type: ignore[untyped-decorator]
    def left(self, wallet: Wallet) -> int:
        """The Stars that can be given."""
        return wallet.balance
