"""Beat's jobs, run by hand until nothing is left to do, so that a story of weeks takes seconds."""

import time

from django.conf import settings

from config import clock
from config.celery import app
from config.demo.story.sandbox import Sandbox
from payouts.models import StripeCall, StripeEvent
from payouts.models.call import OPEN_STATES
from payouts.models.event import DUE_STATES

QUIET_WITHIN_S = 60.0


class NotQuietError(Exception):
    """Work was left when the time was over; names what."""


def until_quiet(sandbox: Sandbox) -> None:
    """Run every scheduled job until the sandbox has delivered, the inbox is processed and the outbox is empty.

    Raises:
        NotQuietError: something was still waiting after a minute.
    """
    clock.now(fresh=True)  # the sandbox's clock was just moved, and jobs ask for it once a second at most
    end_s = time.monotonic() + QUIET_WITHIN_S
    while left := _run_and_count(sandbox):
        if time.monotonic() > end_s:
            raise NotQuietError(f"still waiting after {QUIET_WITHIN_S:.0f} s: {left}")


def _run_and_count(sandbox: Sandbox) -> dict[str, int]:
    for name in settings.CELERY_BEAT_SCHEDULE:
        app.tasks[name]()
    counts = {
        "webhooks": sandbox.deliveries_pending(),
        "events": StripeEvent.objects.filter(state__in=DUE_STATES).count(),
        "calls": StripeCall.objects.filter(state__in=OPEN_STATES).count(),
    }
    return {what: count for what, count in counts.items() if count}
