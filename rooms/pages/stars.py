"""The visitor's Stars: how many, where they came from and went, and packs to buy."""

from http import HTTPStatus
from uuid import uuid4

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config import clock
from payouts.cards.queries import cards_of
from payouts.wallets.queries import wallet_of
from rooms.forms import OperationForm
from rooms.idempotency import Done
from rooms.models import StarOrder
from rooms.pages.giving import done_once, lead_on
from rooms.purchases.context import purchase_context
from rooms.stars.operations import buy_pack
from rooms.stars.packs import packs
from rooms.studio.access import user_of

CARD_PAGE = "card-page"


class PackForm(OperationForm):
    """Which pack, and how it is paid. `key` is made with the form, so that two presses are one pack."""

    key = forms.UUIDField()
    stars = forms.IntegerField()
    pay_by = forms.CharField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def wallet(request: HttpRequest) -> HttpResponse:
    """The wallet with its statement from the ledger; a press of a pack's button buys it."""
    user = user_of(request)
    form = PackForm(request.POST) if request.method == "POST" else None
    if form is not None and form.is_valid() and (order := _bought(request, form)) is not None:
        return lead_on(order)
    cards = cards_of(user_id=user.id)
    context = {
        "wallet": wallet_of(user_id=user.id),
        "packs": packs(),
        "cards": cards,
        "form": form,
        "key": uuid4(),
        "chosen": cards[0].payment_method_id if cards else CARD_PAGE,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form is not None and form.errors else HTTPStatus.OK
    return render(request, "rooms/stars.html", context, status=status)


def _bought(request: HttpRequest, form: PackForm) -> StarOrder | None:
    user, data = user_of(request), form.cleaned_data
    method = "" if data["pay_by"] == CARD_PAGE else data["pay_by"]

    def buy() -> Done:
        order = buy_pack(
            buyer_id=user.id,
            stars=data["stars"],
            payment_method_id=method,
            context=purchase_context(request),
            now=clock.now(fresh=True),
        )
        return Done(subject=f"stars:{order.id}")

    wanted = {"stars": data["stars"], "pay_by": method}
    order_id = done_once(request, form, key=data["key"], wanted=wanted, do=buy)
    return StarOrder.objects.select_related("sale").filter(id=order_id).first()
