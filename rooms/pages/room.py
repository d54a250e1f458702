"""A room's page, and the press of its Buy button."""

from http import HTTPStatus

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from config import clock
from rooms import access, breakdowns, queries, shares
from rooms.donations.operations import takes_donations
from rooms.errors import (
    OwnRoomError,
    PayeeNotReadyError,
    RoomsError,
    SalesClosedError,
    SoldOutError,
    SubscribersOnlyError,
)
from rooms.live import hours
from rooms.live.panel import panel_of
from rooms.models import ACTIVE_STATES, Room, Ticket, TicketState, User
from rooms.purchases.context import purchase_context
from rooms.recordings import queries as recordings
from rooms.tickets import checkout
from rooms.tickets.operations import buy_ticket
from rooms.tips import queries as tip_queries
from rooms.tips import targets as tips

HEADINGS = {
    SoldOutError: "This room is sold out",
    SalesClosedError: "Tickets are no longer sold",
    SubscribersOnlyError: "This room is for subscribers",
    PayeeNotReadyError: "Tickets are not on sale yet",
}


@require_safe
def room(request: HttpRequest, slug: str) -> HttpResponse:
    """When, who, how many seats are left, and who gets what of the price before anybody pays."""
    now = clock.now()
    found = get_object_or_404(queries.with_seats_left(queries.with_people()), slug=slug)
    sharers = shares.sharers_of(found)
    entry = access.decide(room=found, user=request.user, now=now)
    context = {
        "room": found,
        "sharers": sharers,
        "access": entry,
        "live": panel_of(found, entry, sharers, now=now),
        "recording": recordings.status_of(found, entry, now=now),
        "can_be_replayed": recordings.can_be_replayed(found, entry, now=now),
        "held": _waiting_ticket(found, request),
        "quote": breakdowns.quote_of(found, now=now),
        "waiting_for": [sharer.creator.display_name for sharer in sharers if not shares.is_ready(sharer.creator)],
        "takes_tips": tips.takes_tips(tips.of_room(found), now=now),
        "is_own": tips.is_own(tips.of_room(found), request.user),
        "tips": tip_queries.tips_in(room_id=found.id, limit=tip_queries.TIPS_SHOWN),
        "takes_donations": takes_donations(found, now=now),
        "is_live": found.starts_at <= now and found.cancelled_at is None and not hours.is_over(found, now=now),
        "is_over": hours.is_over(found, now=now),
        "now": now,
    }
    return render(request, "rooms/room.html", context)


@require_POST
def buy(request: HttpRequest, slug: str) -> HttpResponse:
    """Hold a seat and go to the card page; whoever is not signed in does that first and comes back to the room."""
    found = get_object_or_404(Room, slug=slug)
    if not isinstance(request.user, User):
        return redirect_to_login(found.get_absolute_url())
    try:
        ticket = buy_ticket(
            room_id=found.id, buyer_id=request.user.id, context=purchase_context(request), now=clock.now(fresh=True)
        )
    except OwnRoomError:
        return redirect(found)
    except (SoldOutError, SalesClosedError, PayeeNotReadyError, SubscribersOnlyError) as refusal:
        return _refused(request, found, refusal)
    if ticket.state != TicketState.HELD:
        return redirect(ticket)
    url = checkout.open_now(ticket)
    # 303: the card page is fetched, whatever method led here.
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": url or ticket.get_absolute_url()})


def _waiting_ticket(found: Room, request: HttpRequest) -> Ticket | None:
    """The visitor's ticket that is neither paid nor given back."""
    if not isinstance(request.user, User):
        return None
    waiting = Ticket.objects.filter(room=found, buyer=request.user, state__in=ACTIVE_STATES)
    return waiting.exclude(state=TicketState.VALID).first()


def _refused(request: HttpRequest, found: Room, refusal: RoomsError) -> HttpResponse:
    context = {"room": found, "heading": HEADINGS[type(refusal)], "reason": str(refusal), "code": refusal.code}
    return render(request, "rooms/refused.html", context, status=HTTPStatus.CONFLICT)
