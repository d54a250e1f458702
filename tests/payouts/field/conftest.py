"""What several cases from the field listen to."""

from typing import Any

import pytest

from payouts import handlers


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What other apps were told about refunds: the name, and whether all of it is back."""
    names: list[tuple[str, Any]] = []
    tell = handlers.tell

    def listen(name: str, **about: Any) -> None:
        names.append((name, about.get("full")))
        tell(name, **about)

    monkeypatch.setattr(handlers, "tell", listen)
    return names
