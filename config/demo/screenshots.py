"""`python -m config.demo.screenshots`: the README's pictures, taken from the running demo by Debian's Chromium."""

import os
import shutil
import sys
import time
from pathlib import Path

import django
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
SIZE: ViewportSize = {"width": 1280, "height": 860}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> int:
    """Take room, studio and admin; 1 with a line of help when Chromium is missing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop lives in this thread
    django.setup()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("make screenshots needs Chromium: apt-get install chromium, or set CHROMIUM to its path")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        take_all(browser)
        browser.close()
    return 0


def take_all(browser: Browser) -> None:
    """One picture for each kind of person."""
    from django.conf import settings  # noqa: PLC0415 (settings exist only after setup)

    from config.demo.story.authenticator import code_of_fin  # noqa: PLC0415 (models exist only after setup)
    from config.demo.story.cast import ADA, FIN, LINUS  # noqa: PLC0415

    site = settings.PUBLIC_URL
    page = sign_in(browser, site, LINUS.email)
    page.get_by_role("link", name="Late-night theremin").first.click()
    take(page, "room")
    page = sign_in(browser, site, ADA.email)
    page.goto(f"{site}/studio/sales/")
    page.locator("main table a.strong-link").first.click()
    take(page, "studio")
    page = sign_in(browser, site, FIN.email)
    page.locator("input[name=code]").fill(code_of_fin(now_s=time.time())[0])
    page.locator("main form button[type=submit]").first.click()
    page.goto(f"{site}/admin/ledger/transaction/")
    page.locator("#result_list a").filter(has_text="charge:").first.click()
    page.get_by_role("columnheader", name="Debit").last.scroll_into_view_if_needed()
    page.mouse.wheel(0, 400)
    take(page, "admin")


def sign_in(browser: Browser, site: str, email: str) -> Page:
    """A fresh profile, signed in by password."""
    from config.demo.story.cast import PASSWORD  # noqa: PLC0415 (beside the other names of the story)

    page = browser.new_page(viewport=SIZE, locale="en-US", timezone_id="UTC", device_scale_factor=1.5)
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page


def take(page: Page, name: str) -> None:
    """Write docs/screenshots/<name>.png."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()


if __name__ == "__main__":
    sys.exit(main())
