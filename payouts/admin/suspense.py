"""The suspense desk: what sits there, since when and why, and how it leaves. It must drain to zero."""

from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from config import clock
from payouts.admin.parts import money
from payouts.admin.refunding import say
from payouts.errors import PayoutsError
from payouts.models import RefundReason, Sale
from payouts.refunds.operations import ask_refund, send_refund
from payouts.suspense import operations, queries


class SuspenseDesk:
    """Mixed into the sales' admin: the page /suspense/."""

    def get_urls(self) -> list[URLPattern]:
        """The desk's address before the admin's own."""
        view = self.admin_site.admin_view(self.suspense_view)  # type: ignore[attr-defined]
        return [path("suspense/", view, name="payouts_suspense"), *super().get_urls()]  # type: ignore[misc]

    def suspense_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows the desk; POST does one thing to one row."""
        if not request.user.has_perm("payouts.view_sale"):
            raise PermissionDenied
        if request.method == "POST":
            _act(request)
            return redirect("admin:payouts_suspense")
        now = clock.now()
        rows = queries.parked(now=now)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": Sale._meta,  # noqa: SLF001 (Django's own name for it)
            "title": "Suspense",
            "now": now,
            "rows": [(row, money(row.left_minor, row.sale.settlement_currency), str(uuid4())) for row in rows],
            "charges": [(each, money(each.amount_minor, each.currency)) for each in queries.unmatched_charges()],
            "totals": [money(minor, currency) for currency, minor in queries.in_ledger().items()],
            "may_act": request.user.has_perm("payouts.add_refund"),
        }
        return TemplateResponse(request, "admin/payouts/sale/suspense.html", context)


def _act(request: HttpRequest) -> None:
    """One row's button; a refusal is told on the desk and changes nothing."""
    if not request.user.has_perm("payouts.add_refund"):
        raise PermissionDenied
    act = ACTIONS.get(request.POST.get("do", ""))
    if act is None:
        messages.error(request, "Choose one of the buttons.")
        return
    try:
        act(request)
    except ValueError:
        messages.error(request, "That is no sale's id. Copy it from the sale's page.")
    except PayoutsError as refusal:
        messages.error(request, str(refusal))


def _give_back(request: HttpRequest) -> None:
    """What is left of it goes to the card; again, after a refund that failed."""
    refund = ask_refund(
        sale_id=UUID(request.POST.get("sale", "")),
        reason=RefundReason.SUSPENSE,
        asked_by=f"staff:{request.user.pk}",
        key=f"suspense:{request.POST.get('key', '')}",
        left_to_caller=True,
        now=clock.now(fresh=True),
    )
    say(request, send_refund(refund_id=refund.id))


def _take(request: HttpRequest) -> None:
    sale = operations.take_after_all(
        sale_id=UUID(request.POST.get("sale", "")), actor=f"staff:{request.user.pk}", now=clock.now(fresh=True)
    )
    messages.success(request, f"{sale.title} is paid, and has left suspense.")


def _match(request: HttpRequest) -> None:
    sale = operations.match_to_sale(
        parked_id=UUID(request.POST.get("sale", "")),
        sale_id=UUID(request.POST.get("target", "").strip()),
        actor=f"staff:{request.user.pk}",
        now=clock.now(fresh=True),
    )
    messages.success(request, f"The charge pays for {sale.title}, and has left suspense.")


def _park(request: HttpRequest) -> None:
    sale = operations.park_charge(balance_transaction_id=request.POST.get("movement", ""), now=clock.now(fresh=True))
    messages.success(request, f"{money(sale.charge_minor, sale.currency)} is in the ledger, in suspense.")


ACTIONS: Final[dict[str, Callable[[HttpRequest], None]]] = {
    "give_back": _give_back,
    "take": _take,
    "match": _match,
    "park": _park,
}
