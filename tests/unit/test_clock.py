"""The clock is real time, or the sandbox's when a setting names it."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import time_machine
from pytest_django import Settings

from config import clock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class SandboxClock(BaseHTTPRequestHandler):
    offset_s = 0.0
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"now": 0.0, "offset_s": type(self).offset_s}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Keep the test's output clean."""


@pytest.fixture
def sandbox_clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[SandboxClock]]:
    server = HTTPServer(("127.0.0.1", 0), SandboxClock)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.CLOCK_URL = f"http://127.0.0.1:{server.server_port}/_sandbox/clock"
    monkeypatch.setattr(clock, "_offset", clock._Offset())
    SandboxClock.offset_s, SandboxClock.asked = 0.0, 0
    yield SandboxClock
    server.shutdown()
    server.server_close()


@time_machine.travel(NOON, tick=False)
def test_it_is_real_time_without_a_clock_address(settings: Settings) -> None:
    settings.CLOCK_URL = ""
    assert clock.now() == NOON


def test_it_follows_the_sandbox(sandbox_clock: type[SandboxClock]) -> None:
    sandbox_clock.offset_s = 7 * 86400.0
    before = clock.real_now()
    assert timedelta(days=7) <= clock.now() - before < timedelta(days=7, minutes=1)


def test_it_asks_again_only_after_a_second_or_when_told_to(sandbox_clock: type[SandboxClock]) -> None:
    clock.now()
    clock.now()
    assert sandbox_clock.asked == 1
    clock.now(fresh=True)
    assert sandbox_clock.asked == 2


def test_it_keeps_the_last_known_offset_while_the_sandbox_is_away(
    sandbox_clock: type[SandboxClock], settings: Settings
) -> None:
    sandbox_clock.offset_s = 3600.0
    clock.now()
    settings.CLOCK_URL = "http://127.0.0.1:1/_sandbox/clock"
    before = clock.real_now()
    assert timedelta(hours=1) <= clock.now(fresh=True) - before < timedelta(hours=1, minutes=1)
