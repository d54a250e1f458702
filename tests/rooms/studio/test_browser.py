"""The studio in Chromium: no serious fault of accessibility, the live preview, all by keyboard."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.databases import Database
from tests.rooms.studio import site

pytestmark = pytest.mark.browser
SERIOUS = {"serious", "critical"}


def faults(page: Page) -> list[str]:
    """What axe finds on a page: rule and place of each serious fault."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


def _console(page: Page) -> list[str]:
    """A list that fills with the errors that the page reports, such as what the content security policy refused."""
    errors: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page.on("console", keep)
    return errors


def test_no_page_has_a_serious_fault(committed_db: Database, browser: Browser) -> None:
    told = site.told()
    with site.serving(committed_db) as url:
        for width, dark in ((1280, False), (390, True)):
            context = site.signed_in(browser, url, told.ada, width=width, dark=dark)
            page = context.new_page()
            complaints = _console(page)
            for name, path in told.pages.items():
                response = page.goto(path)
                assert response is not None
                assert response.status == 200, name
                assert faults(page) == [], name
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (
                    f"{name} is wider than the screen"
                )
            assert complaints == []
            context.close()


def test_ways_in_have_no_serious_fault(committed_db: Database, browser: Browser) -> None:
    with site.serving(committed_db) as url:
        page = browser.new_page(base_url=url)
        for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
            page.goto(path)
            assert faults(page) == [], path
        page.close()


def test_a_room_is_scheduled_by_keyboard_with_a_live_preview(committed_db: Database, browser: Browser) -> None:
    told = site.told()
    with site.serving(committed_db) as url:
        context = site.signed_in(browser, url, told.ada)
        page = context.new_page()
        page.goto(told.pages["room-new"])
        expect(page.locator("#preview")).to_contain_text("$9.11")
        page.get_by_label("Price of a seat").fill("20.00")
        expect(page.locator("#preview")).to_contain_text("$18.52")
        page.get_by_label("Co-hosts").fill("nobody")
        expect(page.locator("#preview")).to_contain_text("No creator here has the handle @nobody")
        page.get_by_label("Co-hosts").fill("grace")
        expect(page.locator("#preview")).to_contain_text("Grace Hopper")
        page.get_by_label("Title").focus()
        page.keyboard.type("By keyboard")
        page.get_by_label("Starts").fill("2099-01-01T20:00")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="By keyboard is scheduled.")).to_be_visible()
        context.close()


def test_the_account_menu_closes_with_escape(committed_db: Database, browser: Browser) -> None:
    told = site.told()
    with site.serving(committed_db) as url:
        context = site.signed_in(browser, url, told.ada)
        page = context.new_page()
        page.goto(told.pages["overview"])
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.locator("details.menu > summary").press("Enter")
        expect(page.get_by_role("link", name="Two-factor sign-in")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Two-factor sign-in")).to_be_hidden()
        context.close()
