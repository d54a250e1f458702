"""Tips, donations and Stars in the finance admin, each beside the sale that pays for it. Read only."""

from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.decorators import display

from ledger.readonly import ReadOnly
from rooms.currencies import money_text
from rooms.models import Donation, Purchase, StarOrder, StarTip, Tip


class _PurchaseAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    list_select_related: tuple[str, ...] = ("buyer", "sale")
    list_filter = ("sale__state", "sale__channel", "sale__currency")
    search_fields = ("id__exact", "sale__id__exact", "buyer__email", "buyer__display_name")
    ordering = ("-opened_at", "id")

    @display(description="Amount", ordering="sale__price_minor")  # type: ignore[untyped-decorator]
    def amount(self, purchase: Purchase) -> str:
        """What was given or bought, without what comes on top."""
        return money_text(purchase.sale.price_minor, purchase.sale.currency)


@admin.register(Tip)
class TipAdmin(_PurchaseAdmin):
    """Tips by card, newest first."""

    when_empty = "Tips by card appear here."
    list_display = ("sale", "amount", "creator", "room", "buyer", "opened_at", "paid_at")
    list_select_related = ("buyer", "sale", "creator", "room")


@admin.register(Donation)
class DonationAdmin(_PurchaseAdmin):
    """Donations, newest first."""

    when_empty = "Donations to charities, made in rooms, appear here."
    list_display = ("sale", "amount", "charity", "room", "covers_processing", "buyer", "opened_at", "paid_at")
    list_select_related = ("buyer", "sale", "charity", "room")


@admin.register(StarOrder)
class StarOrderAdmin(_PurchaseAdmin):
    """Packs of Stars that were bought, newest first."""

    when_empty = "Packs of Stars appear here when listeners buy them."
    list_display = ("sale", "stars", "amount", "buyer", "opened_at", "paid_at")


@admin.register(StarTip)
class StarTipAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Stars that were given, newest first."""

    when_empty = "Stars appear here when listeners give them to creators."
    list_display = ("giver", "stars", "creator", "room", "given_at", "released_at")
    list_select_related = ("giver", "spend", "creator", "room")
    search_fields = ("id__exact", "giver__email", "giver__display_name", "creator__handle")
    ordering = ("-given_at", "id")

    @display(description="Stars")  # type: ignore[untyped-decorator]
    def stars(self, tip: StarTip) -> int:
        """How many."""
        return tip.spend.stars

    @display(description="Free since")  # type: ignore[untyped-decorator]
    def released_at(self, tip: StarTip) -> object:
        """When it could be paid out."""
        return tip.spend.released_at
