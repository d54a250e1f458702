"""A buyer's tickets: the list, the page that follows one to "You're in", giving it back, and its receipt."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from config import clock
from payouts.circuit import silent_since
from rooms import breakdowns, queries
from rooms.errors import NotCancellableError, TicketNotFoundError
from rooms.models import Ticket, TicketState
from rooms.refunds.shown import refunds_shown
from rooms.tickets.operations import cancel_ticket
from rooms.tickets.stage import FOLLOWED, MOVING, TITLES, Stage, stage_of


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """Every ticket of the visitor, newest first."""
    tickets = queries.tickets_of(user_id=_id(request))
    found = [(ticket, stage_of(ticket, back_from_payment=False)) for ticket in tickets]
    now = clock.now()
    ahead = [(ticket, stage) for ticket, stage in found if stage is Stage.IN and ticket.room.ends_at > now]
    waiting = [(ticket, stage) for ticket, stage in found if stage in MOVING]
    rest = [pair for pair in found if pair not in ahead and pair not in waiting]
    context = {"ahead": ahead, "waiting": waiting, "rest": rest, "now": now}
    return render(request, "rooms/tickets.html", context)


@require_safe
@login_required
@never_cache
def ticket(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """Where a ticket is; the part that changes refreshes itself from `state`."""
    return render(request, "rooms/ticket.html", _context(request, _own(request, ticket_id)))


@require_safe
@login_required
@never_cache
def state(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """The part that changes. A page that waits for the card page is sent there once it is ready."""
    context = _context(request, _own(request, ticket_id))
    if context["stage"] is Stage.HELD and request.GET.get("from") == "preparing":
        return HttpResponseClientRedirect(context["ticket"].sale.checkout_url)
    return render(request, "rooms/ticket/state.html", context)


@require_POST
@login_required
def cancel(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """Give a held seat back."""
    try:
        found = cancel_ticket(ticket_id=ticket_id, buyer_id=_id(request), now=clock.now(fresh=True))
    except TicketNotFoundError as error:
        raise Http404(str(error)) from error
    except NotCancellableError as error:
        messages.warning(request, str(error))
        return redirect("ticket", ticket_id=ticket_id)
    return redirect(found)


@require_safe
@login_required
@never_cache
def receipt(request: HttpRequest, ticket_id: UUID) -> HttpResponse:
    """What was paid, to whom each part went, and under which charge."""
    found = _own(request, ticket_id)
    if found.state not in {TicketState.VALID, TicketState.REFUNDED}:
        return redirect(found)
    context = {
        "ticket": found,
        "room": found.room,
        "paid": breakdowns.receipt_of(sale_id=found.sale_id),
        "refunds": refunds_shown(found.sale, now=clock.now()),
    }
    return render(request, "rooms/receipt.html", context)


def _context(request: HttpRequest, found: Ticket) -> dict[str, Any]:
    now = clock.now()
    came_from = request.GET.get("from", "")
    came_from = came_from if came_from in {"checkout", "back"} else ""
    stage = stage_of(found, back_from_payment=came_from == "checkout")
    return {
        "ticket": found,
        "room": found.room,
        "stage": stage,
        "stage_title": TITLES[stage],
        "template": f"rooms/ticket/{stage}.html",
        "is_moving": stage in FOLLOWED,
        "refunds": refunds_shown(found.sale, now=clock.now()) if stage in {Stage.IN, Stage.REFUNDED} else None,
        "came_from": "preparing" if stage is Stage.PREPARING else came_from,
        "stripe_silent_since": silent_since() if stage is Stage.PREPARING else None,
        "left_s": max(int((found.held_until - now).total_seconds()), 0),
        "is_live": found.room.starts_at <= now < found.room.ends_at,
        "is_over": found.room.ends_at <= now,
    }


def _own(request: HttpRequest, ticket_id: UUID) -> Ticket:
    """The visitor's ticket; somebody else's is not there."""
    return get_object_or_404(queries.tickets_of(user_id=_id(request)), id=ticket_id)


def _id(request: HttpRequest) -> UUID:
    return UUID(str(request.user.pk))
