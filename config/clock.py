"""The one clock of Obole: real time or, in development, the time of the sandbox's test clock.

Operations take `now` as an argument; only views, tasks and commands ask this module. Webhook signatures and the age of
idempotency keys always use real time (`real_now`), because Stripe does.
"""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

REFRESH_EVERY_S = 1.0


class _Offset:
    """The sandbox clock's distance from real time, asked at most once a second by each process."""

    def __init__(self) -> None:
        self.value = timedelta(0)
        self.asked_at_s = float("-inf")

    def current(self, url: str, *, fresh: bool) -> timedelta:
        if fresh or time.monotonic() - self.asked_at_s >= REFRESH_EVERY_S:
            self.asked_at_s = time.monotonic()
            try:
                with urllib.request.urlopen(url, timeout=1.0) as answer:  # noqa: S310 (a setting, http by its name)
                    self.value = timedelta(seconds=json.load(answer)["offset_s"])
            except OSError as error:
                # The last known offset is the best guess while the sandbox restarts.
                log.warning("clock.unreachable", url=url, error=str(error))
        return self.value


_offset = _Offset()


def real_now() -> datetime:
    """The real time, in UTC."""
    return datetime.now(UTC)


def now(*, fresh: bool = False) -> datetime:
    """Obole's time, in UTC: `CLOCK_URL` decides. `fresh` asks the sandbox even when it was asked a moment ago."""
    if not settings.CLOCK_URL:
        return real_now()
    return real_now() + _offset.current(settings.CLOCK_URL, fresh=fresh)
