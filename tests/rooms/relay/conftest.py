from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rooms.relay.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A relay on loopback, without Valkey."""
    made = House(tmp_path)
    yield made
    await made.close()
