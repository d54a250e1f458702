"""Wake Celery, best effort: PostgreSQL holds the work, and a sweeper finds what was not woken."""

import threading
import time
from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError

log = structlog.get_logger(__name__)

QUIET_AFTER_FAILURE_S = 5.0
"""With the broker away, a process pays one connection attempt in so many seconds, not one a request."""


class _Broker:
    """Whether this process has reason to believe that the broker is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quiet_until_s = float("-inf")

    def is_worth_trying(self) -> bool:
        with self._lock:
            return time.monotonic() >= self._quiet_until_s

    def failed(self) -> None:
        with self._lock:
            self._quiet_until_s = time.monotonic() + QUIET_AFTER_FAILURE_S


_broker = _Broker()


def wake(task: str, **arguments: str) -> bool:
    """Send a task by name; False, quickly, when the broker is away."""
    if not _broker.is_worth_trying():
        return False
    try:
        current_app.send_task(task, kwargs=arguments, retry=False, ignore_result=True)
    except (KombuError, OSError) as error:
        _broker.failed()
        log.warning("wake.failed", task=task, error=str(error))
        return False
    return True


def wake_after_commit(task: str, **arguments: str) -> None:
    """Send a task once the present transaction has committed (at once when there is none)."""
    transaction.on_commit(partial(wake, task, **arguments), robust=True)
