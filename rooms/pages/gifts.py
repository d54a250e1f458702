"""Giving months of a plan to somebody, and the page that claims them."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from rooms import breakdowns
from rooms.errors import (
    AlreadySubscribedError,
    GiftNotClaimableError,
    KeyReusedError,
    OwnPlanError,
    PlanNotSoldError,
)
from rooms.gifts.forms import GiftForm
from rooms.gifts.operations import MONTHS, claim, give
from rooms.idempotency import Done
from rooms.models import Gift, Plan, User
from rooms.pages.giving import done_once
from rooms.purchases import checkout
from rooms.purchases.context import purchase_context
from rooms.shares import Sharer
from rooms.studio.access import user_of


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def new(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """The form with who gets what, and the press of its button."""
    plan = _plan(plan_id)
    form = GiftForm(request.POST or None, plan=plan)
    if request.method == "POST" and form.is_valid():
        gift = _given(request, form, plan)
        if gift is not None:
            sale = checkout.go_on(gift.sale)
            # 303: the card page is fetched, whatever method led here.
            where = checkout.card_page_of(sale) or gift.get_absolute_url()
            return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": where})
    months = form.cleaned_data.get("months", MONTHS[1]) if form.is_bound else MONTHS[1]
    context = {"plan": plan, "creator": plan.creator, "form": form, "quote": _quote(plan, months)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "rooms/gift_new.html", context, status=status)


@require_safe
def preview(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Who gets what of the months chosen so far (a part of the page, for htmx)."""
    chosen = request.GET.get("months", "")
    months = int(chosen) if chosen.isdigit() and int(chosen) in MONTHS else MONTHS[1]
    return render(request, "rooms/parts/gift_preview.html", {"quote": _quote(_plan(plan_id), months)})


def _plan(plan_id: UUID) -> Plan:
    plans = Plan.objects.select_related("creator__payee", "billing")
    return get_object_or_404(plans, id=plan_id, retired_at__isnull=True)


def _quote(plan: Plan, months: int) -> breakdowns.Breakdown | None:
    return breakdowns.quote_for(
        [Sharer(creator=plan.creator, weight=1)],
        price_minor=plan.price_minor * months,
        currency=plan.currency,
        policy_slug=plan.billing.policy_slug,
        now=clock.now(),
    )


def _given(request: HttpRequest, form: GiftForm, plan: Plan) -> Gift | None:
    user, now = user_of(request), clock.now(fresh=True)
    wanted = {name: form.cleaned_data[name] for name in ("months", "recipient_email", "message")}
    try:
        gift_id = done_once(
            request,
            form,
            key=form.cleaned_data["key"],
            wanted=wanted,
            do=lambda: _give(request, plan, user, wanted, now=now),
        )
    except (PlanNotSoldError, KeyReusedError) as refusal:
        form.add_error(None, str(refusal))
        return None
    return Gift.objects.select_related("sale").filter(id=gift_id).first()


def _give(request: HttpRequest, plan: Plan, user: User, wanted: dict[str, "int | str"], *, now: datetime) -> Done:
    gift = give(
        plan_id=plan.id,
        giver_id=user.id,
        months=int(wanted["months"]),
        recipient_email=str(wanted["recipient_email"]),
        message=str(wanted["message"]),
        context=purchase_context(request),
        now=now,
    )
    return Done(subject=f"gift:{gift.id}")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def claim_page(request: HttpRequest, token: str) -> HttpResponse:
    """What the link leads to; whoever is not signed in does that first and comes back."""
    gift = Gift.objects.select_related("creator", "plan", "buyer").filter(token=token).first()
    refused = "" if gift is not None else "There is no gift at this address. Check that the link is whole."
    if gift is not None and request.method == "POST":
        if not isinstance(request.user, User):
            return redirect_to_login(request.path)
        try:
            taken = claim(token=token, user_id=request.user.id, now=clock.now(fresh=True))
        except AlreadySubscribedError:
            refused = (
                f"You subscribe to {gift.creator.display_name} now. Cancel your subscription first, then claim the "
                "gift when it is over: this link stays good."
            )
        except (GiftNotClaimableError, OwnPlanError) as refusal:
            refused = str(refusal)
        else:
            messages.success(request, f"{taken.creator.display_name}'s {taken.plan.name} is yours.")
            return redirect("subscriptions")
    status = HTTPStatus.NOT_FOUND if gift is None else HTTPStatus.CONFLICT if refused else HTTPStatus.OK
    is_mine = gift is not None and gift.claimed_by_id is not None and gift.claimed_by_id == request.user.pk
    context = {"gift": gift, "refused": refused, "is_mine": is_mine}
    return render(request, "rooms/gift_claim.html", context, status=status)
