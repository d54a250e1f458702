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

from config import clock
from payouts.models import RefundReason
from payouts.refunds.operations import ask_refund
from rooms.models import Creator, Room
from rooms.refunds.cancelling import cancel_room
from rooms.refunds.progress import key_of
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from tests.databases import Database
from tests.processes import Program, answers, free_port
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import refund_posted, stripe_says
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
    ahead, off = _room(ada, "Evening tide", clock.now()), _called_off(ada)
    refund_posted(fourth, 333, refund_id="re_3")
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
        "room-off": ("room", off.slug),
        "room-cancel": ("room-cancel", ahead.slug),
        "sale-refund": ("sale-refund", fourth.id),
    }
    pages = {name: reverse(f"studio:{view}", args=[key]) for name, (view, key) in named.items()}
    pages |= {
        name: reverse(f"studio:{name}") for name in ("overview", "rooms", "sales", "payouts", "statements", "setup")
    }
    pages |= {stage: reverse("studio:stage", args=[stage, "USD"]) for stage in ("pending", "available", "paid")}
    pages["room-new"] = reverse("studio:room-new")
    return Story(ada=ada, pages=pages)


def _called_off(ada: Creator) -> Room:
    """A cancelled room: one buyer has their money, one card did not take it, one is still to be asked for."""
    now = clock.now()
    room = _room(ada, "Bernoulli aloud", now)
    sales = [story.sold(room, name=name, at=now) for name in ("Mary", "Karen", "Sofia")]
    cancel_room(room_id=room.id, user_id=ada.user_id, reason="Ada is ill", now=now, real_now=now)
    stripe_says(sales[0], 1000, now=now)
    ask_refund(
        sale_id=sales[1].id, reason=RefundReason.CANCELLED, asked_by="system",
        key=key_of(room_id=room.id, sale_id=sales[1].id), now=now,
    )  # fmt: skip
    stripe_says(sales[1], 1000, refund_id="re_2", now=now)
    stripe_says(sales[1], 1000, refund_id="re_2", failure="The refund failed: expired or canceled card", now=now)
    return room


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
