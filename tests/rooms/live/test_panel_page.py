"""What the room page shows of live audio, and to whom."""

import re
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from rooms.models import Creator, Room, Ticket, User
from tests.rooms.live.conftest import RELAY, opening, signed_in

PANEL = "data-live-grant="


def _page(client: Client, room: Room) -> str:
    return client.get(room.get_absolute_url()).content.decode()


def test_a_listener_has_a_panel_and_sees_nothing_to_speak_with(evening: Room, linus: User, paid: Ticket) -> None:
    page = _page(signed_in(linus), evening)

    assert f'{PANEL}"{evening.get_absolute_url()}live/grant/"' in page
    assert f'data-live-relay="{RELAY}" data-live-room="{evening.id}"' in page
    for name in ("speak", "why", "mic", "join", "invited", "hosts"):
        [element] = re.findall(rf"<[^>]* data-live-{name}[ >][^>]*>?", page)
        assert " hidden" in element
    assert "data-live-may-publish" not in page


def test_the_host_can_go_on_stage(evening: Room, ada: Creator) -> None:
    page = _page(signed_in(ada.user), evening)

    assert "data-live-may-publish" in page
    assert "Go on stage" in page


def test_others_see_the_offer_and_no_panel(client: Client, evening: Room, linus: User) -> None:
    for visitor in (client, signed_in(linus)):
        page = _page(visitor, evening)
        assert "Buy a ticket" in page
        assert PANEL not in page
        assert RELAY not in page


def test_before_the_doors_open_it_says_when(evening: Room, ada: Creator) -> None:
    opening(evening, starts_in=timedelta(hours=2))

    page = _page(signed_in(ada.user), evening)

    assert PANEL not in page
    assert "The room opens" in page
    assert (evening.starts_at - timedelta(minutes=10)).isoformat() in page
    assert "This page then lets you in." in page


def test_a_room_that_is_over_has_no_panel(evening: Room, ada: Creator) -> None:
    opening(evening, starts_in=-timedelta(hours=2))

    page = _page(signed_in(ada.user), evening)

    assert PANEL not in page
    assert "The room opens" not in page


def test_without_a_relay_it_says_when_the_room_opens_and_promises_no_more(
    evening: Room, ada: Creator, settings: Settings
) -> None:
    settings.RELAY_URL = ""
    assert PANEL not in _page(signed_in(ada.user), evening)

    opening(evening, starts_in=timedelta(hours=2))
    page = _page(signed_in(ada.user), evening)

    assert "The room opens" in page
    assert "This page then lets you in." not in page


def test_the_panel_costs_one_query(evening: Room, linus: User, paid: Ticket, settings: Settings) -> None:
    """Whatever else the page reads: whether the room is being recorded."""
    listener = signed_in(linus)
    costs = []
    for url in ("", RELAY):
        settings.RELAY_URL = url
        with CaptureQueriesContext(connection) as queries:
            _page(listener, evening)
        costs.append(len(queries))

    assert costs[0] + 1 == costs[1]
