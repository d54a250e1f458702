"""Chromium with a microphone that plays a WAV file, and a site that serves the demo page."""

import functools
import http.server
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.async_api import Browser, Page, async_playwright

from tests.processes import ROOT

CHROMIUM = Path("/usr/bin/chromium")
PAGES = Path(__file__).parent / "pages"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
REFUSE_AUTOPLAY = """
    const play = HTMLMediaElement.prototype.play;
    let clicked = false;
    addEventListener("click", () => { clicked = true; }, { capture: true });
    HTMLMediaElement.prototype.play = function () {
      if (clicked) return play.call(this);
      return Promise.reject(new DOMException("play() needs a click first", "NotAllowedError"));
    };
"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the demo page at / and the modules of the app at /static/."""

    def translate_path(self, path: str) -> str:
        plain = path.partition("?")[0]
        if plain.startswith("/static/"):
            return str(ROOT / "rooms" / "static" / plain.removeprefix("/static/"))
        return str(PAGES / plain.lstrip("/"))

    def log_message(self, *_: object) -> None:
        pass


class Site:
    """The demo site on loopback."""

    def __init__(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler))
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Chromium:
    """Browsers: one for each microphone, since the fake device is a setting of the process."""

    def __init__(self) -> None:
        self._playwright: Any = None
        self._browsers: list[Browser] = []

    async def __aenter__(self) -> Self:
        self._playwright = await async_playwright().start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for browser in self._browsers:
            await browser.close()
        await self._playwright.stop()

    async def page(
        self,
        site: Site,
        *,
        wav: Path | None = None,
        autoplay: bool = True,
        fragment: str = "",
        name: str = "demo",
        script: str = "",
    ) -> Page:
        """The demo page in a browser of its own."""
        arguments = list(ARGUMENTS)
        if wav is not None:
            arguments.append(f"--use-file-for-fake-audio-capture={wav}")
        arguments.append("--autoplay-policy=no-user-gesture-required")
        browser = await self._playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        self._browsers.append(browser)
        page: Page = await browser.new_page()
        if script:
            await page.add_init_script(script)
        if not autoplay:
            # Headless Chromium lets every page play, whatever its policy flag says: refuse as a desktop browser does.
            await page.add_init_script(REFUSE_AUTOPLAY)
        await page.goto(f"{site.origin}/{name}.html#{fragment}")
        await page.wait_for_selector("[data-loaded]", state="attached")
        return page
