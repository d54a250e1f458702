"""A creator's plans: what recurs each month, putting one on sale, changing and retiring it."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import clock
from rooms import breakdowns, shares
from rooms.errors import InvalidFieldsError, PlanNotFoundError
from rooms.models import Creator, Plan
from rooms.models.room import DEFAULT_POLICY
from rooms.shares import Sharer
from rooms.studio.access import creator_required
from rooms.studio.plan_form import PlanForm
from rooms.subscriptions import queries
from rooms.subscriptions.plans import change_plan, open_plan, retire_plan


@require_safe
@creator_required
def mine(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Plans with their subscribers, and what recurs each month by currency."""
    plans = list(queries.plans_with_subscribers(creator_id=creator.id))
    context = {
        "creator": creator,
        "on_sale": [plan for plan in plans if plan.retired_at is None],
        "retired": [plan for plan in plans if plan.retired_at is not None],
        "monthly": queries.monthly_of(creator_id=creator.id),
        "subscribers": queries.subscribers_of(creator_id=creator.id),
        "can_sell": shares.is_ready(creator),
    }
    return render(request, "studio/plans.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@creator_required
def new(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Put a plan on sale."""
    form = PlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            plan = open_plan(
                creator_id=creator.id,
                name=data["name"],
                perks=data["perks"],
                price_minor=data["price_minor"],
                currency=data["currency"],
                trial_days=data["trial_days"],
                now=clock.now(),
            )
        except InvalidFieldsError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{plan.name} is on sale as soon as Stripe has its price, in seconds.")
            return redirect("studio:plans")
    return _form_page(request, form, creator, plan=None)


@require_http_methods(["GET", "HEAD", "POST"])
@creator_required
def edit(request: HttpRequest, plan_id: UUID, *, creator: Creator) -> HttpResponse:
    """Change a plan; another price is for new subscribers."""
    plan = get_object_or_404(Plan, id=plan_id, creator=creator, retired_at__isnull=True)
    form = PlanForm(request.POST or None, plan=plan)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            change_plan(
                plan_id=plan.id,
                creator_id=creator.id,
                name=data["name"],
                perks=data["perks"],
                price_minor=data["price_minor"],
                trial_days=data["trial_days"],
                now=clock.now(),
            )
        except InvalidFieldsError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Changed.")
            return redirect("studio:plans")
    return _form_page(request, form, creator, plan=plan)


@require_POST
@creator_required
def retire(request: HttpRequest, plan_id: UUID, *, creator: Creator) -> HttpResponse:
    """Take a plan off sale."""
    try:
        plan = retire_plan(plan_id=plan_id, creator_id=creator.id, now=clock.now())
    except PlanNotFoundError as refusal:
        raise Http404(str(refusal)) from refusal
    messages.success(request, f"{plan.name} is no longer sold. Who subscribed goes on.")
    return redirect("studio:plans")


@require_safe
@creator_required
def preview(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Who gets what of a month at the price typed so far (a part of the page, for htmx)."""
    return render(request, "studio/parts/plan_preview.html", {"quote": _quote(PlanForm(request.GET), creator)})


def _form_page(request: HttpRequest, form: PlanForm, creator: Creator, *, plan: Plan | None) -> HttpResponse:
    drafted = form if form.is_bound else PlanForm({name: form[name].value() for name in form.fields})
    context = {"creator": creator, "form": form, "plan": plan, "quote": _quote(drafted, creator)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "studio/plan_form.html", context, status=status)


def _quote(form: PlanForm, creator: Creator) -> breakdowns.Breakdown | None:
    form.is_valid()
    price_minor = form.cleaned_data.get("price_minor")
    if not price_minor or price_minor <= 0:
        return None
    return breakdowns.quote_for(
        [Sharer(creator=creator, weight=1)],
        price_minor=price_minor,
        currency=form.cleaned_data["currency"],
        policy_slug=DEFAULT_POLICY,
        now=clock.now(),
    )
