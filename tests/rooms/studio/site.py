"""The site in a process of its own, on a database with Ada's story, for a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext

from rooms.models import Creator, Room
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from tests.databases import Database
from tests.processes import Program, answers, free_port
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.studio import story


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Ada, who has seen everything that can happen to money, and the addresses of what happened."""

    ada: Creator
    pages: dict[str, str]


@transaction.atomic
def told() -> Story:
    """Sales in every state, a payout that was paid, one that failed, one on its way; an invitation."""
    ada, grace = cast.creator("Ada Lovelace"), cast.creator("Grace Hopper")
    assert ada.payee is not None
    past = cast.room(ada, title="Late-night Lisbon", capacity=40)
    first, second = story.sold(past, name="Linus"), story.sold(past, name="Fin", fee_minor=74)
    over = story.released(first)
    paid = story.paid(
        story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date()), at=over + timedelta(days=2)
    )
    shared = _room(ada, "Fado with Grace", over, price_minor=2000, cohosts=[CoHostSpec(creator_id=grace.id)])
    accept_cohosting(room_id=shared.id, creator_id=grace.id, now=NOW)
    third = story.sold(shared, name="Grete", at=over + timedelta(days=1), fee_minor=88)
    over = story.released(third)
    failed = story.refused(
        story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date()), at=over + timedelta(hours=1)
    )
    coming = _room(ada, "Morning tide", over)
    fourth, fifth = story.sold(coming, name="Emmy", at=over), story.bought(coming, name="Maria", at=over)
    _room(grace, "Grace asks Ada", over, cohosts=[CoHostSpec(creator_id=ada.id)])
    named = {
        "sale-paid": ("sale", first.id),
        "sale-fee": ("sale", second.id),
        "sale-shared": ("sale", third.id),
        "sale-pending": ("sale", fourth.id),
        "sale-new": ("sale", fifth.id),
        "payout-paid": ("payout", paid.id),
        "payout-failed": ("payout", failed.id),
        "room": ("room", past.slug),
    }
    pages = {name: reverse(f"studio:{view}", args=[key]) for name, (view, key) in named.items()}
    pages |= {
        name: reverse(f"studio:{name}") for name in ("overview", "rooms", "sales", "payouts", "statements", "setup")
    }
    pages |= {stage: reverse("studio:stage", args=[stage, "USD"]) for stage in ("pending", "available", "paid")}
    pages["room-new"] = reverse("studio:room-new")
    return Story(ada=ada, pages=pages)


def _room(host: Creator, title: str, after: datetime, **changes: Any) -> Room:
    """A room that begins ten days after a moment."""
    starts_at = after + timedelta(days=10)
    return cast.room(host, title=title, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), **changes)


@contextmanager
def serving(database: Database, **environment: str) -> Iterator[str]:
    """The site's address while it runs on this database; `environment` is set for it alone."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ("-m", "uvicorn", "config.asgi:application", "--port", str(port), "--log-level", "warning")
    with Program("web", *arguments, environment=database.environment(PUBLIC_URL=url, **environment)) as web:
        web.wait_until(lambda: answers(f"{url}/healthz"), what="/healthz")
        yield url


def signed_in(
    browser: Browser, url: str, creator: Creator, *, width: int = 1280, dark: bool = False
) -> BrowserContext:
    """A browser window in which the creator is signed in."""
    client = Client()
    client.force_login(creator.user)
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light", base_url=url
    )
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
    return context
