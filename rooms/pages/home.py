"""The front page and creators' own pages."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static

from config import clock
from payouts.models import LIVE_STATES
from rooms import queries
from rooms.models import Creator, Subscription, User
from rooms.subscriptions import queries as subscriptions
from rooms.tips import targets as tips

CREATORS_SHOWN = 8
ROOMS_SHOWN = 24


def home(request: HttpRequest) -> HttpResponse:
    """Rooms that are live or coming up, and the people who host here."""
    now = clock.now()
    context: dict[str, Any] = {
        "rooms": queries.rooms_coming_up(now=now)[:ROOMS_SHOWN],
        "creators": queries.creators_with_rooms(now=now)[:CREATORS_SHOWN],
        "now": now,
    }
    return render(request, "rooms/home.html", context)


def creator(request: HttpRequest, handle: str) -> HttpResponse:
    """A creator's rooms, to come and past."""
    found = get_object_or_404(Creator.objects.select_related("payee"), handle=handle.lower())
    now, jar = clock.now(), tips.of_creator(found)
    rooms = [room for room in queries.rooms_of(creator_id=found.id) if room.cancelled_at is None]
    context = {
        "creator": found,
        "may_tip": tips.takes_tips(jar, now=now) and not tips.is_own(jar, request.user),
        "plans": list(subscriptions.plans_on_sale(creator_id=found.id)),
        "subscription": _subscription(request, found),
        "ahead": sorted((room for room in rooms if room.ends_at > now), key=lambda room: room.starts_at),
        "past": [room for room in rooms if room.ends_at <= now],
        "now": now,
    }
    return render(request, "rooms/creator.html", context)


def _subscription(request: HttpRequest, found: Creator) -> Subscription | None:
    """The visitor's running subscription to this creator."""
    if not isinstance(request.user, User):
        return None
    mine = subscriptions.subscriptions_of(user_id=request.user.id)
    return mine.filter(creator=found, state__in=LIVE_STATES).first()


def favicon(request: HttpRequest) -> HttpResponse:
    """The coin, for pages that do not link to it themselves (the admin, Swagger UI)."""
    return redirect(static("rooms/coin.svg"))
