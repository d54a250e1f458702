"""Differences between Stripe's balance and the books, with their amount, age and proposed cause."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin

from config import clock
from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, beginning, link, money
from payouts.models import BreakKind, ReconciliationBreak


class OpenFilter(admin.SimpleListFilter):
    """Open ones unless asked otherwise."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be asked for beside the open ones."""
        return [("resolved", "Gone by themselves"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """The first choice is not "All" but what is shown when nothing is chosen."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "Open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReconciliationBreak]) -> QuerySet[ReconciliationBreak]:
        """Narrow the list."""
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "resolved")


@admin.register(ReconciliationBreak)
class ReconciliationBreakAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Oldest first: what is old will not go away by itself."""

    when_empty = (
        "Stripe and the books agree. Where they differ, the difference is listed with its amount, age and cause."
    )
    list_display = ("what", "amount", "age", "about", "short_cause", "state_label")
    list_filter = (OpenFilter, "kind", "currency")
    search_fields = ("movement_id", "posting_key", "key")
    search_help_text = "A txn_… or a key of the ledger"
    ordering = ("since", "id")
    fieldsets = (
        (None, {"fields": ("what", "amount", "cause", "state_label")}),
        ("About", {"fields": ("movement", "posting")}),
        ("When", {"fields": ("age", "since", "found_at", "seen_at", "resolved_at")}),
    )

    @admin.display(description="what", ordering="kind")
    def what(self, found: ReconciliationBreak) -> str:
        """On which side something is missing."""
        return str(BreakKind(found.kind).label)

    @admin.display(description="Stripe has more", ordering="amount_minor")
    def amount(self, found: ReconciliationBreak) -> str:
        """Stripe less ledger."""
        return money(found.amount_minor, found.currency)

    @admin.display(description="age", ordering="since")
    def age(self, found: ReconciliationBreak) -> str:
        """Since the money moved, until now or until it went away."""
        return timesince(found.since, found.resolved_at or clock.now(), depth=1)

    @admin.display(description="about")
    def about(self, found: ReconciliationBreak) -> SafeString | str:
        """The movement, or the posting."""
        return self.movement(found) if found.movement_id else self.posting(found)

    @admin.display(description="cause", ordering="cause")
    def short_cause(self, found: ReconciliationBreak) -> str:
        """The beginning of the proposed cause; its page has all of it."""
        return beginning(found.cause, 80)

    @admin.display(description="movement at Stripe")
    def movement(self, found: ReconciliationBreak) -> SafeString | str:
        """The balance transaction."""
        if not found.movement_id:
            return EMPTY
        return link("payouts_balancetransaction_change", found.movement_id, found.movement_id)

    @admin.display(description="posting in the ledger")
    def posting(self, found: ReconciliationBreak) -> SafeString | str:
        """The transaction."""
        if not found.posting_key:
            return EMPTY
        return link("ledger_transaction_changelist", found.posting_key, q=found.posting_key)

    @admin.display(description="state", ordering="resolved_at")
    def state_label(self, found: ReconciliationBreak) -> SafeString:
        """Open, or gone."""
        resolved = found.resolved_at is not None
        return badge(
            "resolved" if resolved else "open", "Gone by itself" if resolved else "Open",
            {"resolved": "success", "open": "danger"},
        )  # fmt: skip
