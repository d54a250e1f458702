"""Giving a tip: the form with who gets what, and the press of its button."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from payouts.cards.queries import cards_of
from payouts.wallets.queries import balance_of
from rooms import breakdowns, queries
from rooms.errors import (
    InvalidFieldsError,
    KeyReusedError,
    OwnTipError,
    RoomsError,
    StarsFrozenError,
    StarsMissingError,
    TipsClosedError,
    TipsOffError,
)
from rooms.idempotency import Done
from rooms.models import Creator, Tip, User
from rooms.pages.giving import Preview, amount_faults, asked_of, done_once, lead_on
from rooms.pages.tip_sheet import done, going_on, is_in_sheet, leaves_the_sheet_to_sign_in
from rooms.purchases.context import purchase_context
from rooms.stars.operations import give_stars
from rooms.stars.packs import pack_for
from rooms.studio.access import user_of
from rooms.tips import targets
from rooms.tips.forms import STARS, TipForm
from rooms.tips.operations import check_fields, give_tip
from rooms.tips.queries import TIPS_SHOWN, tips_in
from rooms.tips.targets import Target


@require_http_methods(["GET", "HEAD", "POST"])
@leaves_the_sheet_to_sign_in
@never_cache
def in_room(request: HttpRequest, slug: str) -> HttpResponse:
    """A tip to those on stage."""
    return _give(request, targets.of_room(get_object_or_404(queries.with_people(), slug=slug)))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def to_creator(request: HttpRequest, handle: str) -> HttpResponse:
    """A tip to one creator."""
    found = get_object_or_404(Creator.objects.select_related("payee"), handle=handle.lower())
    return _give(request, targets.of_creator(found))


@require_safe
def preview_in_room(request: HttpRequest, slug: str) -> HttpResponse:
    """Who gets what of the amount typed so far (a part of the page, for htmx)."""
    return _preview_part(request, targets.of_room(get_object_or_404(queries.with_people(), slug=slug)))


@require_safe
def preview_to_creator(request: HttpRequest, handle: str) -> HttpResponse:
    """The same for a creator's page."""
    found = get_object_or_404(Creator.objects.select_related("payee"), handle=handle.lower())
    return _preview_part(request, targets.of_creator(found))


@require_safe
@never_cache
def of_room(request: HttpRequest, slug: str) -> HttpResponse:
    """The tips of a room as its page shows them (a part of the page, for htmx)."""
    room = get_object_or_404(queries.with_people(), slug=slug)
    target = targets.of_room(room)
    context = {
        "room": room,
        "takes_tips": targets.takes_tips(target, now=clock.now()),
        "is_own": targets.is_own(target, request.user),
        "tips": tips_in(room_id=room.id, limit=TIPS_SHOWN),
    }
    return render(request, "rooms/parts/tips.html", context)


def _give(request: HttpRequest, target: Target) -> HttpResponse:
    user, now = user_of(request), clock.now(fresh=True)
    try:
        targets.check(target, payer=user, now=now)
        cards = cards_of(user_id=user.id)
        stars = balance_of(user_id=user.id)
        form = TipForm(request.POST or None, target=target, cards=cards, stars=stars, initial=asked_of(request))
        if request.method == "POST" and form.is_valid():
            answer = _given(request, form, target, user, now=now)
            if answer is not None:
                return answer
    except (TipsOffError, TipsClosedError, OwnTipError, KeyReusedError) as refusal:
        return _refused(request, target, refusal)
    drafted = _drafted(form)
    context = {
        "target": target,
        "form": form,
        "form_url": request.path,
        "cards": cards,
        "stars": stars,
        "preview": _preview(drafted, now=now),
        "preview_url": f"{request.path}preview/",
        "missing": _missing(drafted),
        "in_sheet": is_in_sheet(request),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    template = "rooms/tip_sheet/form.html" if context["in_sheet"] else "rooms/tip_new.html"
    return render(request, template, context, status=status)


def _given(request: HttpRequest, form: TipForm, target: Target, user: User, *, now: datetime) -> HttpResponse | None:
    """To where the tip is paid; None when something has to be changed first."""
    data = form.cleaned_data
    if data["pay_by"] == STARS:
        return _given_in_stars(request, form, target, user, now=now)
    wanted: dict[str, Any] = {
        "amount_minor": data["amount_minor"],
        "currency": data["currency"],
        "message": data["message"],
        "public_name": user.display_name if data["show_name"] else "",
        "payment_method_id": data["pay_by"],
    }

    def give() -> Done:
        tip = give_tip(target=target, payer_id=user.id, context=purchase_context(request), now=now, **wanted)
        return Done(subject=f"tip:{tip.id}")

    tip_id = done_once(request, form, key=data["key"], wanted=wanted, do=give)
    if tip_id is None:
        return None
    tip = Tip.objects.select_related("sale", "creator").get(id=tip_id)
    return going_on(request, tip) if is_in_sheet(request) else lead_on(tip)


def _given_in_stars(
    request: HttpRequest, form: TipForm, target: Target, user: User, *, now: datetime
) -> HttpResponse | None:
    """Back to where the tip was given: it is done."""
    data = form.cleaned_data
    wanted: dict[str, Any] = {
        "stars": data["amount_minor"],
        "message": data["message"],
        "public_name": user.display_name if data["show_name"] else "",
    }

    def give() -> Done:
        tip = give_stars(target=target, payer_id=user.id, now=now, **wanted)
        return Done(subject=f"star-tip:{tip.id}")

    try:
        given = done_once(request, form, key=data["key"], wanted=wanted, do=give)
    except (StarsMissingError, StarsFrozenError) as refusal:
        form.add_error("pay_by", str(refusal))
        return None
    if given is None:
        return None
    sentence = f"{wanted['stars']:,} Stars went to {target.name}. Thank you."
    if is_in_sheet(request):
        return done(sentence)
    messages.success(request, sentence)
    return redirect(target.room or target.creator)


def _drafted(form: TipForm) -> TipForm:
    """What the preview starts from: what was sent, else the form's own first values."""
    if form.is_bound:
        return form
    values = {name: form[name].value() for name in form.fields}
    return TipForm(values, target=form.target, cards=form.cards, stars=form.stars)


def _preview_part(request: HttpRequest, target: Target) -> HttpResponse:
    by = STARS if request.GET.get("pay_by") == STARS else ""
    values = request.GET.dict() | {"key": "00000000-0000-0000-0000-000000000000", "pay_by": by}
    stars = balance_of(user_id=request.user.id) if by and isinstance(request.user, User) else 0
    form = TipForm(values, target=target, cards=[], stars=stars)
    context = {"preview": _preview(form, now=clock.now()), "missing": _missing(form), "tells_missing": True}
    return render(request, "rooms/parts/tip_preview.html", context)


def _missing(form: TipForm) -> StarsMissingError | None:
    """What the wallet lacks for the amount typed so far, when Stars are to pay for it: told before the button is."""
    form.is_valid()
    wanted = form.cleaned_data.get("amount_minor")
    if form.cleaned_data.get("pay_by") != STARS or wanted is None or wanted <= form.stars:
        return None
    return StarsMissingError(balance=form.stars, wanted=wanted, pack=pack_for(wanted - form.stars).stars)


def _preview(form: TipForm, *, now: datetime) -> Preview:
    form.is_valid()
    if problem := amount_faults(form):
        return Preview(problem=problem)
    amount_minor, currency = form.cleaned_data["amount_minor"], form.cleaned_data["currency"]
    try:
        check_fields(form.target, amount_minor=amount_minor, currency=currency, message="", public_name="")
    except InvalidFieldsError as refusal:
        return Preview(problem=" ".join(message for messages in refusal.errors.values() for message in messages))
    if form.cleaned_data.get("pay_by") == STARS:
        return Preview(quote=breakdowns.of_stars(form.target.sharers, stars=amount_minor))
    quote = breakdowns.quote_for(
        form.target.sharers, price_minor=amount_minor, currency=currency, policy_slug=targets.POLICY, now=now
    )
    return Preview(quote=quote)


def _refused(request: HttpRequest, target: Target, refusal: RoomsError) -> HttpResponse:
    context = {"target": target, "reason": str(refusal), "code": refusal.code}
    template = "rooms/tip_sheet/refused.html" if is_in_sheet(request) else "rooms/tip_refused.html"
    return render(request, template, context, status=HTTPStatus.CONFLICT)
