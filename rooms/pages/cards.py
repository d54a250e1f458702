"""The visitor's saved cards: the list, saving one on Stripe's page, choosing the one that one tap takes, removing."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config import clock
from payouts.cards import operations as cards
from payouts.cards.queries import cards_of
from payouts.errors import CustomerUnavailableError, StripeError, UnknownCardError
from rooms.purchases.card_setup import card_setup_url
from rooms.studio.access import user_of


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """The list. Whoever comes from Stripe's page sees the new card even before its event is here."""
    user = user_of(request)
    if request.GET.get("from") == "setup":
        try:
            cards.refresh_cards(user_id=user.id, now=clock.now(fresh=True))
        except StripeError:
            messages.info(request, "Your card appears here in a moment.")
        else:
            messages.success(request, "Your card is saved. From now on a tip takes one tap.")
        return redirect("cards")
    return render(request, "rooms/cards.html", {"cards": cards_of(user_id=user.id)})


@require_POST
@login_required
def add(request: HttpRequest) -> HttpResponse:
    """To Stripe's page, which saves a card and charges nothing."""
    try:
        url = card_setup_url(user=user_of(request), now=clock.now(fresh=True))
    except CustomerUnavailableError as error:
        messages.error(request, error.reason)
        return redirect("cards")
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": url})


@require_POST
@login_required
def choose(request: HttpRequest, payment_method_id: str) -> HttpResponse:
    """Take this one from now on."""
    try:
        card = cards.choose_card(user_id=user_of(request).id, payment_method_id=payment_method_id)
    except UnknownCardError as error:
        raise Http404(str(error)) from error
    messages.success(request, f"One tap charges {card} from now on.")
    return redirect("cards")


@require_POST
@login_required
def remove(request: HttpRequest, payment_method_id: str) -> HttpResponse:
    """Take it away, here and at Stripe."""
    try:
        card = cards.remove_card(
            user_id=user_of(request).id, payment_method_id=payment_method_id, now=clock.now(fresh=True)
        )
    except UnknownCardError as error:
        raise Http404(str(error)) from error
    messages.success(request, f"{card} is removed. Nothing can be charged to it any more.")
    return redirect("cards")
