"""The replay page in Chromium: two voices in step, heard where they spoke, found by chapter and by slider."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config import clock
from rooms.models import Room, User
from rooms.recordings import intake
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from tests.databases import Database
from tests.processes import wait_until
from tests.rooms import cast
from tests.rooms.live.conftest import opening
from tests.rooms.pages.test_browser import _window
from tests.rooms.recordings import conftest as given
from tests.rooms.studio.site import serving
from tests.rooms.studio.test_browser import faults

pytestmark = pytest.mark.browser
PATIENT_MS = 30_000

# How loud each voice is at its own frequency and the other's, while it plays.
LISTEN = """
    const replay = document.querySelector("[data-replay]").replay;
    const context = new AudioContext();
    window.level = (number, hz) => {
        const track = replay.tracks[number];
        if (!track.element || track.element.paused) return -200;
        if (!track.analyser) {
            track.analyser = context.createAnalyser();
            track.analyser.fftSize = 8192;
            track.analyser.smoothingTimeConstant = 0;
            context.createMediaElementSource(track.element).connect(track.analyser).connect(context.destination);
        }
        const bins = new Float32Array(track.analyser.frequencyBinCount);
        track.analyser.getFloatFrequencyData(bins);
        const at = Math.round(hz * track.analyser.fftSize / context.sampleRate);
        return Math.max(...bins.slice(at - 2, at + 3));
    };
    window.apart = () => {
        const now = replay.tracks.filter((track) => track.element && !track.element.paused);
        if (now.length < 2) return null;
        return Math.abs(now[0].at_s + now[0].element.currentTime - now[1].at_s - now[1].element.currentTime);
    };
    context.resume();
"""

# Whether each voice's lane is beside its name, and the needle within the lanes' width.
BESIDE = """
    [...document.querySelectorAll(".replay-name")].map((name) => {
        const [left, lane] = [name, name.nextElementSibling].map((each) => each.getBoundingClientRect());
        const needle = document.querySelector("[data-replay-needle]").getBoundingClientRect();
        const within = needle.left >= lane.left - 2 && needle.right <= lane.right + 2;
        return lane.left >= left.right && lane.top < left.bottom && left.top < lane.bottom && within;
    })
"""


@pytest.fixture
def recorded(committed_db: Database, folder: Path, valkey: object) -> tuple[Room, User]:
    """Ada speaks for twelve seconds, Grace from the fourth to the eighth."""
    ada, grace = cast.creator("Ada Lovelace"), cast.creator("Grace Hopper")
    now = clock.now()
    starts_at = now + timedelta(hours=1)
    shares = [CoHostSpec(creator_id=grace.id)]
    made = cast.room(ada, now=now, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), cohosts=shares)
    accept_cohosting(room_id=made.id, creator_id=grace.id, now=now)
    room = opening(made, starts_in=-timedelta(minutes=1))
    says = given.says.__wrapped__(folder, room)  # type: ignore[attr-defined]
    began_at = clock.real_now()
    says(ada.user, 1000, at=began_at, seconds=12)
    says(grace.user, 500, at=began_at + timedelta(seconds=4), seconds=4)
    assert intake.take_in(folder=folder, real_now=began_at) == 2
    return opening(room, starts_in=-timedelta(hours=2)), ada.user


def becomes(page: Page, expression: str) -> None:
    """Wait until it is true; the page's policy forbids the browser to evaluate it by itself."""
    wait_until(lambda: bool(page.evaluate(expression)), what=expression, within_s=PATIENT_MS / 1000)


def position_s(page: Page) -> float:
    return float(page.evaluate("document.querySelector('[data-replay]').replay.position_s"))


def test_two_voices_play_in_step_and_can_be_found(
    recorded: tuple[Room, User], committed_db: Database, browser: Browser, folder: Path
) -> None:
    room, host = recorded
    with (
        serving(committed_db, DATA_DIR=str(folder.parent)) as url,
        _window(browser, url, host) as page,
    ):
        page.goto(f"{room.get_absolute_url()}replay/")
        page.wait_for_selector("[data-replay][data-loaded]")
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        assert page.evaluate(BESIDE) == [True, True]
        page.evaluate(LISTEN)

        page.get_by_role("button", name="Grace Hopper").click()
        becomes(page, "level(0, 1000) > -45 && level(1, 500) > -45")
        becomes(page, "apart() !== null && apart() < 0.15")
        assert 4 <= position_s(page) < 8
        assert page.evaluate("level(1, 1000)") < -60

        becomes(page, "level(1, 500) === -200 && level(0, 1000) > -45")  # Grace has ended
        assert position_s(page) > 8 - 0.15  # the lanes may be so far apart

        page.get_by_role("button", name="Pause").click()
        slider = page.get_by_role("slider", name="Position")
        slider.press("ArrowLeft")
        assert position_s(page) < 2
        expect(slider).to_have_attribute("aria-valuetext", f"0:0{int(position_s(page))} of 0:11")
        assert page.evaluate("replay = document.querySelector('[data-replay]').replay, replay.playing") is False

        page.get_by_role("button", name="Play", exact=True).click()
        becomes(page, "level(0, 1000) > -45")
        becomes(page, "!document.querySelector('[data-replay]').replay.playing")
        assert position_s(page) == pytest.approx(11.993, abs=0.01)


def test_it_fits_a_phone_and_sound_that_is_gone_is_told(
    recorded: tuple[Room, User], committed_db: Database, browser: Browser, folder: Path
) -> None:
    room, host = recorded
    with (
        serving(committed_db, DATA_DIR=str(folder.parent)) as url,
        _window(browser, url, host, width=390, dark=True) as page,
    ):
        page.goto(f"{room.get_absolute_url()}replay/")
        page.wait_for_selector("[data-replay][data-loaded]")
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

        for file in (folder.parent / "replays").rglob("*.opus"):
            file.unlink()
        page.get_by_role("button", name="Play", exact=True).click()

        expect(page.get_by_text("The sound could not be loaded.")).to_be_visible(timeout=PATIENT_MS)
