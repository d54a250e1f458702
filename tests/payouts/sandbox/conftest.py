"""A sandbox of its own for each test, reached over HTTP by the unmodified SDK. No Django, no PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.payouts.sandbox.local import Local, Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes webhooks and remembers them."""
    with Receiver() as made:
        yield made


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """A sandbox that nobody listens to."""
    with Local(tmp_path / "sandbox.sqlite3") as made:
        yield made


@pytest.fixture
def heard(tmp_path: Path, receiver: Receiver) -> Iterator[Local]:
    """A sandbox whose events the receiver gets."""
    with Local(tmp_path / "sandbox.sqlite3", receiver=receiver) as made:
        yield made
