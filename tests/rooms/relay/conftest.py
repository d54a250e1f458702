import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rooms.relay.house import House


@pytest.fixture(autouse=True)
def _quiet_client() -> None:
    """The test's own HTTP client logs each request, and pytest keeps every line: that would pass for a leak."""
    logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A relay on loopback, without Valkey."""
    made = House(tmp_path)
    yield made
    await made.close()
