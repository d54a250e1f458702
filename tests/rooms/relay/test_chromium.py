"""Chromium, end to end: what a page says is what another page hears, and only while it may."""

import json
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route

from rooms.relay import control
from tests.processes import free_port
from tests.rooms.relay import tone
from tests.rooms.relay.browser import CHROMIUM, Chromium, Site
from tests.rooms.relay.house import ROOM
from tests.rooms.relay.live import Live
from tests.rooms.relay.lossy import Lossy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]
HEARD_DB = -45
SILENT_DB = -90
WITHIN_MS = 60_000  # the machine may be busy; how soon is not what these tests are about
HIDE_COUNTERS = """
    const hidden = %s;
    const getStats = RTCPeerConnection.prototype.getStats;
    RTCPeerConnection.prototype.getStats = async function () {
      const plain = [...(await getStats.call(this)).entries()].map(([id, report]) => {
        const copy = { ...report };
        for (const name of hidden) delete copy[name];
        return [id, copy];
      });
      return new Map(plain);
    };
"""


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


async def join(page: Page, live: Live, kind: str, token: str, **more: str) -> None:
    """Join, and wait until the page is in."""
    await page.evaluate(
        "options => window.demo.join(options)",
        {"url": live.url, "room": ROOM, "kind": kind, "grant": token, **more},
    )
    await page.wait_for_function("['live', 'ended'].includes(demo.state())", timeout=WITHIN_MS)


async def hears(page: Page, hz: float) -> None:
    """Wait until the page hears a frequency as the strongest of some slot."""

    def is_it(peaks: list[dict[str, float]]) -> bool:
        return any(abs(peak["hz"] - hz) < 12 and (peak["db"] or SILENT_DB) > HEARD_DB for peak in peaks)

    await reaches(page, "demo.peaks()", is_it)


async def is_silent(page: Page) -> None:
    """Wait until the page hears nothing at all."""
    await reaches(page, "demo.peaks()", lambda peaks: all((peak["db"] or SILENT_DB) <= SILENT_DB for peak in peaks))


async def reaches(
    page: Page, expression: str, true: Callable[[Any], bool], *, within_s: float = WITHIN_MS / 1000
) -> Any:
    """Wait until an asynchronous expression has a value that satisfies; returns it."""
    end_s = time.monotonic() + within_s
    while not true(value := await page.evaluate(expression)):
        assert time.monotonic() < end_s, f"{expression} stayed at {value} in {await page.evaluate('demo.states()')}"
        await page.wait_for_timeout(100)
    return value


async def two_in_the_room(live: Live, site: Site, chromium: Chromium, tmp: Path) -> tuple[Page, Page]:
    """Ada says 1 kHz, Linus hears it."""
    ada = await chromium.page(site, wav=tone.write_wav(tmp / "1000.wav", 1000, 4))
    linus = await chromium.page(site)
    await join(ada, live, "speak", live.grant("ada", speak=True))
    await join(linus, live, "listen", live.grant("linus"))
    await hears(linus, 1000)
    return ada, linus


async def test_a_page_hears_the_tone_that_another_page_says(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    _, linus = await two_in_the_room(live, site, chromium, tmp_path)

    assert await linus.evaluate("demo.level(1000) - demo.level(3000)") > 30


async def test_a_page_without_a_grant_gets_a_refusal_and_no_packet(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    await two_in_the_room(live, site, chromium, tmp_path)
    fin = await chromium.page(site)

    await join(fin, live, "listen", live.grant("fin", room="another-room"))

    assert await fin.evaluate("demo.state()") == "ended"
    assert await fin.evaluate("demo.ended()") == {
        "reason": "grant-room",
        "detail": "The grant is for another room.",
    }
    assert await fin.evaluate("demo.packets()") is None  # not even a path
    assert live.metric("listeners") == 1


async def test_a_spent_grant_lets_nobody_else_in(live: Live, site: Site, chromium: Chromium, tmp_path: Path) -> None:
    ada, fin = await chromium.page(site), await chromium.page(site)
    token = live.grant("ada")

    await join(ada, live, "listen", token)
    await join(fin, live, "listen", token)

    assert await ada.evaluate("demo.state()") == "live"
    assert await fin.evaluate("demo.state()") == "ended"
    assert live.metric("listeners") == 1


async def test_promotion_lets_the_listener_speak_and_all_hear_both(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    _, linus = await two_in_the_room(live, site, chromium, tmp_path)
    grace_ears = await chromium.page(site)
    await join(grace_ears, live, "listen", live.grant("grace"))
    grace_voice = await chromium.page(site, wav=tone.write_wav(tmp_path / "500.wav", 500, 4))

    await join(grace_voice, live, "speak", live.grant("grace", speak=True))

    await hears(linus, 500)
    await hears(linus, 1000)
    await hears(grace_ears, 1000)
    assert await grace_ears.evaluate("demo.level(500)") < SILENT_DB  # nobody gets their own voice back


async def test_mute_is_silence_and_unmute_is_sound(live: Live, site: Site, chromium: Chromium, tmp_path: Path) -> None:
    _, linus = await two_in_the_room(live, site, chromium, tmp_path)

    live.tell(control.Mute(room=ROOM, identity="ada", muted=True))
    await is_silent(linus)
    live.tell(control.Mute(room=ROOM, identity="ada", muted=False))

    await hears(linus, 1000)
    assert await linus.evaluate("demo.states()") == ["connecting", "live"]  # nobody had to reconnect


async def test_a_refund_silences_and_says_so(live: Live, site: Site, chromium: Chromium, tmp_path: Path) -> None:
    _, linus = await two_in_the_room(live, site, chromium, tmp_path)

    live.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 600, reason="refunded"))

    await is_silent(linus)
    await linus.wait_for_function("demo.state() === 'ended'", timeout=WITHIN_MS)
    assert (await linus.evaluate("demo.ended()"))["reason"] == "refunded"
    assert live.metric("listeners") == 0


async def test_a_shared_seat_moves_and_the_first_is_told(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    _, linus = await two_in_the_room(live, site, chromium, tmp_path)
    friend = await chromium.page(site)

    await join(friend, live, "listen", live.grant("linus"))

    await hears(friend, 1000)
    await linus.wait_for_function("demo.state() === 'ended'", timeout=WITHIN_MS)
    assert (await linus.evaluate("demo.ended()"))["reason"] == "moved"
    assert live.metric("listeners") == 1


async def test_sound_comes_back_without_a_click_when_the_relay_was_killed(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    ada, linus = await two_in_the_room(live, site, chromium, tmp_path)

    live.kill()
    await linus.wait_for_function("demo.state() === 'reconnecting'", timeout=WITHIN_MS)
    live.start()

    await linus.wait_for_function("demo.state() === 'live'", timeout=WITHIN_MS)
    await hears(linus, 1000)
    assert await linus.evaluate("demo.states()") == ["connecting", "live", "reconnecting", "live"]
    assert await ada.evaluate("demo.states()") == ["connecting", "live", "reconnecting", "live"]
    assert live.metric("resumes_total") >= 2  # with resume tokens: the site was not asked


async def test_an_ice_restart_keeps_the_session_and_the_sound(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    _, linus = await two_in_the_room(live, site, chromium, tmp_path)

    await linus.evaluate("demo.restart()")
    before = await linus.evaluate("demo.packets()")
    await reaches(linus, "demo.packets()", lambda now: now > before + 50)

    await hears(linus, 1000)
    assert live.metric("ice_restarts_total") == 1
    assert live.metric("joins_total") == 2
    assert await linus.evaluate("demo.states()") == ["connecting", "live"]


async def test_a_listener_over_https_hears_the_tone(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    ada = await chromium.page(site, wav=tone.write_wav(tmp_path / "1000.wav", 1000, 4))
    linus = await chromium.page(site)
    await join(ada, live, "speak", live.grant("ada", speak=True))

    await join(linus, live, "listen", live.grant("linus"), transport="webm")

    await hears(linus, 1000)


async def test_a_listener_whose_udp_is_blocked_falls_back_to_https_by_itself_and_hears(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    ada = await chromium.page(site, wav=tone.write_wav(tmp_path / "1000.wav", 1000, 4))
    await join(ada, live, "speak", live.grant("ada", speak=True))
    linus = await chromium.page(site)

    async def block(route: Route) -> None:
        """Nobody answers at port 9, as where a network lets no UDP through."""
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace(f" {live.udp_port} typ", " 9 typ"))

    await linus.route("**/whep", block)
    await join(linus, live, "listen", live.grant("linus"))

    await hears(linus, 1000)
    assert await linus.evaluate("demo.states()") == ["connecting", "live"]  # no click, no second question to the site
    assert live.metric("listeners") == 0
    assert live.metric("listeners_over_https") == 1


async def test_refused_autoplay_shows_one_button_that_starts_the_sound(
    live: Live, site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    options = {"url": live.url, "room": ROOM, "kind": "listen", "grant": live.grant("linus")}

    # By the address, because a script that the test runs counts as a click.
    linus = await chromium.page(site, autoplay=False, fragment=urllib.parse.quote(json.dumps(options)))
    await linus.wait_for_selector("#play:visible", timeout=WITHIN_MS)
    assert await linus.inner_text("#state") == "blocked"
    await linus.click("#play")

    await linus.wait_for_selector("#state:text('live')", timeout=WITHIN_MS)


async def test_of_five_per_cent_lost_each_way_nearly_all_comes_again_in_time(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    """Counted in packets that the decoder missed: concealed samples also count the stalls of a busy test machine."""
    public_port = free_port()
    with (
        Live(tmp_path, origin=site.origin, RELAY_PUBLIC_UDP_PORT=str(public_port)) as live,
        Lossy(public_port, live.udp_port, 0.05) as network,
    ):
        _, linus = await two_in_the_room(live, site, chromium, tmp_path)
        heard = await reaches(linus, "demo.packetsHeard()", lambda now: now["received"] > 500)

    assert network.lost["up"] > 10
    assert network.lost["down"] > 10
    assert heard["lost"] / heard["received"] <= 0.01


async def test_a_page_that_changes_network_finds_a_new_path_and_keeps_its_session(
    site: Site, chromium: Chromium, tmp_path: Path
) -> None:
    public_port = free_port()
    with (
        Live(tmp_path, origin=site.origin, RELAY_PUBLIC_UDP_PORT=str(public_port)) as live,
        Lossy(public_port, live.udp_port, 0.0) as network,
    ):
        _, linus = await two_in_the_room(live, site, chromium, tmp_path)

        network.cut()
        await is_silent(linus)

        await hears(linus, 1000)
        assert live.metric("ice_restarts_total") >= 2  # the speaker's and the listener's
        assert live.metric("joins_total") == 2
        assert await linus.evaluate("demo.states()") == ["connecting", "live"]


@pytest.mark.parametrize(
    "hidden", [["packetsReceived"], ["packetsReceived", "bytesReceived"]], ids=["bytes", "neither"]
)
async def test_a_browser_that_counts_less_is_not_thrown_out_of_a_quiet_room(
    live: Live, site: Site, chromium: Chromium, hidden: list[str]
) -> None:
    """Firefox counts no packets of a transport."""
    linus = await chromium.page(site, script=HIDE_COUNTERS % json.dumps(hidden))
    await join(linus, live, "listen", live.grant("linus"))

    await linus.wait_for_timeout(4000)  # the time in which a silent line would have been given up twice

    assert await linus.evaluate("demo.states()") == ["connecting", "live"]
    assert live.metric("ice_restarts_total") == 0
