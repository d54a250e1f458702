"""A creator's rooms: what they sold, scheduling one, and invitations to co-host."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import clock
from rooms.donations.operations import charities_to_choose, choose_charity
from rooms.errors import CoHostNotFoundError, InvalidFieldsError
from rooms.models import Creator, Room
from rooms.refunds import silence
from rooms.scheduling.operations import accept_cohosting, schedule_room
from rooms.studio import previews, queries
from rooms.studio.access import creator_required
from rooms.studio.forms import RoomForm
from rooms.studio.sale_lines import sale_lines
from rooms.studio.views.refunds import cancellation_of

PAGE_SIZE = 50


@require_safe
@creator_required
def mine(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Rooms with seats sold and what they earned for this creator; invitations on top."""
    context = {
        "creator": creator,
        "rooms": queries.rooms_with_sales(creator=creator),
        "invitations": queries.invitations_of(creator=creator),
        "now": clock.now(),
    }
    return render(request, "studio/rooms.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@creator_required
def new(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Schedule a room."""
    form = RoomForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        room = _schedule(form, creator)
        if room:
            messages.success(request, f"{room.title} is scheduled.")
            return redirect("room", slug=room.slug)
    context = {
        "creator": creator,
        "form": form,
        "preview": previews.preview(creator=creator, form=_draft(request), now=clock.now()),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "studio/room_new.html", context, status=status)


@require_safe
@creator_required
def preview(request: HttpRequest, *, creator: Creator) -> HttpResponse:
    """Who gets what at the price and with the co-hosts typed so far (a part of the page, for htmx)."""
    found = previews.preview(creator=creator, form=RoomForm(request.GET), now=clock.now())
    return render(request, "studio/parts/preview.html", {"preview": found})


@require_safe
@creator_required
def room(request: HttpRequest, slug: str, *, creator: Creator) -> HttpResponse:
    """One room: its sales and what each was worth to this creator."""
    found = queries.room_of(creator=creator, slug=slug)
    if found is None:
        raise Http404("No room of yours has this address")
    shares = queries.sales_in(room=found.room, payee_id=creator.payee_id) if creator.payee_id else ()
    page = Paginator(shares, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "creator": creator,
        "room": found.room,
        "earned": found,
        "page": page,
        "sales": sale_lines(page.object_list),
        "charities": charities_to_choose() if found.room.creator_id == creator.id else (),
    }
    is_host = found.room.creator_id == creator.id
    context |= {
        "silence": silence.of_room(found.room, now=clock.now(), real_now=clock.real_now()) if is_host else None,
        "now": clock.now(),
    }
    context |= {"called_off": cancellation_of(found.room), "may_cancel": _may_cancel(found.room, creator)}
    return render(request, "studio/room.html", context)


@require_POST
@creator_required
def charity(request: HttpRequest, slug: str, *, creator: Creator) -> HttpResponse:
    """Choose who gets the donations of a room that the creator hosts."""
    found = get_object_or_404(Room, slug=slug, creator=creator)
    chosen = request.POST.get("charity", "")
    try:
        choose_charity(room_id=found.id, creator_id=creator.id, charity_id=UUID(chosen) if chosen else None)
    except (InvalidFieldsError, ValueError):
        messages.error(request, "This charity cannot be chosen; choose one of the list.")
    else:
        messages.success(request, "Listeners can donate now." if chosen else "This room takes no donations any more.")
    return redirect("studio:room", slug=slug)


@require_POST
@creator_required
def accept(request: HttpRequest, slug: str, *, creator: Creator) -> HttpResponse:
    """Accept to co-host."""
    room_id = Room.objects.filter(slug=slug).values_list("id", flat=True).first()
    if room_id is None:
        raise Http404("There is no such room")
    try:
        accept_cohosting(room_id=room_id, creator_id=creator.id, now=clock.now())
    except CoHostNotFoundError as refusal:
        raise Http404(str(refusal)) from refusal
    messages.success(request, "You are on stage. Every ticket sold from now on is shared with you.")
    return redirect("room", slug=slug)


def _may_cancel(room: Room, creator: Creator) -> bool:
    return room.creator_id == creator.id and room.cancelled_at is None and room.ends_at > clock.now()


def _draft(request: HttpRequest) -> RoomForm:
    """What the preview starts from: what was sent, else the form's own first values."""
    if request.method == "POST":
        return RoomForm(request.POST)
    fields = RoomForm.base_fields
    return RoomForm({name: field.initial for name, field in fields.items() if field.initial is not None})


def _schedule(form: RoomForm, creator: Creator) -> Room | None:
    data = form.cleaned_data
    wanted = (
        "title", "description", "starts_at", "ends_at", "capacity", "price_minor", "currency", "sells_tickets",
        "open_to_subscribers",
    )  # fmt: skip
    try:
        return schedule_room(
            creator_id=creator.id,
            cohosts=data["cohost_specs"],
            now=clock.now(),
            **{name: data[name] for name in wanted},
        )
    except InvalidFieldsError as refusal:
        form.refuse(refusal)
        return None
