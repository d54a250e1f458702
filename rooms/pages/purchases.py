"""A purchase's page, which follows it from the card page to "Thank you", and its receipt; the same for every kind."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from config import clock
from payouts.circuit import silent_since
from rooms import breakdowns
from rooms.conversions import rate_of
from rooms.models import Donation, Gift, Purchase, StarOrder, Tip
from rooms.purchases.kinds import MODELS
from rooms.purchases.stage import MOVING, TITLES, Stage, stage_of
from rooms.refunds.shown import refunds_shown
from rooms.studio.access import user_of

KIND_TITLES = {"tip": "Tip", "donation": "Donation", "stars": "Stars", "gift": "Gift"}
RELATED = {
    "donation": ("sale", "charity", "room"),
    "tip": ("sale", "creator", "room"),
    "stars": ("sale",),
    "gift": ("sale", "creator", "plan"),
}


@require_safe
@login_required
@never_cache
def page(request: HttpRequest, purchase_id: UUID, kind: str) -> HttpResponse:
    """Where a purchase is; the part that changes refreshes itself from `state`."""
    return render(request, "rooms/purchase.html", _context(request, _own(request, purchase_id, kind), kind))


@require_safe
@login_required
@never_cache
def state(request: HttpRequest, purchase_id: UUID, kind: str) -> HttpResponse:
    """The part that changes. A page that waits for the card page is sent there once it is ready."""
    context = _context(request, _own(request, purchase_id, kind), kind)
    if context["stage"] in {Stage.OPEN, Stage.CONFIRM} and request.GET.get("from") in {"preparing", "charging"}:
        return HttpResponseClientRedirect(context["sale"].checkout_url)
    return render(request, "rooms/purchase/state.html", context)


@require_safe
@login_required
@never_cache
def receipt(request: HttpRequest, purchase_id: UUID, kind: str) -> HttpResponse:
    """What was paid, to whom each part went, and under which charge."""
    found = _own(request, purchase_id, kind)
    if found.paid_at is None:
        return redirect(found.get_absolute_url())
    sale = found.sale
    context = {
        "purchase": found,
        "sale": sale,
        "kind": kind,
        "kind_title": KIND_TITLES[kind],
        "paid": breakdowns.receipt_of(sale_id=sale.id),
        "exchange_rate": rate_of(sale),
        "refunds": refunds_shown(sale, now=clock.now()),
        "surcharge_minor": sale.charge_minor - sale.price_minor,
    }
    return render(request, "rooms/purchase_receipt.html", context)


def _context(request: HttpRequest, found: Purchase, kind: str) -> dict[str, Any]:
    came_from = request.GET.get("from", "")
    stage = stage_of(found.sale, back_from_payment=came_from == "checkout")
    if stage in {Stage.PREPARING, Stage.CHARGING}:
        came_from = str(stage)
    return {
        "purchase": found,
        "sale": found.sale,
        "kind": kind,
        "stage": stage,
        "stage_title": TITLES[stage],
        "refunds": refunds_shown(found.sale, now=clock.now()) if stage in {Stage.PAID, Stage.REFUNDED} else None,
        "template": f"rooms/purchase/{stage}.html",
        "paid_template": f"rooms/purchase/paid_{kind}.html",
        "facts_template": f"rooms/purchase/facts_{kind}.html",
        "state_url": reverse(f"{kind}-state", kwargs={"purchase_id": found.id}),
        "receipt_url": reverse(f"{kind}-receipt", kwargs={"purchase_id": found.id}),
        "again_url": again_url_of(found),
        "is_moving": stage in MOVING,
        "stripe_silent_since": silent_since() if stage in {Stage.PREPARING, Stage.CHARGING} else None,
        "came_from": came_from if came_from in {"checkout", "back", "preparing", "charging"} else "",
    }


def again_url_of(found: Purchase) -> str:
    """Where the same can be bought anew."""
    if isinstance(found, Tip):
        if found.room:
            return reverse("tip-room", kwargs={"slug": found.room.slug})
        return reverse("tip-creator", kwargs={"handle": found.creator.handle})
    if isinstance(found, Donation):
        return reverse("donation-room", kwargs={"slug": found.room.slug})
    if isinstance(found, StarOrder):
        return reverse("wallet")
    if isinstance(found, Gift):
        return reverse("gift-new", kwargs={"plan_id": found.plan_id})
    raise TypeError(f"a {type(found).__name__} is sold nowhere")


def _own(request: HttpRequest, purchase_id: UUID, kind: str) -> Purchase:
    """The visitor's purchase; somebody else's is not there."""
    mine: QuerySet[Purchase] = MODELS[kind].objects.select_related(*RELATED[kind])
    return get_object_or_404(mine, id=purchase_id, buyer=user_of(request))
