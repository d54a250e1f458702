"""Wake Celery, best effort: PostgreSQL holds the work, and a sweeper finds what was not woken."""

import queue
import threading
import time
from contextlib import suppress
from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError

log = structlog.get_logger(__name__)

QUIET_AFTER_FAILURE_S = 5.0
"""With the broker away, a process pays one connection attempt in so many seconds, not one a request."""
IDS_A_MESSAGE = 100
BETWEEN_MESSAGES_S = 0.05
"""A message costs more than storing an event: the first goes out at once, those that follow closely together."""


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


class Waker:
    """Wakes workers from a thread of its own, so that nobody waits for the broker; many ids go out as one message."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._ids: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, event_id: str) -> None:
        """Have a worker look at this, soon."""
        self._ids.put(event_id)
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        sent_at_s = float("-inf")
        while True:
            ids = [self._ids.get()]
            until_s = sent_at_s + BETWEEN_MESSAGES_S
            while len(ids) < IDS_A_MESSAGE and (left_s := until_s - time.monotonic()) > 0:
                with suppress(queue.Empty):
                    ids.append(self._ids.get(timeout=left_s))
            sent_at_s = time.monotonic()
            wake(self._task, event_ids=",".join(ids))
