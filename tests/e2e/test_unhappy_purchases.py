"""Purchases that do not end in a ticket: each leaves a clear page, no charge and no lost seat."""

import psycopg
import pytest
from playwright.sync_api import expect

from tests.e2e.people import SLOW_MS, Someone

pytestmark = pytest.mark.browser


@pytest.fixture
def room(ada: Someone) -> str:
    """Ada's room with a single seat."""
    ada.signs_up()
    ada.becomes_a_payee()
    return ada.schedules_a_room(title="One chair", seats=1, price="10.00")


def postings(someone: Someone) -> int:
    with psycopg.connect(someone.stack.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM ledger_transaction").fetchone()
    assert row is not None
    return int(row[0])


def test_a_declined_card_a_way_back_and_an_expired_hold(linus: Someone, grace: Someone, room: str) -> None:
    linus.signs_up()
    linus.buys(room)
    linus.pays_with("4000 0000 0000 0002")
    expect(linus.page.get_by_role("alert")).to_contain_text("declined")

    linus.page.get_by_role("link", name="Back to Obole").click()
    linus.reads("You came back without paying")
    linus.reads("Your card was not charged")

    grace.page.goto(room)
    grace.reads("Every seat is sold or held")
    ticket = linus.page.url
    linus.moves_the_clock("+1 hour")
    linus.page.goto(ticket)
    linus.reads("Your hold ran out")
    linus.reads("Your card was not charged")
    grace.page.goto(room)
    expect(grace.page.get_by_role("button", name="Buy a ticket")).to_be_visible()
    assert postings(linus) == 0

    linus.buys(room)
    linus.pays_with("4242 4242 4242 4242")
    expect(linus.page.get_by_role("heading", name="You're in")).to_be_visible(timeout=SLOW_MS)


def test_a_closed_tab_keeps_the_seat_until_the_hold_ends(linus: Someone, room: str) -> None:
    linus.signs_up()
    linus.buys(room)
    card_page = linus.page.url
    linus.open("/tickets/")  # the tab with the card page is gone
    linus.follow("One chair")
    linus.reads("Your seat is held")
    linus.follow("Pay $10.00 by card")
    assert linus.page.url == card_page
    linus.moves_the_clock("+1 hour")
    linus.page.goto(card_page)
    linus.page.get_by_text("This checkout page has expired").wait_for(timeout=SLOW_MS)
    assert postings(linus) == 0
