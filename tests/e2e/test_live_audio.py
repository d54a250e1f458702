"""Ada speaks in her room, Linus has paid and hears her on the room's page, Grace has not and hears nothing."""

import math
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from rooms.live.leases import LEASED
from tests.conftest import CHROMIUM_FLAGS, chromium_path
from tests.e2e.people import SLOW_MS, Someone
from tests.e2e.stack import Stack
from tests.rooms.relay import tone
from tests.rooms.studio.test_browser import faults

pytestmark = pytest.mark.browser

TITLE = "A tone among friends"
HEARD_HZ, NEAR_HZ, LOUD_ENOUGH_DB = 1000, 12, -70
# Every stream that comes over a peer connection is kept, so that what the page plays can be measured.
KEEP_STREAMS = """
    window.streams = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...settings) {
        super(...settings);
        this.addEventListener("track", ({ track }) => window.streams.push(new MediaStream([track])));
      }
    };
"""
# The strongest frequency among all that is heard.
LOUDEST = """() => {
    window.ears ??= new AudioContext();
    window.analysers ??= new Map();
    let loudest = { hz: 0, db: -Infinity };
    for (const stream of window.streams) {
      if (!analysers.has(stream)) {
        const analyser = ears.createAnalyser();
        analyser.fftSize = 8192;
        analyser.smoothingTimeConstant = 0;
        ears.createMediaStreamSource(stream).connect(analyser);
        analysers.set(stream, analyser);
      }
      const bins = new Float32Array(4096);
      analysers.get(stream).getFloatFrequencyData(bins);
      bins.forEach((db, bin) => {
        if (db > loudest.db) loudest = { hz: (bin * ears.sampleRate) / 8192, db };
      });
    }
    return loudest.db === -Infinity ? { hz: 0, db: -1000 } : loudest;
}"""
ASK_FOR_A_GRANT = """async (path) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(path, { method: "POST", headers: { "X-CSRFToken": token } });
    return { status: answer.status, body: await answer.json() };
}"""


@pytest.fixture
def ada(browser: Browser, stack: Stack, tmp_path: Path) -> Iterator[Someone]:
    """Ada, in front of a microphone that hears 1 kHz."""
    wav = tone.write_wav(tmp_path / "1000.wav", HEARD_HZ, 4)
    flags = [
        *CHROMIUM_FLAGS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}",
    ]
    with (
        browser.browser_type.launch(executable_path=chromium_path(), args=flags) as with_microphone,
        Someone.visiting(with_microphone, stack, name="Ada Okafor") as person,
    ):
        yield person


def test_who_has_paid_hears_the_host(ada: Someone, linus: Someone, grace: Someone) -> None:
    ada.signs_up()
    ada.becomes_a_payee()
    room = ada.schedules_a_room(title=TITLE, seats=10, price="10.00")
    linus.signs_up()
    linus.page.add_init_script(KEEP_STREAMS)
    linus.buys(room)
    linus.pays_with("4242 4242 4242 4242")
    expect(linus.page.get_by_role("heading", name="You're in")).to_be_visible(timeout=SLOW_MS)
    linus.page.goto(room)
    linus.reads("The room opens")
    the_room_starts(ada, room)

    ada_goes_on_stage(ada, room)
    linus_hears_her(linus, room)
    grace_hears_nothing(grace, room)
    the_room_ends(ada, linus)


def the_room_starts(someone: Someone, room: str) -> None:
    someone.page.goto(room)
    starts = someone.page.locator("article time").first.get_attribute("datetime")
    assert starts is not None
    moves_the_clock_to(someone, datetime.fromisoformat(starts) + timedelta(minutes=1))


def ada_goes_on_stage(ada: Someone, room: str) -> None:
    open_until_the_panel_is_there(ada, room)
    ada.press("Enter the room")
    says(ada, "You are in. Sound is on.")
    ada.press("Go on stage")
    says(ada, "You are on stage.")


def linus_hears_her(linus: Someone, room: str) -> None:
    open_until_the_panel_is_there(linus, room)
    expect(linus.page.get_by_role("button", name="Go on stage")).to_have_count(0)
    linus.press("Listen")
    says(linus, "You are in. Sound is on.")
    comes_true(
        linus.page,
        lambda: linus.page.evaluate(LOUDEST),
        lambda loudest: math.isclose(loudest["hz"], HEARD_HZ, abs_tol=NEAR_HZ) and loudest["db"] > LOUD_ENOUGH_DB,
    )
    expect(linus.page.locator("[data-live-slot]").first).to_have_attribute("data-speaks", "", timeout=SLOW_MS)
    assert faults(linus.page) == []
    assert sessions(linus) == {"listeners": 2, "publishers": 1}
    pictures(linus, "listener")


def grace_hears_nothing(grace: Someone, room: str) -> None:
    grace.signs_up()
    grace.page.goto(room)
    expect(grace.page.get_by_role("button", name="Buy a ticket")).to_be_visible()
    expect(grace.page.locator("[data-live-grant]")).to_have_count(0)

    answer = grace.page.evaluate(ASK_FOR_A_GRANT, f"{room}live/grant/")

    assert answer["status"] == 403
    assert answer["body"]["detail"] == "Buy a ticket to hear this room."
    assert "token" not in answer["body"]
    assert sessions(grace) == {"listeners": 2, "publishers": 1}


def the_room_ends(ada: Someone, linus: Someone) -> None:
    pictures(ada, "host")
    with Redis.from_url(ada.stack.environment["REDIS_URL"]) as valkey:  # its end is told once its leases were renewed
        comes_true(ada.page, lambda: valkey.scard(LEASED), lambda rooms: rooms == 1)
    clock_s = ada.page.request.get(f"{ada.stack.sandbox}/_sandbox/clock").json()["now"]
    moves_the_clock_to(ada, datetime.fromtimestamp(clock_s, UTC) + timedelta(days=1))
    for someone in (linus, ada):
        says(someone, "The room has ended.")
    comes_true(linus.page, lambda: sessions(linus), lambda now: now == {"listeners": 0, "publishers": 0})


def moves_the_clock_to(someone: Someone, moment: datetime) -> None:
    answer = someone.page.request.post(
        f"{someone.stack.sandbox}/_sandbox/clock", data={"to": moment.timestamp()}, timeout=2 * SLOW_MS
    )
    assert answer.ok, answer.text()


def open_until_the_panel_is_there(someone: Someone, room: str) -> None:
    """The site asks the sandbox's clock at most once a second."""

    def panels() -> int:
        someone.page.goto(room)
        return someone.page.locator("[data-live-listen]").count()

    comes_true(someone.page, panels, lambda count: count == 1)


def says(someone: Someone, sentence: str) -> None:
    expect(someone.page.locator("[data-live-status]")).to_contain_text(sentence, timeout=2 * SLOW_MS)


def sessions(someone: Someone) -> dict[str, int]:
    """How many the relay carries, by its own count."""
    lines = someone.page.request.get(f"{someone.stack.relay}/metrics").text().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: int(float(values[f"relay_{name}"])) for name in ("listeners", "publishers")}


def comes_true(page: Page, look: Callable[[], Any], true: Callable[[Any], bool]) -> None:
    """Look until it is so. The page's policy forbids Playwright's own waiting for a function."""
    end_s = time.monotonic() + 2 * SLOW_MS / 1000
    while not true(seen := look()):
        assert time.monotonic() < end_s, f"{page.url} stayed at {seen}"
        page.wait_for_timeout(200)


def pictures(someone: Someone, name: str) -> None:
    """For people who want to see: SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                someone.page.set_viewport_size({"width": width, "height": 900})
                someone.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                someone.page.screenshot(path=f"{folder}/live-{name}-{width}-{scheme}.png", full_page=True)
