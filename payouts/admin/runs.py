"""Payout runs, and payouts with their steps."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, ledger_link, link, money, table
from payouts.models import Payout, PayoutRun, PayoutState, RunState
from payouts.queries import payout_steps

COLOURS = {
    PayoutState.RESERVED: "info",
    PayoutState.TRANSFERRED: "info",
    PayoutState.SENT: "primary",
    PayoutState.PAID: "success",
    PayoutState.RETURNING: "warning",
    PayoutState.FAILED: "danger",
}


class PayoutColumns:
    """How a payout is shown."""

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, payout: Payout) -> str:
        """What is paid."""
        return money(payout.amount_minor, payout.currency)

    @admin.display(description="state", ordering="state")
    def state_label(self, payout: Payout) -> SafeString:
        """The state, coloured."""
        return badge(payout.state, PayoutState(payout.state).label, COLOURS)


class PayoutInline(ReadOnly, PayoutColumns, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """The payouts of a run."""

    model = Payout
    extra = 0
    fields = ("payee", "amount", "state_label", "arrives_on", "paid_at", "failure_reason")
    readonly_fields = fields
    show_change_link = True
    ordering = ("payee__display_name", "currency")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        """With the payees, in one query."""
        return super().get_queryset(request).select_related("payee")  # type: ignore[no-any-return]


@admin.register(PayoutRun)
class PayoutRunAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Runs, latest first."""

    when_empty = "Each day's payout run appears here."
    list_display = ("on_date", "state_label", "payouts", "started_at", "finished_at")
    list_filter = ("state",)
    ordering = ("-on_date",)
    fields = ("on_date", "state_label", "started_at", "finished_at")
    inlines = (PayoutInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutRun]:
        """With the number of payouts."""
        runs: QuerySet[PayoutRun] = super().get_queryset(request)
        return runs.annotate(payout_count=Count("payouts"))

    @admin.display(description="state", ordering="state")
    def state_label(self, run: PayoutRun) -> SafeString:
        """The state, coloured."""
        return badge(run.state, RunState(run.state).label, {RunState.RUNNING: "info", RunState.DONE: "success"})

    @admin.display(description="payouts", ordering="payout_count")
    def payouts(self, run: Any) -> int:
        """How many payouts it made."""
        return int(run.payout_count)


@admin.register(Payout)
class PayoutAdmin(ReadOnly, PayoutColumns, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Payouts, latest first."""

    when_empty = "Payouts appear here when the daily run finds money that is free."
    list_display = ("payee", "amount", "state_label", "run", "arrives_on", "paid_at", "failure_reason")
    list_filter = ("state", "currency")
    list_select_related = ("payee", "run")
    search_fields = ("id__exact", "payee__id__exact", "payee__display_name", "transfer_id", "stripe_payout_id")
    search_help_text = "A payee, a payout id, a tr_… or a po_…"
    ordering = ("-reserved_at", "id")
    fieldsets = (
        (None, {"fields": ("payee_link", "amount", "state_label", "failure_reason", "failure_code", "run")}),
        ("Steps", {"fields": ("steps", "in_ledger", "calls")}),
        ("At Stripe", {"fields": ("transfer_id", "stripe_payout_id", "reversal_id")}),
    )

    @admin.display(description="payee")
    def payee_link(self, payout: Payout) -> SafeString:
        """Who is paid."""
        return link("payouts_payee_change", payout.payee.display_name, payout.payee_id)

    @admin.display(description="steps")
    def steps(self, payout: Payout) -> SafeString:
        """Each step, done or to come."""
        rows = [
            (
                step.label,
                f"{step.at:%Y-%m-%d %H:%M:%S} UTC" if step.at else _expected(step.expected_on),
                step.reference,
            )
            for step in payout_steps(payout)
        ]
        return table(("step", "when", "Stripe id"), rows)

    @admin.display(description="ledger")
    def in_ledger(self, payout: Payout) -> SafeString:
        """Its transactions."""
        return ledger_link(payout.ledger_subject)

    @admin.display(description="calls")
    def calls(self, payout: Payout) -> SafeString:
        """What Stripe was asked for it."""
        return link("payouts_stripecall_changelist", "Show the calls", q=payout.ledger_subject)


def _expected(day: object) -> str:
    return f"expected {day}" if day else EMPTY
