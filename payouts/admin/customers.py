"""People who pay, and their customer at Stripe."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from ledger.readonly import ReadOnly
from payouts.admin.parts import link
from payouts.customers.operations import subject_of
from payouts.models import Customer


@admin.register(Customer)
class CustomerAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Customers, latest first."""

    when_empty = "People appear here when they save a card or subscribe."
    list_display = ("name", "email", "stripe_customer_id", "created_at")
    search_fields = ("id__exact", "name", "email", "stripe_customer_id")
    ordering = ("-created_at", "id")
    fields = ("name", "email", "user", "stripe_customer_id", "calls", "created_at", "updated_at")

    @admin.display(description="calls")
    def calls(self, customer: Customer) -> SafeString:
        """What we asked of Stripe about them."""
        return link("payouts_stripecall_changelist", "Show the calls", q=subject_of(customer.id))
