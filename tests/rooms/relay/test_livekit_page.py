"""The page on LiveKit: the same client over another transport, with LiveKit's client played by the page.

There is no LiveKit server to be had here. That the names which the transport uses exist in the real client is tested
where `make livekit-client` has put it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page

from tests.processes import ROOT
from tests.rooms.relay.browser import CHROMIUM, Chromium, Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]
DUPLICATE, SHUTDOWN, REMOVED, DELETED = 2, 3, 4, 5


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    with Site() as site:
        async with Chromium() as chromium:
            yield await chromium.page(site, name="livekit")


async def becomes(page: Page, expression: str) -> None:
    await page.wait_for_function(expression, timeout=60_000)


async def facts(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate("demo.facts()")
    return found


async def test_a_listener_hears_voices_as_they_come_and_go_and_never_their_own(page: Page) -> None:
    await page.evaluate("demo.join('listen', 'user:ada')")
    assert (await facts(page))["connected"] == {
        "url": "wss://livekit.test",
        "token": '{"identity":"user:ada"}',
        "autoSubscribe": True,
    }

    await page.evaluate("demo.say('user:grace|stage', 'TR_1', 500)")
    await page.evaluate("demo.say('user:ada|stage', 'TR_2', 1000)")

    await becomes(page, "demo.heard() === 1 && demo.playing().every(Boolean)")
    assert (await facts(page))["refused"] == 1
    await page.evaluate("demo.hush('TR_1')")
    await becomes(page, "demo.heard() === 0")


async def test_a_speaker_publishes_the_microphone_and_hears_nothing(page: Page) -> None:
    await page.evaluate("demo.join('speak', 'user:ada|stage')")

    (track,) = await page.evaluate("demo.published()")
    assert (track["kind"], track["source"], track["dtx"]) == ("audio", "microphone", True)
    found = await facts(page)
    assert (found["connected"]["autoSubscribe"], found["asked"]) == (False, ["speak"])


@pytest.mark.parametrize(
    ("reason", "told"), [(DUPLICATE, "moved"), (REMOVED, "revoked"), (DELETED, "room-ended")], ids=str
)
async def test_why_it_is_over_is_told_in_our_words(page: Page, reason: int, told: str) -> None:
    await page.evaluate("demo.join('listen', 'ticket:linus')")

    await page.evaluate(f"demo.disconnect({reason})")

    await becomes(page, "demo.facts().ended !== null")
    found = await facts(page)
    assert (found["ended"]["reason"], found["rooms"]) == (told, 1)
    assert found["ended"]["detail"]


async def test_when_the_server_goes_it_joins_again_with_another_grant(page: Page) -> None:
    await page.evaluate("demo.join('listen', 'ticket:linus')")

    await page.evaluate(f"demo.disconnect({SHUTDOWN})")

    await becomes(page, "demo.facts().rooms === 2")
    await becomes(page, "demo.facts().states.at(-1) === 'live'")
    found = await facts(page)
    assert found["states"] == ["connecting", "live", "reconnecting", "live"]
    assert found["asked"] == ["listen", "listen"]


@pytest.mark.skipif(
    not (ROOT / "rooms/static/livekit/VERSION").exists(), reason="`make livekit-client` was not run; it needs npm"
)
async def test_the_real_client_has_what_the_transport_uses(page: Page) -> None:
    async with asyncio.timeout(60):
        assert await page.evaluate("demo.real()") == {
            "events": True,
            "source": "microphone",
            "reasons": True,
            "methods": True,
        }
