"""Donating to a room's charity: the form with who gets what, and the press of its button."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from payouts.cards.queries import cards_of
from rooms import breakdowns
from rooms.donations.forms import DonationForm
from rooms.donations.operations import check_fields, give_donation, policy_of, takes_donations
from rooms.errors import DonationsClosedError, InvalidFieldsError, KeyReusedError, RoomsError
from rooms.idempotency import Done
from rooms.models import Donation, Room
from rooms.pages.giving import Preview, amount_faults, asked_of, done_once, lead_on
from rooms.purchases.context import purchase_context
from rooms.studio.access import user_of
from rooms.tips.targets import Target


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def in_room(request: HttpRequest, slug: str) -> HttpResponse:
    """Give to the room's charity."""
    room = _room(slug)
    if not takes_donations(room, now=clock.now()):
        return _refused(request, room, DonationsClosedError(room_id=room.id))
    user = user_of(request)
    cards = cards_of(user_id=user.id)
    form = DonationForm(request.POST or None, target=_target(room), cards=cards, stars=0, initial=asked_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            answer = _given(request, form, room)
        except (DonationsClosedError, KeyReusedError) as refusal:
            return _refused(request, room, refusal)
        if answer is not None:
            return answer
    context = {
        "room": room,
        "form": form,
        "cards": cards,
        "preview": _preview(_drafted(form), room),
        "preview_url": f"{request.path}preview/",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "rooms/donation_new.html", context, status=status)


@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """Who gets what of the amount typed so far (a part of the page, for htmx)."""
    room = _room(slug)
    values = request.GET.dict() | {"key": "00000000-0000-0000-0000-000000000000", "pay_by": ""}
    form = DonationForm(values, target=_target(room), cards=[], stars=0)
    return render(request, "rooms/parts/tip_preview.html", {"preview": _preview(form, room)})


def _room(slug: str) -> Room:
    return get_object_or_404(Room.objects.select_related("creator", "charity__payee"), slug=slug)


def _target(room: Room) -> Target:
    """The form asks for the room's currency and its presets alone."""
    return Target(creator=room.creator, room=room, sharers=(), currency=room.currency)


def _given(request: HttpRequest, form: DonationForm, room: Room) -> HttpResponse | None:
    user, data = user_of(request), form.cleaned_data
    wanted: dict[str, Any] = {
        "amount_minor": data["amount_minor"],
        "covers_processing": data["covers_processing"],
        "message": data["message"],
        "public_name": user.display_name if data["show_name"] else "",
        "payment_method_id": data["pay_by"],
    }

    def give() -> Done:
        donation = give_donation(
            room_id=room.id,
            donor_id=user.id,
            context=purchase_context(request),
            now=clock.now(fresh=True),
            **wanted,
        )
        return Done(subject=f"donation:{donation.id}")

    donation_id = done_once(request, form, key=data["key"], wanted=wanted, do=give)
    return lead_on(Donation.objects.select_related("sale").get(id=donation_id)) if donation_id else None


def _drafted(form: DonationForm) -> DonationForm:
    if form.is_bound:
        return form
    values = {name: form[name].value() for name in form.fields}
    return DonationForm(values, target=form.target, cards=form.cards, stars=0)


def _preview(form: DonationForm, room: Room) -> Preview:
    form.is_valid()
    if problem := amount_faults(form):
        return Preview(problem=problem)
    amount_minor = form.cleaned_data["amount_minor"]
    try:
        check_fields(room, amount_minor=amount_minor, message="", public_name="")
    except InvalidFieldsError as refusal:
        return Preview(problem=str(refusal.errors["amount"][0]))
    policy_slug = policy_of(covers_processing=form.cleaned_data["covers_processing"])
    return Preview(
        quote=breakdowns.of_donation(
            room.charity, amount_minor=amount_minor, currency=room.currency, policy_slug=policy_slug, now=clock.now()
        )
        if room.charity is not None
        else None
    )


def _refused(request: HttpRequest, room: Room, refusal: RoomsError) -> HttpResponse:
    context = {"room": room, "reason": str(refusal), "code": refusal.code}
    return render(request, "rooms/donation_refused.html", context, status=HTTPStatus.CONFLICT)
