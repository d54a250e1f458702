"""Changing the plan: the page that says what it costs, and the press that confirms it."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config import clock
from rooms import breakdowns
from rooms.errors import RoomsError, SubscriptionNotFoundError
from rooms.models import User
from rooms.shares import Sharer
from rooms.studio.access import user_of
from rooms.subscriptions.plan_changes import PlanChange, preview_plan, take_plan


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def change(request: HttpRequest, subscription_id: UUID, plan_id: UUID) -> HttpResponse:
    """What the other plan costs now and next month; a press confirms exactly that."""
    try:
        if request.method == "POST":
            return _confirm(request, user_of(request), subscription_id, plan_id)
        found = preview_plan(
            subscription_id=subscription_id,
            subscriber_id=user_of(request).id,
            plan_id=plan_id,
            now=clock.now(fresh=True),
        )
    except SubscriptionNotFoundError as error:
        raise Http404(str(error)) from error
    except RoomsError as refusal:
        messages.warning(request, str(refusal))
        return redirect("subscription", subscription_id=subscription_id)
    context = {
        "subscription": found.subscription,
        "creator": found.subscription.creator,
        "present": found.subscription.billing.price,
        "plan": found.plan,
        "costs": found.costs,
        "prorated_at": int(found.costs.prorated_at.timestamp()),
        "is_trial": found.subscription.state == "trialing",
        "quote": _who_gets_what(found),
    }
    return render(request, "rooms/plan_change.html", context)


def _confirm(request: HttpRequest, user: User, subscription_id: UUID, plan_id: UUID) -> HttpResponse:
    changed = take_plan(
        subscription_id=subscription_id,
        subscriber_id=user.id,
        plan_id=plan_id,
        prorated_at=_moment(request.POST.get("prorated_at", "")),
        instead_of=_plan(request.POST.get("instead_of", "")),
        now=clock.now(fresh=True),
    )
    if changed.plan_id == plan_id:
        messages.success(request, f"You have {changed.plan.name} now.")
    else:
        messages.info(request, "Stripe cannot be reached just now. The plan is changed as soon as it can be.")
    return redirect("subscription", subscription_id=subscription_id)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Http404("This form was not made by its page") from error


def _plan(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("This form was not made by its page") from error


def _who_gets_what(found: PlanChange) -> breakdowns.Breakdown | None:
    """Of what is charged now, if anything."""
    if not found.costs.due_now_minor:
        return None
    return breakdowns.quote_for(
        [Sharer(creator=found.plan.creator, weight=1)],
        price_minor=found.costs.due_now_minor,
        currency=found.costs.currency,
        policy_slug=found.plan.billing.policy_slug,
        now=clock.now(),
    )
