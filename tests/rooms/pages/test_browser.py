"""The listener's pages in Chromium: no serious fault, the visitor's own time, and tickets that turn by themselves."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from config import clock
from payouts import handlers
from payouts.models import Sale
from rooms.events import hints
from rooms.models import Room, Ticket, User
from rooms.tickets.operations import buy_ticket
from tests.databases import Database
from tests.rooms import cast
from tests.rooms.studio.site import serving
from tests.rooms.studio.test_browser import faults

pytestmark = pytest.mark.browser
PATIENT_MS = 15_000
NO_VALKEY = "redis://127.0.0.1:9/0"


def _room(**changes: object) -> Room:
    now = clock.now()
    start = now + timedelta(days=1)
    host = cast.creator("Ada Lovelace")
    return cast.room(host, **({"now": now, "starts_at": start, "ends_at": start + timedelta(hours=1)} | changes))


def _held(room: Room, buyer: User) -> Ticket:
    ticket = buy_ticket(room_id=room.id, buyer_id=buyer.id, now=clock.now())
    Sale.objects.filter(id=ticket.sale_id).update(
        checkout_session_id=f"cs_{ticket.id}", checkout_url="https://checkout.example/1"
    )
    return ticket


def _tell(name: str, ticket: Ticket) -> None:
    with transaction.atomic():
        handlers.tell(name, sale_id=ticket.sale_id, now=clock.now())


@contextmanager
def _window(browser: Browser, url: str, user: User | None, *, width: int = 1280, dark: bool = False) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if dark else "light",
        timezone_id="Asia/Tokyo",
        base_url=url,
    )
    if user is not None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.fixture(autouse=True)
def _hints_of_this_test() -> None:
    hints._client.cache_clear()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_no_page_has_a_serious_fault(committed_db: Database, browser: Browser, *, width: int, dark: bool) -> None:
    room, linus = _room(description="Bring a pencil."), cast.person("Linus")
    tickets = {name: _held(room, cast.person(name)) for name in ("Margaret", "Radia")}
    _tell("sale.paid", tickets["Margaret"])
    _tell("sale.expired", tickets["Radia"])
    paths = {
        linus: ["/", "/creators/ada/", room.get_absolute_url(), "/tickets/"],
        tickets["Margaret"].buyer: [
            "/tickets/",
            room.get_absolute_url(),
            tickets["Margaret"].get_absolute_url(),
            f"{tickets['Margaret'].get_absolute_url()}receipt/",
        ],
        tickets["Radia"].buyer: ["/tickets/", tickets["Radia"].get_absolute_url()],
    }
    complaints: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    with serving(committed_db) as url:
        for user, addresses in paths.items():
            with _window(browser, url, user, width=width, dark=dark) as page:
                page.on("console", keep)
                for path in addresses:
                    page.goto(path)
                    assert faults(page) == [], path
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints == []


def test_the_page_turns_by_itself_when_the_payment_was_processed(committed_db: Database, browser: Browser) -> None:
    room, linus = _room(), cast.person("Linus")
    ticket = _held(room, linus)
    with serving(committed_db) as url, _window(browser, url, linus) as page:
        with page.expect_response("**/state/**"):  # "ready" was heard, and the state was read after it
            page.goto(f"{ticket.get_absolute_url()}?from=checkout")
        expect(page.get_by_role("heading", name="Confirming your payment")).to_be_visible()

        _tell("sale.paid", ticket)

        expect(page.get_by_role("heading", name="You're in")).to_be_visible(timeout=PATIENT_MS)
        expect(page).to_have_title(f"You're in: {room.title} · Obole")


def test_the_page_turns_by_itself_without_valkey(committed_db: Database, browser: Browser) -> None:
    ticket = _held(_room(), cast.person("Linus"))
    with serving(committed_db, REDIS_URL=NO_VALKEY) as url, _window(browser, url, ticket.buyer) as page:
        page.goto(f"{ticket.get_absolute_url()}?from=checkout")

        _tell("sale.paid", ticket)

        expect(page.get_by_role("heading", name="You're in")).to_be_visible(timeout=PATIENT_MS)


def test_a_buyer_who_waits_for_the_card_page_is_taken_there(committed_db: Database, browser: Browser) -> None:
    ticket = buy_ticket(room_id=_room().id, buyer_id=cast.person("Linus").id, now=clock.now())
    with serving(committed_db) as url, _window(browser, url, ticket.buyer) as page:
        page.goto(ticket.get_absolute_url())
        expect(page.get_by_text("The card page is taking a moment to open")).to_be_visible()

        Sale.objects.update(checkout_session_id="cs_1", checkout_url=f"{url}/creators/ada/")

        page.wait_for_url("**/creators/ada/", timeout=PATIENT_MS)


def test_times_are_told_in_the_visitors_zone_and_holds_count_down(committed_db: Database, browser: Browser) -> None:
    room = _room()
    ticket = _held(room, cast.person("Linus"))
    with serving(committed_db) as url, _window(browser, url, ticket.buyer) as page:
        page.goto(room.get_absolute_url())
        start = page.locator("time").first
        expect(start).to_contain_text("GMT+9")
        expect(start).to_have_attribute("title", room.starts_at.strftime("%a %-d %b %Y, %H:%M UTC"))

        page.goto(ticket.get_absolute_url())
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^1[45]:[0-5]\d$"))
