"""A host refunds a listener, or cancels a room; each with what it costs before anybody confirms."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from config import clock
from payouts.models import RefundState, Sale
from payouts.refunds.operations import send_refund
from payouts.refunds.queries import cost_of, left_of, refunds_of
from rooms.currencies import money_text
from rooms.errors import RoomsError
from rooms.models import Creator, Room, RoomCancellation
from rooms.refunds import limits, silence
from rooms.refunds.cancelling import cancel_room
from rooms.refunds.cost import cost_of_cancelling
from rooms.refunds.errors import NotYourSaleError, RoomAlreadyOverError
from rooms.refunds.operations import hosted_sale, refund_as_host
from rooms.refunds.progress import progress_of
from rooms.studio.access import creator_required, payee_id_of
from rooms.studio.refund_form import CancelRoomForm, RefundForm
from rooms.studio.refundable import why_not
from rooms.studio.words import leg_words

IN_FULL: Final = {
    "ticket": (
        "Refunded in full, the ticket ends at once: its seat goes back to the room, and its buyer hears nothing more. "
        "A part leaves it as it is."
    ),
    "tip": "Refunded in full, the tip is shown no more.",
    "subscription": (
        "Refunded in full, the subscription ends at once, and no other month is charged. A part leaves it as it is."
    ),
    "gift": "Refunded in full, the gift opens nothing more. A part leaves it as it is.",
}
"""What a whole refund does to what was bought, by product."""


@require_http_methods(["GET", "HEAD", "POST"])
@creator_required
@never_cache
def refund(request: HttpRequest, sale_id: UUID, *, creator: Creator) -> HttpResponse:
    """Refund one listener, all of it or a part."""
    sale = _hosted(sale_id, creator)
    refunds = refunds_of(sale_id=sale.id)
    left_minor = left_of(sale=sale, refunds=refunds)
    # The same press once more is the same refund: what it took may be asked for again.
    again = any(each.key == _key(creator, request.POST.get("key", "")) for each in refunds)
    form = RefundForm(request.POST or None, sale=sale, left_minor=sale.charge_minor if again else left_minor)
    if request.method == "POST" and form.is_valid() and _refunded(request, form, sale, creator):
        return redirect("studio:sale", sale_id=sale.id)
    context = {
        "creator": creator,
        "sale": sale,
        "form": form,
        "why_not": why_not(sale=sale, refunds=refunds, now=clock.now()),
        "left_minor": left_minor,
        "in_full": IN_FULL.get(sale.product, ""),
        "until": limits.refundable_until(sale=sale),
        **_cost_of_typed(form, creator),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "studio/refund.html", context, status=status)


@require_safe
@creator_required
def refund_cost(request: HttpRequest, sale_id: UUID, *, creator: Creator) -> HttpResponse:
    """What the typed amount takes from whom (a part of the page, for htmx)."""
    sale = _hosted(sale_id, creator)
    form = RefundForm(request.GET, sale=sale, left_minor=left_of(sale=sale))
    context = {"sale": sale, "form": form} | _cost_of_typed(form, creator)
    return render(request, "studio/parts/refund_cost.html", context)


def _hosted(sale_id: UUID, creator: Creator) -> Sale:
    try:
        return hosted_sale(sale_id=sale_id, creator=creator)
    except NotYourSaleError as refusal:
        raise Http404(str(refusal)) from refusal


def _refunded(request: HttpRequest, form: RefundForm, sale: Sale, creator: Creator) -> bool:
    """Whether it was asked for; else the form says why not."""
    try:
        made = refund_as_host(
            sale_id=sale.id,
            creator=creator,
            amount_minor=form.cleaned_data["amount_minor"],
            note=form.cleaned_data["note"],
            key=_key(creator, form.cleaned_data["key"]),
            now=clock.now(fresh=True),
        )
    except RoomsError as refusal:
        form.add_error("amount", str(refusal))
        return False
    made = send_refund(refund_id=made.id)
    amount = money_text(made.amount_minor, made.currency)
    if made.state == RefundState.REFUSED:
        messages.error(request, f"Stripe refused to refund {amount}: {made.failure}")
    elif made.state == RefundState.ASKED:
        messages.info(request, f"The refund of {amount} is decided. Stripe cannot be reached just now; it follows.")
    else:
        messages.success(request, f"{amount} is on its way back to the listener's card.")
    return True


def _key(creator: Creator, typed: str) -> str:
    return f"studio:{creator.user_id}:{typed}"


def _cost_of_typed(form: RefundForm, creator: Creator) -> dict[str, Any]:
    """What the typed amount takes from whom, or its `problem`: what would be said when it is sent."""
    sale, amount_minor = form.sale, form.left_minor
    if form.is_bound:
        if form.errors.get("amount"):
            return {"problem": form.errors["amount"][0], "cost": []}
        amount_minor = form.cleaned_data["amount_minor"]
    try:
        limits.check(sale=sale, payee_id=payee_id_of(creator), amount_minor=amount_minor, now=clock.now())
    except RoomsError as refusal:
        return {"problem": str(refusal), "cost": _cost(sale, creator, amount_minor)}
    return {"problem": "", "cost": _cost(sale, creator, amount_minor)}


def _cost(sale: Sale, creator: Creator, amount_minor: int) -> list[tuple[str, int]]:
    """(who, settlement minor units) of what a refund takes; empty until the sale's fee is known."""
    if sale.split_at is None or not amount_minor:
        return []
    shares = list(sale.shares.select_related("payee"))
    names = {f"payee:{share.payee_id}": share.payee.display_name for share in shares}
    names[f"payee:{creator.payee_id}"] = "You"
    parts = cost_of(sale=sale, shares=shares, amount_minor=amount_minor)
    return [(leg_words(name, names), part) for name, part in parts.items()]


@require_http_methods(["GET", "HEAD", "POST"])
@creator_required
@never_cache
def cancel(request: HttpRequest, slug: str, *, creator: Creator) -> HttpResponse:
    """Call a room off."""
    room = Room.objects.select_related("creator").filter(slug=slug, creator=creator).first()
    if room is None:
        raise Http404("No room that you host has this address")
    if not _may_be_cancelled(room):
        return redirect("studio:room", slug=slug)
    form = CancelRoomForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            cancel_room(
                room_id=room.id, user_id=creator.user_id, reason=form.cleaned_data["reason"],
                now=clock.now(fresh=True), real_now=clock.real_now(),
            )  # fmt: skip
        except RoomAlreadyOverError as refusal:
            messages.warning(request, str(refusal))
        return redirect("studio:room", slug=slug)
    context = {"creator": creator, "room": room, "form": form, "cost": cost_of_cancelling(room=room)}
    context["is_over"] = room.ends_at <= clock.now()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "studio/room_cancel.html", context, status=status)


def _may_be_cancelled(room: Room) -> bool:
    """Until its end, and afterwards where nobody is known to have spoken."""
    now = clock.now()
    if room.cancelled_at is not None:
        return False
    return room.ends_at > now or silence.of_room(room, now=now, real_now=clock.real_now()) is not None


@require_safe
@creator_required
@never_cache
def progress(request: HttpRequest, slug: str, *, creator: Creator) -> HttpResponse:
    """How far the refunds of a cancelled room are (a part of the page, which asks again until it is over)."""
    context = cancellation_of(Room.objects.filter(slug=slug, creator=creator).first())
    if context is None:
        raise Http404("No cancelled room of yours has this address")
    return render(request, "studio/parts/cancellation.html", context)


def cancellation_of(room: Room | None) -> dict[str, Any] | None:
    """What the page shows of a cancelled room; None for any other."""
    found = RoomCancellation.objects.filter(room=room).first() if room is not None and room.cancelled_at else None
    if found is None or room is None:
        return None
    return {"room": room, "cancellation": found, "progress": progress_of(room_id=room.id)}
