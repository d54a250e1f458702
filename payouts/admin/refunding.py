"""The page on which finance refunds a sale: how much, why, and once."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config import clock
from ledger.currencies import exponent, major
from payouts.admin.parts import money
from payouts.errors import PayoutsError
from payouts.models import TOO_LATE, Refund, RefundReason, RefundState, Sale
from payouts.refunds.operations import ask_refund, send_refund
from payouts.refunds.queries import left_of

GIVEN = (
    RefundReason.REQUESTED, RefundReason.GOODWILL, RefundReason.DUPLICATE, RefundReason.FRAUDULENT,
    RefundReason.CANCELLED,
)  # fmt: skip


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

    def __init__(self, *args: Any, sale: Sale, left_minor: int, again: Refund | None = None, **more: Any) -> None:
        """Start from all that is left, or from a refund that did not go through."""
        start_minor = min(again.amount_minor, left_minor) if again is not None else left_minor
        more["initial"] = {"amount": major(max(start_minor, 0), sale.currency), "key": str(uuid4())}
        if again is not None:
            more["initial"] |= {"reason": again.reason, "note": f"Again, after {again.refund_id or again.id}"}
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
        again = next((each for each in sale.refunds.all() if str(each.id) == request.GET.get("again")), None)
        form = RefundSaleForm(request.POST or None, sale=sale, left_minor=left_minor, again=again)
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
