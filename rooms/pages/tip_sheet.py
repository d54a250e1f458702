"""A tip given in the room, without leaving it: parts for the sheet over the room's page, so that the sound goes on."""

from functools import wraps
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from payouts.circuit import silent_since
from rooms import queries
from rooms.currencies import money_text
from rooms.models import Tip
from rooms.pages.purchases import again_url_of
from rooms.purchases import checkout
from rooms.purchases.stage import MOVING, TITLES, Stage, stage_of
from rooms.studio.access import View, user_of
from rooms.tips import targets

SHEET: Final = "tip-sheet-body"


def is_in_sheet(request: HttpRequest) -> bool:
    """Whether the sheet asks, and not a page."""
    return bool(request.htmx) and request.htmx.target == SHEET  # type: ignore[attr-defined]


def leaves_the_sheet_to_sign_in(view: View) -> View:
    """`login_required` answers a page, which has no place in a sheet: whose session has ended goes there whole."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_in_sheet(request) and not request.user.is_authenticated:
            return HttpResponseClientRedirect(redirect_to_login(request.path).url)
        return login_required(view)(request, *args, **kwargs)

    return guarded


def going_on(request: HttpRequest, tip: Tip) -> HttpResponse:
    """Charge the saved card or have the card page made, and tell in the sheet where the tip is."""
    tip.sale = checkout.go_on(tip.sale)
    return _told(request, tip)


def done(sentence: str) -> HttpResponse:
    """The room says it, and the sheet closes."""
    return trigger_client_event(HttpResponse(), "tip-given", {"sentence": sentence})


@require_safe
@login_required
@never_cache
def state(request: HttpRequest, purchase_id: UUID) -> HttpResponse:
    """Where the tip is now; nothing at all while that has not changed."""
    tip = get_object_or_404(
        Tip.objects.select_related("sale", "creator", "room"), id=purchase_id, buyer=user_of(request)
    )
    if request.GET.get("was") == stage_of(tip.sale, back_from_payment=False):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return _told(request, tip)


def _told(request: HttpRequest, tip: Tip) -> HttpResponse:
    stage = stage_of(tip.sale, back_from_payment=False)
    if stage is Stage.PAID:
        amount = money_text(tip.sale.price_minor, tip.sale.currency)
        return done(f"Your tip of {amount} went to {_receiver(tip)}. Thank you.")
    context = {
        "sale": tip.sale,
        "stage": stage,
        "heading": TITLES[stage],
        "again_url": again_url_of(tip),
        "is_moving": stage in MOVING,
        "stripe_silent_since": silent_since() if stage in {Stage.PREPARING, Stage.CHARGING} else None,
        "state_url": f"{reverse('tip-sheet', kwargs={'purchase_id': tip.id})}?was={stage}",
    }
    return render(request, "rooms/tip_sheet/state.html", context)


def _receiver(tip: Tip) -> str:
    if tip.room_id is None:
        return tip.creator.display_name
    return targets.of_room(queries.with_people().get(id=tip.room_id)).name
