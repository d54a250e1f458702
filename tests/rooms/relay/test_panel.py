"""The live panel of the room page, used as a person uses it: buttons, sentences, and no microphone before its time."""

import json
import os
import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from rooms.relay import control
from tests.rooms.relay import tone
from tests.rooms.relay.browser import CHROMIUM, Chromium, Site
from tests.rooms.relay.house import ROOM
from tests.rooms.relay.live import Live

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]
WITHIN_MS = 60_000  # the machine may be busy; how soon is not what these tests are about


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def live(tmp_path: Path, site: Site) -> Iterator[Live]:
    with Live(tmp_path, origin=site.origin) as running:
        yield running


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with Chromium() as running:
        yield running


async def panel(chromium: Chromium, site: Site, options: dict[str, Any], **more: Any) -> Page:
    """The panel's page, as the site would render it for one person."""
    fragment = urllib.parse.quote(json.dumps({"room": ROOM, **options}))
    return await chromium.page(site, fragment=fragment, name="panel", **more)


async def says(page: Page, sentence: str) -> None:
    """Wait until the status says so."""
    await page.wait_for_selector(f"[data-live-status]:has-text('{sentence}')", timeout=WITHIN_MS)


async def test_a_listener_listens_and_leaves_and_is_never_asked_for_a_microphone(
    live: Live, site: Site, chromium: Chromium
) -> None:
    linus = await panel(chromium, site, {"url": live.url, "hear": [live.grant("linus")]})
    await linus.evaluate("() => { navigator.mediaDevices.getUserMedia = () => { window.asked = true } }")

    await linus.click("[data-live-listen]")
    await says(linus, "You are in.")

    assert live.metric("listeners") == 1
    assert not await linus.is_visible("[data-live-speak]")
    assert not await linus.is_visible("[data-live-why]")
    await linus.click("[data-live-leave]")
    await says(linus, "Not connected.")
    assert live.metric("sessions") == 0
    assert await linus.evaluate("window.asked") is None


async def test_who_is_brought_on_stage_speaks_mutes_and_steps_down(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    options = {"url": live.url, "hear": [live.grant("ada")], "speak": [live.grant("ada", speak=True)]}
    wav = tone.write_wav(tmp_path / "1000.wav", 1000, 4)
    ada = await panel(chromium, site, options, wav=wav)
    linus = await panel(chromium, site, {"url": live.url, "hear": [live.grant("linus")]})
    await ada.click("[data-live-listen]")
    await linus.click("[data-live-listen]")
    await says(ada, "You are in.")

    await ada.click("[data-live-speak]")
    await says(ada, "You are on stage.")
    await linus.wait_for_selector("[data-live-slot][data-speaks]", timeout=WITHIN_MS)
    assert await ada.evaluate("document.querySelector('[data-live-device]').options.length") >= 1
    await ada.wait_for_function(
        "document.querySelector('[data-live-level]').style.getPropertyValue('--level') > 0", timeout=WITHIN_MS
    )

    await ada.click("[data-live-mute]")
    await linus.wait_for_function("!document.querySelector('[data-live-slot][data-speaks]')", timeout=WITHIN_MS)
    assert await ada.get_attribute("[data-live-mute]", "aria-pressed") == "true"

    await ada.click("[data-live-offstage]")
    await ada.wait_for_selector("[data-live-speak]:visible", timeout=WITHIN_MS)
    assert live.metric("publishers") == 0


async def test_without_a_ticket_it_says_what_to_do(live: Live, site: Site, chromium: Chromium) -> None:
    fin = await panel(chromium, site, {"url": live.url})

    await fin.click("[data-live-listen]")

    await says(fin, "Buy a ticket to hear this room.")
    assert live.metric("sessions") == 0


async def test_a_refund_is_told_in_words(live: Live, site: Site, chromium: Chromium) -> None:
    linus = await panel(chromium, site, {"url": live.url, "hear": [live.grant("linus")]})
    await linus.click("[data-live-listen]")
    await says(linus, "You are in.")

    live.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60, reason="refunded"))

    await linus.wait_for_selector("[data-state=ended]", timeout=WITHIN_MS)
    assert await linus.inner_text("[data-live-status]") == "Your ticket was refunded, so the sound stopped here."


async def test_a_refused_microphone_is_explained(live: Live, site: Site, chromium: Chromium) -> None:
    options = {"url": live.url, "hear": [live.grant("ada")], "speak": [live.grant("ada", speak=True)]}
    ada = await panel(chromium, site, options)
    await ada.click("[data-live-listen]")
    await says(ada, "You are in.")
    await ada.evaluate(
        """() => {
            navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
        }"""
    )

    await ada.click("[data-live-speak]")

    await says(ada, "Allow it in the address bar")
    assert live.metric("publishers") == 0


async def test_it_works_by_keyboard_and_has_no_accessibility_fault(live: Live, site: Site, chromium: Chromium) -> None:
    linus = await panel(chromium, site, {"url": live.url, "hear": [live.grant("linus")]})
    await linus.focus("[data-live-listen]")
    await linus.keyboard.press("Enter")
    await says(linus, "You are in.")

    results = await Axe().run(linus)
    assert results.violations_count == 0, results.generate_report()
    if folder := os.environ.get("SCREENSHOTS"):
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                await linus.set_viewport_size({"width": width, "height": 900})
                await linus.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                await linus.screenshot(path=f"{folder}/panel-{width}-{scheme}.png")
