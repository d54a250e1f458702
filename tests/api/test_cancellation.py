"""POST and GET /api/v1/rooms/<slug>/cancellation/"""

from datetime import timedelta

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config import clock
from payouts.models import Refund
from rooms.models import Creator, Room, RoomCancellation, User
from rooms.refunds.cancelling import carry_on
from tests.api.problems import problem
from tests.rooms.refunds.conftest import paid_ticket, stripe_says


@pytest.fixture
def host(ada: Creator) -> APIClient:
    """Ada is signed in."""
    client = APIClient()
    client.force_login(ada.user)
    return client


def test_a_room_is_cancelled_once_and_tells_how_far_it_is(
    host: APIClient, evening: Room, linus: User, settings: Settings
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    sale = paid_ticket(evening, linus, now=clock.now()).sale
    url = f"/api/v1/rooms/{evening.slug}/cancellation/"
    problem(host.get(url), status=404, code="not-cancelled")
    assert host.post(url, {"reason": "x" * 301}, format="json").status_code == 400
    assert not RoomCancellation.objects.exists()

    made = host.post(url, {"reason": "Ada is ill"}, format="json")
    told = made.json()
    assert made.status_code == 201
    assert (told["room"], told["cancelled_because"], told["reason"], told["asked_by_host"], told["finished_at"]) == (
        evening.slug, "host", "Ada is ill", True, None,
    )  # fmt: skip
    assert told["progress"] == {
        "buyers": 1, "waiting": 1, "asked": 0, "refunded": 0, "disputed": 0, "stuck": 0, "holds": 0, "percent": 0,
        "is_over": False,
    }  # fmt: skip
    again = host.post(url, {"reason": "Something else"}, format="json")
    assert (again.status_code, again.json()) == (200, told)

    carry_on(room_id=evening.id, now=clock.now())
    assert host.get(url).json()["progress"]["asked"] == 1
    stripe_says(sale, 1000, now=clock.now())
    carry_on(room_id=evening.id, now=clock.now())
    done = host.get(url).json()
    assert (done["progress"]["refunded"], done["progress"]["percent"], done["progress"]["is_over"]) == (1, 100, True)
    assert done["finished_at"] is not None
    assert Refund.objects.count() == 1


def test_only_its_host_cancels_it_and_only_before_its_end(
    host: APIClient, listener: APIClient, visitor: APIClient, evening: Room
) -> None:
    url = f"/api/v1/rooms/{evening.slug}/cancellation/"
    assert visitor.post(url, {}, format="json").status_code == 403
    problem(listener.post(url, {}, format="json"), status=404, code="not-found")
    problem(listener.get(url), status=404, code="not-found")
    problem(host.post("/api/v1/rooms/no-such-room/cancellation/", {}, format="json"), status=404, code="not-found")
    Room.objects.update(starts_at=clock.now() - timedelta(hours=2), ends_at=clock.now() - timedelta(hours=1))
    problem(host.post(url, {}, format="json"), status=409, code="room-over")
    assert not RoomCancellation.objects.exists()
