"""Refunds: every one at Stripe, and those that were refused; and the page on which finance refunds a sale."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config import clock
from ledger.currencies import exponent, major
from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, ledger_link, link, money
from payouts.errors import PayoutsError
from payouts.models import TOO_LATE, Refund, RefundReason, RefundState, Sale
from payouts.refunds.operations import ask_refund, send_refund
from payouts.refunds.queries import left_of

COLOURS = {
    RefundState.ASKED: "info",
    RefundState.MADE: "primary",
    RefundState.POSTED: "success",
    RefundState.FAILED: "danger",
    RefundState.REFUSED: "warning",
}
GIVEN = (RefundReason.REQUESTED, RefundReason.GOODWILL, RefundReason.DUPLICATE, RefundReason.FRAUDULENT)


@admin.register(Refund)
class RefundAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Refunds, latest first."""

    list_display = ("sale", "amount", "state_label", "reason", "asked_by", "asked_at")
    list_filter = ("state", "reason", "currency")
    list_select_related = ("sale",)
    search_fields = ("refund_id", "key", "sale__id__exact", "sale__charge_id", "sale__buyer_email")
    search_help_text = "A refund's id at Stripe, a sale's or charge's id, a key, or a buyer's e-mail"
    ordering = ("-asked_at", "id")
    fields = (
        "sale_page", "amount", "state_label", "reason", "note", "failure", "asked_by", "key", "refund_id", "movement",
        "failure_movement", "in_ledger", "call", "asked_at", "made_at", "posted_at", "failed_at", "returned_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, refund: Refund) -> str:
        """What goes back, in presentment currency."""
        return money(refund.amount_minor, refund.currency)

    @admin.display(description="state", ordering="state")
    def state_label(self, refund: Refund) -> SafeString:
        """The state, coloured."""
        return badge(refund.state, RefundState(refund.state).label, COLOURS)

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


class RefundSaleForm(forms.Form):
    """How much goes back, and why. The key makes two clicks one refund."""

    amount = forms.DecimalField(min_value=0, max_digits=14, widget=UnfoldAdminTextInputWidget)
    counts = forms.ChoiceField(
        label="The amount is",
        choices=[("more", "what goes back with this refund"), ("total", "what will have gone back in all")],
        initial="more", widget=UnfoldAdminRadioSelectWidget,
        help_text="Stripe's dashboard shows totals: a second refund read off there is “in all”.",
    )  # fmt: skip
    reason = forms.ChoiceField(choices=[(each.value, each.label) for each in GIVEN], widget=UnfoldAdminSelectWidget)
    note = forms.CharField(required=False, max_length=200, widget=UnfoldAdminTextInputWidget)
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sale: Sale, left_minor: int, **more: Any) -> None:
        """Start from all that is left."""
        more["initial"] = {"amount": major(max(left_minor, 0), sale.currency), "key": str(uuid4())}
        super().__init__(*args, **more)
        self.sale = sale
        self.fields["amount"].help_text = f"In {sale.currency}; {major(left_minor, sale.currency)} is left."

    def clean(self) -> dict[str, Any]:
        """Add `amount_minor`."""
        data = super().clean() or {}
        if "amount" in data:
            digits = exponent(self.sale.currency)
            scaled = data["amount"].scaleb(digits)
            if scaled != scaled.to_integral_value():
                self.add_error("amount", f"{self.sale.currency} has {digits} digits after the point at most.")
            data["amount_minor"] = int(scaled)
        return data


class Refunding:
    """Mixed into the sales' admin: the page /<sale>/refund/, and a button to it."""

    def get_urls(self) -> list[URLPattern]:
        """The page's address before the admin's own."""
        view = self.admin_site.admin_view(self.refund_view)  # type: ignore[attr-defined]
        return [
            path("<uuid:sale_id>/refund/", view, name="payouts_sale_refund"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def has_refund_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Staff who may refund; the site itself asks for the second factor."""
        return bool(request.user.has_perm("payouts.add_refund"))

    @action(description="Refund", url_path="give-back", permissions=["refund"])  # type: ignore[untyped-decorator]
    def refund_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form."""
        return redirect("admin:payouts_sale_refund", sale_id=object_id)

    def refund_view(self, request: HttpRequest, sale_id: UUID) -> HttpResponse:
        """GET shows the form with what is left; POST refunds."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        sale = get_object_or_404(Sale, id=sale_id)
        left_minor = left_of(sale=sale)
        form = RefundSaleForm(request.POST or None, sale=sale, left_minor=left_minor)
        if request.method == "POST" and form.is_valid() and _refunded(request, form, sale):
            return redirect(reverse("admin:payouts_sale_change", args=[sale.id]))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": Sale._meta,  # noqa: SLF001 (Django's own name for it)
            "title": f"Refund: {sale.title}",
            "sale": sale,
            "form": form,
            "charged": money(sale.charge_minor, sale.currency),
            "back": money(sale.charge_minor - left_minor, sale.currency),
        }
        return TemplateResponse(request, "admin/payouts/sale/refund.html", context)


def _refunded(request: HttpRequest, form: RefundSaleForm, sale: Sale) -> bool:
    """Whether it was asked for; else the form says why not."""
    data = form.cleaned_data
    wanted = {"total_minor" if data["counts"] == "total" else "amount_minor": data["amount_minor"]}
    reason = RefundReason.SUSPENSE if sale.state in TOO_LATE else RefundReason(data["reason"])
    try:
        asked = ask_refund(
            sale_id=sale.id,
            **wanted,
            reason=reason,
            asked_by=f"staff:{request.user.pk}",
            key=f"admin:{data['key']}",
            note=data["note"],
            left_to_caller=True,
            now=clock.now(fresh=True),
        )
    except PayoutsError as refusal:
        form.add_error("amount", str(refusal))
        return False
    say(request, send_refund(refund_id=asked.id))
    return True


def say(request: HttpRequest, refund: Refund) -> None:
    """Tell how a refund that was just asked for stands."""
    amount = money(refund.amount_minor, refund.currency)
    if refund.state == RefundState.REFUSED:
        messages.error(request, f"Stripe refused to refund {amount}: {refund.failure}")
    elif refund.state == RefundState.ASKED:
        messages.warning(request, f"{amount} is decided; Stripe cannot be reached just now, and it follows by itself.")
    else:
        messages.success(request, f"{amount} is on its way back, as {refund.refund_id}.")
