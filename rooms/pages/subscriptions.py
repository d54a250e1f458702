"""A plan's page with who gets what, the press of Subscribe, and a listener's subscriptions."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from config import clock
from payouts.circuit import silent_since
from payouts.models import BillingState, InvoiceState
from rooms import breakdowns, shares
from rooms.errors import (
    AlreadySubscribedError,
    OwnPlanError,
    PlanNotSoldError,
    RoomsError,
    SubscriptionNotChangedError,
    SubscriptionNotFoundError,
)
from rooms.models import Plan, Subscription, User
from rooms.purchases.context import purchase_context
from rooms.shares import Sharer
from rooms.studio.access import user_of
from rooms.subscriptions import checkout, operations, queries
from rooms.subscriptions.offers import PlanOffer, offers

INVOICES_SHOWN = 12


@require_safe
def plan(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """What a plan costs and gives, and who gets what of a month before anybody pays."""
    found = get_object_or_404(Plan.objects.select_related("creator__payee", "creator__user", "billing"), id=plan_id)
    return render(request, "rooms/plan.html", _plan_context(request, found))


def _plan_context(request: HttpRequest, found: Plan) -> dict[str, Any]:
    quote = breakdowns.quote_for(
        [Sharer(creator=found.creator, weight=1)],
        price_minor=found.price_minor,
        currency=found.currency,
        policy_slug=found.billing.policy_slug,
        now=clock.now(),
    )
    present = _present(request, found)
    is_sold = found.retired_at is None and found.is_ready and shares.is_ready(found.creator)
    return {
        "plan": found,
        "creator": found.creator,
        "quote": quote,
        "is_sold": is_sold,
        "is_own": isinstance(request.user, User) and request.user.id == found.creator.user_id,
        "present": present,
        "offer": _offer(present, found) if is_sold and present is not None else None,
    }


def _offer(present: Subscription, other: Plan) -> PlanOffer | None:
    """What its page says of the change, if it is one; the change itself is checked when it is looked at."""
    state = BillingState(present.state)
    goes_on = state in {BillingState.ACTIVE, BillingState.TRIALING} and not present.billing.ends_at
    if not goes_on or present.billing.price_id == other.billing_id:
        return None
    return next(iter(offers(subscription=present, plans=[other], now=clock.now())), None)


def _present(request: HttpRequest, found: Plan) -> Subscription | None:
    if not isinstance(request.user, User):
        return None
    mine = queries.subscriptions_of(user_id=request.user.id).filter(creator_id=found.creator_id)
    return next((each for each in mine if each.is_open and each.state != BillingState.INCOMPLETE), None)


@require_POST
def subscribe(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Go to the card page; whoever is not signed in does that first and comes back to the plan."""
    page = reverse("plan", kwargs={"plan_id": plan_id})
    found = get_object_or_404(Plan, id=plan_id)
    if not isinstance(request.user, User):
        return redirect_to_login(page)
    try:
        started = checkout.start(
            plan_id=found.id,
            subscriber_id=request.user.id,
            context=purchase_context(request),
            now=clock.now(fresh=True),
        )
    except AlreadySubscribedError as refusal:
        messages.info(request, str(refusal))
        return redirect("subscription", subscription_id=refusal.subscription_id)
    except (OwnPlanError, PlanNotSoldError) as refusal:
        messages.warning(request, str(refusal))
        return redirect(page)
    # 303: the card page is fetched, whatever method led here.
    where = checkout.card_page_of(started) or started.get_absolute_url()
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": where})


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """Every subscription of the visitor: those that run first."""
    found = list(queries.subscriptions_of(user_id=user_of(request).id))
    now = clock.now()
    context = {
        "running": [each for each in found if each.is_open and each.state != BillingState.INCOMPLETE],
        "waiting": [each for each in found if each.state == BillingState.INCOMPLETE],
        "over": [each for each in found if not each.is_open and each.billing.started_at is not None],
        "gifts": list(queries.gifts_to(user_id=user_of(request).id)),
        "now": now,
    }
    return render(request, "rooms/subscriptions.html", context)


@require_safe
@login_required
@never_cache
def subscription(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """One subscription: its state, what is charged next, and what can be decided about it."""
    return render(request, "rooms/subscription.html", _context(request, _own(request, subscription_id)))


@require_safe
@login_required
@never_cache
def state(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """The part that changes. A page that waits for the card page is sent there once it is ready."""
    found = _own(request, subscription_id)
    if request.GET.get("from") == "preparing" and checkout.card_page_of(found):
        return HttpResponseClientRedirect(checkout.card_page_of(found))
    return render(request, "rooms/subscription/state.html", _context(request, found))


def _context(request: HttpRequest, found: Subscription) -> dict[str, Any]:
    now = clock.now()
    invoices = list(queries.invoices_of(billing_id=found.billing_id).select_related("sale")[:INVOICES_SHOWN])
    came_from = request.GET.get("from", "")
    waits = found.state == BillingState.INCOMPLETE
    if waits and not found.billing.checkout_url:
        came_from = "preparing"
    plans = queries.plans_on_sale(creator_id=found.creator_id).exclude(id=found.plan_id) if found.is_open else ()
    others = offers(subscription=found, plans=plans, now=now)
    return {
        "subscription": found,
        "creator": found.creator,
        "plan": found.plan,
        "billing": found.billing,
        "price": found.billing.price,
        "invoices": invoices,
        "open_invoice": next((each for each in invoices if each.state == InvoiceState.OPEN and each.pay_url), None),
        "others": others,
        "can_change": any(not offer.why_not for offer in others),
        "is_moving": waits,
        "stripe_silent_since": silent_since() if waits and not found.billing.checkout_url else None,
        "came_from": came_from if came_from in {"checkout", "back", "preparing"} else "",
        "has_access": found.gives_access(now=now),
        "now": now,
    }


@require_POST
@login_required
def cancel(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """End it: with the paid month, or, where the form says `when=now`, now."""
    at_once = request.POST.get("when") == "now"

    def end(user: User) -> str:
        ended = operations.cancel(
            subscription_id=subscription_id,
            subscriber_id=user.id,
            at_period_end=not at_once,
            now=clock.now(fresh=True),
        )
        if ended.is_open and not ended.billing.ends_at:
            return "Stripe cannot be reached just now. It is cancelled as soon as it can be."
        return "Cancelled. Nothing more is charged."

    return _decide(request, subscription_id, end)


@require_POST
@login_required
def resume(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Go on after all."""

    def go_on(user: User) -> str:
        operations.resume(subscription_id=subscription_id, subscriber_id=user.id, now=clock.now(fresh=True))
        return "Your subscription goes on."

    return _decide(request, subscription_id, go_on)


@require_POST
@login_required
def give_up(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Close the card page of one that was not paid."""

    def leave(user: User) -> str:
        operations.give_up(subscription_id=subscription_id, subscriber_id=user.id, now=clock.now(fresh=True))
        return "Given up. Nothing was charged."

    return _decide(request, subscription_id, leave)


@require_POST
@login_required
def portal(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """To Stripe's customer portal, where the card is changed."""
    try:
        url = operations.portal(subscription_id=subscription_id, subscriber_id=user_of(request).id)
    except SubscriptionNotFoundError as error:
        raise Http404(str(error)) from error
    except SubscriptionNotChangedError as refusal:
        messages.warning(request, refusal.reason)
        return redirect("subscription", subscription_id=subscription_id)
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": url})


def _decide(request: HttpRequest, subscription_id: UUID, decide: Callable[[User], str]) -> HttpResponse:
    try:
        messages.success(request, decide(user_of(request)))
    except SubscriptionNotFoundError as error:
        raise Http404(str(error)) from error
    except RoomsError as refusal:
        messages.warning(request, str(refusal))
    return redirect("subscription", subscription_id=subscription_id)


def _own(request: HttpRequest, subscription_id: UUID) -> Subscription:
    """The visitor's subscription; somebody else's is not there."""
    try:
        return operations.own(subscription_id=subscription_id, subscriber_id=user_of(request).id)
    except SubscriptionNotFoundError as error:
        raise Http404(str(error)) from error
