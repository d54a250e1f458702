"""Ada in her studio, and what stands on its pages."""

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from rooms.models import Creator
from tests.rooms.cast import NOW

Page = Callable[[HttpResponse], str]


@pytest.fixture
def studio(ada: Creator, client: Client) -> Client:
    """Ada's browser."""
    client.force_login(ada.user)
    return client


@pytest.fixture
def at() -> Callable[[datetime], object]:
    """Move the clock: `with at(moment):`."""
    return lambda moment: time_machine.travel(moment, tick=False)


@pytest.fixture(autouse=True)
def _now() -> object:
    """Pages are opened on the day of the cast, unless a test says otherwise."""
    with time_machine.travel(NOW, tick=False):
        yield


def words(response: HttpResponse) -> str:
    """What a page's main part says, as one line of text."""
    html = response.content.decode()
    main = html[html.index("<main") :] if "<main" in html else html
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main))).strip()
