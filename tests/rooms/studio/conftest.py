"""Ada in her studio, and what stands on its pages."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from rooms.models import Creator
from tests.rooms.cast import NOW


@pytest.fixture
def studio(ada: Creator, client: Client) -> Client:
    """Ada's browser."""
    client.force_login(ada.user)
    return client


@pytest.fixture
def at() -> Callable[[datetime], Any]:
    """Move the clock: `with at(moment):`."""
    return lambda moment: time_machine.travel(moment, tick=False)


@pytest.fixture(autouse=True)
def _now(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pages are opened on the day of the cast, unless a test says otherwise."""
    if "browser" in request.fixturenames:
        yield  # a browser works in real time, and so does the server that it talks to
        return
    with time_machine.travel(NOW, tick=False):
        yield


def words(response: Any) -> str:
    """What a page's main part says, as one line of text."""
    html = response.content.decode()
    main = html[html.index("<main") :] if "<main" in html else html
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main))).strip()
