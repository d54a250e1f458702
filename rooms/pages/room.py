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
from rooms.refunds.called_off import called_off
from rooms.tickets import checkout
from rooms.tickets.operations import buy_ticket
from rooms.tips import queries as tip_queries
from rooms.tips import targets as tips

NOTHING_TO_PAY = {access.Reason.TICKET, access.Reason.SUBSCRIBER, access.Reason.GUEST, access.Reason.BANNED}
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
    is_over = hours.is_over(found, now=now)
    is_recorded = is_over and recordings.is_recorded(found.id)
    jar = tips.of_room(found)
    takes_tips, is_own = tips.takes_tips(jar, now=now), tips.is_own(jar, request.user)
    context = {
        "room": found,
        "sharers": sharers,
        "access": entry,
        "live": panel_of(found, entry, sharers, now=now),
        "recording": recordings.status_of(found, entry, now=now),
        "is_recorded": is_recorded,
        "can_be_replayed": is_recorded and entry.may_hear,
        "held": _waiting_ticket(found, request),
        "called_off": called_off(room=found, user=request.user) if found.cancelled_at is not None else None,
        "quote": breakdowns.quote_of(found, now=now) if not is_over and _is_for_sale(found, entry) else None,
        "quote_label": "A listener pays" if entry.may_hear else "You pay",
        "waiting_for": [sharer.creator.display_name for sharer in sharers if not shares.is_ready(sharer.creator)],
        "takes_tips": takes_tips,
        "is_own": is_own,
        "may_tip": takes_tips and not is_own and request.user.is_authenticated,
        "tips": tip_queries.tips_in(room_id=found.id, limit=tip_queries.TIPS_SHOWN),
        "takes_donations": takes_donations(found, now=now),
        "is_live": found.starts_at <= now and found.cancelled_at is None and not is_over,
        "is_over": is_over,
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


def _is_for_sale(found: Room, entry: access.Access) -> bool:
    """Whether a price means anything to this visitor: to those who can buy, and to those who sell or look after it."""
    return found.sells_tickets and found.cancelled_at is None and entry.reason not in NOTHING_TO_PAY


def _waiting_ticket(found: Room, request: HttpRequest) -> Ticket | None:
    """The visitor's ticket that is neither paid nor given back."""
    if not isinstance(request.user, User):
        return None
    waiting = Ticket.objects.filter(room=found, buyer=request.user, state__in=ACTIVE_STATES)
    return waiting.exclude(state=TicketState.VALID).first()


def _refused(request: HttpRequest, found: Room, refusal: RoomsError) -> HttpResponse:
    context = {"room": found, "heading": HEADINGS[type(refusal)], "reason": str(refusal), "code": refusal.code}
    return render(request, "rooms/refused.html", context, status=HTTPStatus.CONFLICT)
