"""The outbox: every call with its exact body, key and answer."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from ledger.readonly import ReadOnly
from payouts import circuit
from payouts.admin.parts import EMPTY, badge, beginning, breakable, link, pretty
from payouts.models import CallState, StripeCall

COLOURS = {
    CallState.PENDING: "info",
    CallState.SENT: "warning",
    CallState.DONE: "success",
    CallState.FAILED: "danger",
}
PAGES = {
    "dispute": "payouts_dispute_change",
    "sale": "payouts_sale_change",
    "payout": "payouts_payout_change",
    "payee": "payouts_payee_change",
    "customer": "payouts_customer_change",
    "price": "payouts_billingprice_change",
    "subscription": "payouts_billingsubscription_change",
}


@admin.register(StripeCall)
class StripeCallAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Calls, latest first."""

    when_empty = "What is asked of Stripe appears here before it is sent."
    list_display = ("operation", "state_label", "trouble", "about", "attempts", "created_at")
    list_filter = ("state", "operation")
    search_fields = ("id__exact", "subject__exact", "result_id", "idempotency_key", "stripe_account")
    search_help_text = "A subject such as payout:1f0c…, a Stripe id, a key or an account"
    ordering = ("-created_at", "id")
    list_before_template = "admin/payouts/stripecall/circuit.html"
    fieldsets = (
        (
            None,
            {"fields": ("operation", "about", "state_label", "attempts", "next_attempt_at", "error", "error_code")},
        ),
        (
            "Request",
            {"fields": ("target_id", "stripe_account", "api_version", "idempotency_key", "generation", "exact_body")},
        ),
        ("Answer", {"fields": ("whole_result_id", "answer")}),
        ("When", {"fields": ("decided_at", "created_at", "first_sent_at", "finished_at", "lease_until")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StripeCall]:
        """A list needs neither bodies nor answers."""
        calls: QuerySet[StripeCall] = super().get_queryset(request)
        return calls if request.resolver_match.kwargs else calls.defer("body", "result")  # type: ignore[union-attr]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, below whether Stripe answers at all."""
        more = {**(extra_context or {}), "circuit": circuit.state()}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    @admin.display(description="state", ordering="state")
    def state_label(self, call: StripeCall) -> SafeString:
        """The state, coloured."""
        return badge(call.state, CallState(call.state).label, COLOURS)

    @admin.display(description="about")
    def about(self, call: StripeCall) -> SafeString | str:
        """What it is for, which opens it."""
        kind, _, identity = call.subject.partition(":")
        return link(PAGES[kind], f"{kind}\u00a0{identity[:8]}", identity) if kind in PAGES else call.subject

    @admin.display(description="id of what it made")
    def whole_result_id(self, call: StripeCall) -> SafeString | str:
        """All of it; some are longer than a phone is wide."""
        return breakable(call.result_id) if call.result_id else EMPTY

    @admin.display(description="trouble")
    def trouble(self, call: StripeCall) -> str:
        """The beginning of the last error."""
        return beginning(call.error, 80)

    @admin.display(description="body")
    def exact_body(self, call: StripeCall) -> SafeString:
        """What is sent, indented; every attempt sends the same bytes."""
        return pretty(json.loads(call.body))

    @admin.display(description="answer")
    def answer(self, call: StripeCall) -> SafeString | str:
        """What Stripe answered."""
        return EMPTY if call.result is None else pretty(call.result)
