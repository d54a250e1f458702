"""Becoming a creator, and setting up payouts at Stripe."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import clock
from payouts.errors import OnboardingUnavailableError
from payouts.payees import operations as payees
from rooms.creators.operations import become_creator, open_payee_account
from rooms.errors import AlreadyCreatorError, InvalidFieldsError
from rooms.models import Creator
from rooms.studio.access import creator_of, creator_required, payee_id_of, user_of
from rooms.studio.forms import CountryForm, CreatorForm
from rooms.tips.operations import switch_tips


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Choose a name and a handle."""
    if creator_of(request):
        return redirect("studio:overview")
    form = CreatorForm(request.POST or None, initial={"display_name": user_of(request).get_full_name()})
    if request.method == "POST" and form.is_valid() and _becomes_creator(request, form):
        messages.success(request, "Your studio is open. Next, tell Stripe where to pay you.")
        return redirect("studio:setup")
    return _form_page(request, "studio/start.html", {"form": form})


@require_safe
@creator_required
def status(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Where the set-up stands, and what to do next."""
    return render(request, "studio/setup.html", {"creator": creator, "payee": creator.payee, "form": CountryForm()})


@require_POST
@creator_required
def onboard(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Make the creator a payee the first time, then go to Stripe's own form through an account link."""
    if creator.payee is None:
        form = CountryForm(request.POST)
        if not form.is_valid():
            return _form_page(request, "studio/setup.html", {"creator": creator, "payee": None, "form": form})
        country = form.cleaned_data["country"]
        creator = open_payee_account(creator_id=creator.id, country=country, now=clock.now())
    return _to_stripe(request, creator)


@require_POST
@creator_required
def tips(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Switch tips on or off."""
    on = request.POST.get("on") == "yes"
    switch_tips(creator_id=creator.id, on=on)
    messages.success(request, "Listeners can tip you now." if on else "Nobody can tip you any more.")
    return redirect("studio:setup")


@require_safe
@creator_required
def came_back(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Stripe's form sends people here; what it found arrives by webhook, so the page looks again by itself."""
    context = {"creator": creator, "payee": creator.payee}
    template = "studio/parts/setup_state.html" if request.htmx else "studio/setup_return.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_safe
@creator_required
def refresh(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Stripe sends people here when a link was used or has run out: make a new one and go on."""
    if creator.payee is None:
        return redirect("studio:setup")
    return _to_stripe(request, creator)


def _becomes_creator(request: HttpRequest, form: CreatorForm) -> bool:
    try:
        become_creator(user_id=user_of(request).id, now=clock.now(), **form.cleaned_data)
    except InvalidFieldsError as refusal:
        form.refuse(refusal)
        return False
    except AlreadyCreatorError:
        return True
    return True


def _to_stripe(request: HttpRequest, creator: Creator) -> HttpResponse:
    try:
        url = payees.onboarding_url(
            payee_id=payee_id_of(creator),
            return_url=request.build_absolute_uri(reverse("studio:onboarding-return")),
            refresh_url=request.build_absolute_uri(reverse("studio:onboarding-refresh")),
            now=clock.now(),
        )
    except OnboardingUnavailableError as refusal:
        messages.error(request, refusal.reason)
        return redirect("studio:setup")
    # 303: Stripe's page is fetched, whatever method led here.
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": url})


def _form_page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, template, context, status=status)
