"""A room from its first tone to its end: heard by who may, silent for others, with a stage that hosts decide about."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import CHROMIUM_FLAGS, chromium_path
from tests.e2e.people import SLOW_MS, Someone
from tests.e2e.stack import Stack
from tests.processes import ROOT, Program, answers
from tests.rooms.relay import tone
from tests.rooms.studio.test_browser import faults

pytestmark = pytest.mark.browser

TITLE = "A tone among friends"
ADAS_HZ, LINUS_HZ, NEAR_HZ = 1000, 2500, 12
LOUD_DB, QUIET_DB = -70, -85
# Every stream that comes over a peer connection is kept, so that what the page plays can be measured; the microphone's
# noise suppression takes a steady tone for noise, so it is left off.
KEEP_STREAMS = """
    window.streams = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...settings) {
        super(...settings);
        this.addEventListener("track", ({ track }) => window.streams.push(new MediaStream([track])));
      }
    };
    const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    if (ask) navigator.mediaDevices.getUserMedia = ({ audio }) => {
      window.asked = true;
      return ask({ audio: { ...audio, noiseSuppression: false, echoCancellation: false, autoGainControl: false } });
    };
"""
# How loud each of the frequencies is among all that is heard now, and the loudest frequency of all.
LOUDNESS = """(wanted) => {
    window.ears ??= new AudioContext();
    window.analysers ??= new Map();
    const levels = { loudest: { hz: 0, db: -1000 } };
    for (const hz of wanted) levels[hz] = -1000;
    for (const stream of window.streams) {
      if (!stream.active) continue;
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
        const at = (bin * ears.sampleRate) / 8192;
        if (db > levels.loudest.db) levels.loudest = { hz: at, db };
        for (const hz of wanted) if (Math.abs(at - hz) < NEAR) levels[hz] = Math.max(levels[hz], db);
      });
    }
    return levels;
}""".replace("NEAR", str(NEAR_HZ))
ASK_FOR_A_GRANT = """async (path) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(path, { method: "POST", headers: { "X-CSRFToken": token } });
    return { status: answer.status, body: await answer.json() };
}"""
REFUND = """
from config import clock
from rooms.models import Creator, Ticket
from rooms.refunds.operations import refund_as_host
ticket = Ticket.objects.get(buyer__email="linus@obole.example")
refund_as_host(sale_id=ticket.sale_id, creator=Creator.objects.get(), key="for Linus", now=clock.now())
"""


@contextmanager
def with_a_tone(browser: Browser, stack: Stack, tmp_path: Path, *, name: str, hz: int) -> Iterator[Someone]:
    """Somebody in front of a microphone that hears a tone."""
    wav = tone.write_wav(tmp_path / f"{hz}.wav", hz, 4)
    flags = [
        *CHROMIUM_FLAGS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}",
    ]
    with (
        browser.browser_type.launch(executable_path=chromium_path(), args=flags) as with_microphone,
        Someone.visiting(with_microphone, stack, name=name) as person,
    ):
        person.page.add_init_script(KEEP_STREAMS)
        yield person


@pytest.fixture
def ada(browser: Browser, stack: Stack, tmp_path: Path) -> Iterator[Someone]:
    with with_a_tone(browser, stack, tmp_path, name="Ada Okafor", hz=ADAS_HZ) as person:
        yield person


@pytest.fixture
def linus(browser: Browser, stack: Stack, tmp_path: Path) -> Iterator[Someone]:
    with with_a_tone(browser, stack, tmp_path, name="Linus Berg", hz=LINUS_HZ) as person:
        yield person


def test_a_room_from_its_first_tone_to_its_end(ada: Someone, linus: Someone, grace: Someone) -> None:
    ada.signs_up()
    ada.becomes_a_payee()
    ada.open("/studio/onboarding/")
    ada.press("Switch tips on")
    room = ada.schedules_a_room(title=TITLE, seats=10, price="10.00")
    linus.signs_up()
    linus.buys(room)
    linus.pays_with("4242 4242 4242 4242")
    expect(linus.page.get_by_role("heading", name="You're in")).to_be_visible(timeout=SLOW_MS)
    linus.page.goto(room)
    linus.reads("The room opens")
    the_room_starts(ada, room)

    ada_goes_on_stage(ada, room)
    linus_hears_her(linus, room)
    linus_tips_and_goes_on_hearing(ada, linus)
    grace_hears_nothing(grace, room)
    grace_is_let_in_as_a_guest(ada, grace, room)
    linus_is_brought_up(ada, linus, grace)
    linus_is_muted_and_heard_again(ada, linus, grace)
    with the_relay_killed_and_started_again(ada, linus, grace):
        linus_is_refunded(linus, grace)
        ada_ends_the_room(ada, grace)


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
    expect(ada.page.get_by_role("button", name="Mute", exact=True)).to_be_focused()  # in place of what was pressed


def linus_hears_her(linus: Someone, room: str) -> None:
    open_until_the_panel_is_there(linus, room)
    expect(linus.page.get_by_role("button", name="Go on stage")).to_have_count(0)
    linus.press("Listen")
    says(linus, "You are in. Sound is on.")
    hears(linus, ADAS_HZ)
    loudest = linus.page.evaluate(LOUDNESS, [])["loudest"]
    assert math.isclose(loudest["hz"], ADAS_HZ, abs_tol=NEAR_HZ)
    expect(on_stage(linus, "Ada Okafor")).to_have_attribute("data-speaks", "", timeout=SLOW_MS)
    assert linus.page.evaluate("window.asked") is None
    assert faults(linus.page) == []
    assert sessions(linus) == {"listeners": 2, "publishers": 1}
    pictures(linus, "listener")


def linus_tips_and_goes_on_hearing(ada: Someone, linus: Someone) -> None:
    """The card page is another tab; the room stays, and says when the tip has come."""
    linus.follow("Give a tip")
    with linus.page.context.expect_page() as opened:
        linus.press("Give the tip")
    Someone(name=linus.name, page=opened.value, stack=linus.stack).pays_with("4242 4242 4242 4242")
    told = linus.page.get_by_role("status").filter(has_text="Your tip of $5.00 went to Ada Okafor.")
    expect(told).to_be_visible(timeout=SLOW_MS)
    opened.value.close()
    linus.page.bring_to_front()
    hears(linus, ADAS_HZ)
    expect(ada.page.locator("#room-tips")).to_contain_text("$5.00", timeout=SLOW_MS)


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


def grace_is_let_in_as_a_guest(ada: Someone, grace: Someone, room: str) -> None:
    ada.page.get_by_text("Listeners and guests").click()
    ada.page.get_by_label("Invite somebody without a ticket").fill("grace@obole.example")
    ada.page.get_by_role("button", name="Invite", exact=True).click()
    expect(ada.page.locator("[data-hosts-guests]")).to_contain_text("grace@obole.example")
    grace.page.add_init_script(KEEP_STREAMS)
    grace.page.goto(room)
    grace.press("Listen")
    hears(grace, ADAS_HZ)


def linus_is_brought_up(ada: Someone, linus: Someone, grace: Someone) -> None:
    """He raises a hand, the host sees it, and once he has gone on stage everybody hears both."""
    linus.press("Raise your hand")
    ada.page.get_by_role("button", name="Bring up Linus Berg").click(timeout=SLOW_MS)
    expect(linus.page.locator("[data-live-notice]")).to_contain_text("brought you up", timeout=SLOW_MS)
    assert linus.page.evaluate("window.asked") is None
    linus.press("Go on stage")
    says(linus, "You are on stage.")
    hears(ada, LINUS_HZ)
    hears(linus, ADAS_HZ)
    hears(grace, ADAS_HZ, LINUS_HZ)
    expect(on_stage(grace, "Linus Berg")).to_have_attribute("data-speaks", "", timeout=SLOW_MS)
    assert faults(ada.page) == []
    pictures(ada, "host")
    pictures(linus, "speaker")


def linus_is_muted_and_heard_again(ada: Someone, linus: Someone, grace: Someone) -> None:
    ada.page.get_by_role("button", name="Mute Linus Berg").click()
    says(linus, "The host has muted you. You can unmute yourself.")
    hears(grace, ADAS_HZ, nothing_of=LINUS_HZ)
    linus.press("Unmute")
    hears(grace, ADAS_HZ, LINUS_HZ)


@contextmanager
def the_relay_killed_and_started_again(ada: Someone, linus: Someone, grace: Someone) -> Iterator[None]:
    """Nobody touches a page, and the sound comes back."""
    stack = ada.stack
    relay = next(program for program in stack.programs if program.name == "relay")
    relay.kill()
    says(grace, "The connection was lost. Reconnecting…")
    with Program("relay", "-m", "rooms.relay", environment=stack.environment) as again:
        again.wait_until(lambda: answers(f"{stack.relay}/healthz"), what="/healthz")
        hears(grace, ADAS_HZ, LINUS_HZ)
        says(linus, "You are on stage.")
        yield


def linus_is_refunded(linus: Someone, grace: Someone) -> None:
    """Both of his seats are gone, the one that hears and the one that speaks."""
    operator = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", REFUND],
        cwd=ROOT,
        env={**os.environ, **linus.stack.environment},
        check=False,
        capture_output=True,
        text=True,
    )
    assert operator.returncode == 0, operator.stderr
    says(linus, "Your ticket was refunded, so the sound stopped here.")
    hears(grace, ADAS_HZ, nothing_of=LINUS_HZ)
    comes_true(linus.page, lambda: sessions(linus), lambda now: now == {"listeners": 2, "publishers": 1})
    assert linus.page.evaluate(LOUDNESS, [ADAS_HZ])[str(ADAS_HZ)] < QUIET_DB


def ada_ends_the_room(ada: Someone, grace: Someone) -> None:
    ada.page.get_by_text("Rules of this room").click()
    ada.press("End the room for everybody")
    ada.press("End it now")
    for someone in (grace, ada):
        says(someone, "The room has ended.")
    comes_true(grace.page, lambda: sessions(grace), lambda now: now == {"listeners": 0, "publishers": 0})


def hears(someone: Someone, *hz: int, nothing_of: int | None = None) -> None:
    """These tones and not the other one, by what the page plays."""
    wanted = [*hz, *([] if nothing_of is None else [nothing_of])]
    comes_true(
        someone.page,
        lambda: someone.page.evaluate(LOUDNESS, wanted),
        lambda heard: (
            all(heard[str(tone)] > LOUD_DB for tone in hz)
            and (nothing_of is None or heard[str(nothing_of)] < QUIET_DB)
        ),
    )


def on_stage(someone: Someone, name: str) -> Locator:
    return someone.page.locator(".stage-person").filter(has_text=name)


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
