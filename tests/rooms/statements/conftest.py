"""Statements are opened in the month after."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """The second of July."""
    with time_machine.travel(datetime(2026, 7, 2, 12, 0, tzinfo=UTC), tick=False):
        yield
