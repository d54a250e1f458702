"""Tips, donations, Stars and cards in Chromium: no serious fault, and a tip that is shown to those in the room."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect

from config import clock
from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from payouts.models import Customer, Payee, Sale, SaleState, SavedCard, TransfersState
from payouts.wallets import lots
from rooms import queries
from rooms.donations.operations import choose_charity, open_charity
from rooms.events import hints
from rooms.models import Room, Tip, User
from rooms.stars.operations import buy_pack, give_stars
from rooms.tips import targets
from rooms.tips.operations import give_tip, switch_tips
from tests.databases import Database
from tests.rooms import cast
from tests.rooms.studio.site import serving
from tests.rooms.studio.test_browser import faults

pytestmark = pytest.mark.browser
PATIENT_MS = 15_000


@pytest.fixture(autouse=True)
def _hints_of_this_test() -> None:
    hints._client.cache_clear()


def _live_room() -> Room:
    """Ada's room is live, takes tips and has a charity."""
    now = clock.now()
    room = cast.room(
        cast.creator("Ada Lovelace"), now=now - timedelta(minutes=5), starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(hours=1),
    )  # fmt: skip
    switch_tips(creator_id=room.creator_id, on=True)
    charity = open_charity(name="Music for All", email="a@b.example", country="US", about="Lessons.", now=now)
    Payee.objects.filter(id=charity.payee_id).update(stripe_account_id="acct_m", transfers_state=TransfersState.ACTIVE)
    choose_charity(room_id=room.id, creator_id=room.creator_id, charity_id=charity.id)
    return queries.with_people().get(id=room.id)


def _with_card_and_stars(name: str) -> User:
    user, now = cast.person(name), clock.now()
    customer = Customer.objects.create(
        user=user, name=name, email=user.email, stripe_customer_id="cus_1", created_at=now, updated_at=now
    )
    SavedCard.objects.create(
        payment_method_id="pm_1", customer=customer, brand="visa", last4="4242", exp_month=12, exp_year=2034,
        is_default=True, added_at=now,
    )  # fmt: skip
    order = buy_pack(buyer_id=user.id, stars=1000, now=now)
    legs = (debit("stripe:pending", 1000, "USD"), credit(accounts.wallet(user.id), 1000, "USD"))
    post(
        posting=Posting(
            key="charge:ch_1", kind="sale", legs=legs, effective_at=now, subject="sale:1", description="1,000 Stars"
        )
    )
    with transaction.atomic():
        lots.add_pack(sale=order.sale, stars=1000, now=now)
    return user


def _tip(room: Room, user: User, **changes: object) -> str:
    tip = give_tip(
        target=targets.of_room(room), payer_id=user.id, amount_minor=2500, currency="USD", payment_method_id="pm_1",
        now=clock.now(),
    )  # fmt: skip
    Sale.objects.filter(id=tip.sale_id).update(**changes)
    if changes.get("paid_at"):
        Tip.objects.filter(id=tip.id).update(paid_at=changes["paid_at"])
    return tip.get_absolute_url()


def _context(browser: Browser, url: str, user: User, *, width: int = 1280, dark: bool = False) -> BrowserContext:
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light", base_url=url
    )
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
    return context


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_no_page_of_giving_has_a_serious_fault(
    committed_db: Database, browser: Browser, *, width: int, dark: bool
) -> None:
    room, linus, now = _live_room(), _with_card_and_stars("Linus"), clock.now()
    give_stars(target=targets.of_room(room), payer_id=linus.id, stars=50, message="Bravo", now=now)
    paid = _tip(room, linus, state=SaleState.PAID, paid_at=now, payment_intent_id="pi_1", charge_id="ch_2")
    paths = [
        room.get_absolute_url(), f"{room.get_absolute_url()}tip/", f"{room.get_absolute_url()}donate/",
        "/creators/ada/", "/creators/ada/tip/", "/stars/", "/account/cards/", "/purchases/", paid, f"{paid}receipt/",
        _tip(room, linus, state=SaleState.EXPIRED, expired_at=now, failure="There is not enough money on this card."),
        _tip(room, linus, channel="checkout", session_expires_at=now, checkout_url="https://checkout.example/1",
             decline_code="authentication_required"),
    ]  # fmt: skip
    complaints: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    with serving(committed_db) as url:
        context = _context(browser, url, linus, width=width, dark=dark)
        page = context.new_page()
        page.on("console", keep)
        for path in paths:
            page.goto(path)
            assert faults(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.goto(room.get_absolute_url())
        page.get_by_role("link", name="Give a tip").click()
        expect(page.get_by_role("button", name="Give the tip · $5.46")).to_be_visible()
        assert faults(page) == []
        context.close()
    assert complaints == []


def test_a_tip_is_chosen_at_a_press_and_shown_to_the_host_at_once(committed_db: Database, browser: Browser) -> None:
    room, linus = _live_room(), _with_card_and_stars("Linus")
    with serving(committed_db) as url:
        host, giver = _context(browser, url, room.creator.user), _context(browser, url, linus)
        seen = host.new_page()
        with seen.expect_response("**/live/events/"):
            seen.goto(room.get_absolute_url())
        page = giver.new_page()
        page.goto(room.get_absolute_url())
        opener = page.get_by_role("link", name="Give a tip")
        opener.click()
        page.get_by_role("button", name="$25.00").click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(opener).to_be_focused()
        opener.click()
        expect(page.get_by_label("Amount")).to_have_value("25")  # what was chosen before it was closed
        page.get_by_text("Who gets what").last.click()
        expect(page.locator("#preview")).to_contain_text("$26.06", timeout=PATIENT_MS)
        page.get_by_label("Stars").check()
        expect(page.get_by_text("You have 1,000 Stars, and this tip takes 2,500.")).to_be_visible(timeout=PATIENT_MS)
        expect(page.locator("#preview")).to_contain_text("All of $25.00 goes to Ada Lovelace.", timeout=PATIENT_MS)
        page.get_by_label("Amount").fill("2")
        page.get_by_role("button", name="Give the tip · 200 Stars").click()
        told = page.get_by_role("status").filter(has_text="200 Stars went to Ada Lovelace. Thank you.")
        expect(told).to_be_visible(timeout=PATIENT_MS)
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(opener).to_be_focused()
        assert page.url.endswith(room.get_absolute_url())
        expect(seen.locator("#room-tips")).to_contain_text("200 Stars", timeout=PATIENT_MS)
        host.close()
        giver.close()
