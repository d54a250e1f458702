"""Refunds: every one at Stripe, and those that were refused. One that did not go through can be made again."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action

from config import clock
from ledger.directory import actor_names
from ledger.lookups import LooksUp, actor_shown
from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, ledger_link, link, money
from payouts.models import Refund, RefundState
from payouts.refunds.queries import stuck_refunds
from payouts.refunds.standing import standing_of

COLOURS = {
    RefundState.ASKED: "info",
    RefundState.MADE: "primary",
    RefundState.POSTED: "success",
    RefundState.FAILED: "danger",
    RefundState.REFUSED: "warning",
}


ASKERS = {"system": "Obole, by itself", "stripe": "Stripe's dashboard"}


class StuckFilter(admin.SimpleListFilter):
    """Those that a person has to see to."""

    title = "to be seen to"
    parameter_name = "stuck"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice beside all."""
        return [("yes", "Did not go through, not tried again")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Refund]) -> QuerySet[Refund]:
        """Those alone."""
        return queryset.filter(id__in=stuck_refunds().values("id")) if self.value() == "yes" else queryset


@admin.register(Refund)
class RefundAdmin(LooksUp, ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Refunds, latest first."""

    when_empty = (
        "Money that goes back to cards: asked for here, by creators, by cancelled rooms or in Stripe's dashboard."
    )
    list_display = ("sale", "amount", "state_label", "standing", "reason", "asker", "asked_at")
    list_filter = (StuckFilter, "state", "reason", "currency")
    list_select_related = ("sale",)
    search_fields = ("refund_id", "key", "sale__id__exact", "sale__charge_id", "sale__buyer_email")
    search_help_text = "A refund's id at Stripe, a sale's or charge's id, a key, or a buyer's e-mail"
    ordering = ("-asked_at", "id")
    actions_detail = ("try_again",)
    fields = (
        "sale_page", "amount", "state_label", "standing", "reason", "note", "failure", "asker", "key", "refund_id",
        "movement", "failure_movement", "in_ledger", "call", "asked_at", "made_at", "sent_at", "posted_at",
        "failed_at", "returned_at",
    )  # fmt: skip
    readonly_fields = fields

    def look_up(self, rows: Iterable[Refund]) -> None:
        """Who asked for each."""
        names = actor_names(refund.asked_by for refund in rows)
        for refund in rows:
            refund.asker = actor_shown(ASKERS.get(refund.asked_by, refund.asked_by), names)  # type: ignore[attr-defined]

    @admin.display(description="asked by", ordering="asked_by")
    def asker(self, refund: Refund) -> str:
        """By name."""
        return refund.asker  # type: ignore[attr-defined, no-any-return]  # looked up above

    def has_again_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Staff who may refund, where this one did not go through and nothing has followed it."""
        may = bool(request.user.has_perm("payouts.add_refund"))
        return may and object_id is not None and stuck_refunds().filter(id=str(object_id)).exists()

    @action(description="Try again", url_path="again", permissions=["again"])  # type: ignore[untyped-decorator]
    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form of its sale, which starts from what this one should have given back."""
        refund = get_object_or_404(Refund, id=object_id)
        page = reverse("admin:payouts_sale_refund", args=[refund.sale_id])
        return redirect(f"{page}?{urlencode({'again': refund.id})}")

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, refund: Refund) -> str:
        """What goes back, in presentment currency."""
        return money(refund.amount_minor, refund.currency)

    @admin.display(description="state", ordering="state")
    def state_label(self, refund: Refund) -> SafeString:
        """The state, coloured."""
        return badge(refund.state, RefundState(refund.state).label, COLOURS)

    @admin.display(description="money")
    def standing(self, refund: Refund) -> str:
        """Where the money is, in the words that buyer and host read too."""
        return str(standing_of(refund, now=clock.now()).label)

    @admin.display(description="sale")
    def sale_page(self, refund: Refund) -> SafeString:
        """What was sold."""
        return link("payouts_sale_change", refund.sale.title, refund.sale_id)

    @admin.display(description="balance transaction")
    def movement(self, refund: Refund) -> SafeString | str:
        """What it moved."""
        return _movement(refund.balance_transaction_id)

    @admin.display(description="balance transaction of its failure")
    def failure_movement(self, refund: Refund) -> SafeString | str:
        """What brought the money back."""
        return _movement(refund.failure_balance_transaction_id)

    @admin.display(description="ledger")
    def in_ledger(self, refund: Refund) -> SafeString:
        """The transactions of its sale."""
        return ledger_link(refund.sale.ledger_subject)

    @admin.display(description="call")
    def call(self, refund: Refund) -> SafeString | str:
        """What Stripe was asked."""
        return link("payouts_stripecall_change", "Show the call", refund.call_id) if refund.call_id else EMPTY


def _movement(balance_transaction_id: str) -> SafeString | str:
    if not balance_transaction_id:
        return EMPTY
    return link("payouts_balancetransaction_change", balance_transaction_id, balance_transaction_id)
