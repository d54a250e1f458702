"""POST and GET /api/v1/sales/<id>/refunds/"""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config import clock
from payouts.models import Refund, Sale
from rooms.models import Creator, Room, User
from tests.api.problems import problem
from tests.rooms.refunds.conftest import paid_ticket


@pytest.fixture
def sale(evening: Room, linus: User, settings: Settings) -> Sale:
    """Linus paid for a seat; Stripe is away."""
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    return paid_ticket(evening, linus, now=clock.now()).sale


@pytest.fixture
def host(ada: Creator) -> APIClient:
    """Ada is signed in."""
    client = APIClient()
    client.force_login(ada.user)
    return client


def ask(client: APIClient, sale: Sale, key: str = "k1", **body: object) -> Any:
    return client.post(f"/api/v1/sales/{sale.id}/refunds/", body, format="json", headers={"Idempotency-Key": key})


def test_the_same_key_is_the_same_refund(host: APIClient, sale: Sale) -> None:
    first, again = ask(host, sale, amount_minor=400), ask(host, sale, amount_minor=400)
    assert (first.status_code, first.json()["amount_minor"], first.json()["state"]) == (201, 400, "asked")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert Refund.objects.count() == 1
    problem(ask(host, sale, amount_minor=500), status=422, code="idempotency-key-reused")
    assert [each["amount_minor"] for each in host.get(f"/api/v1/sales/{sale.id}/refunds/").json()] == [400]


def test_a_total_counts_what_went_back_before(host: APIClient, sale: Sale) -> None:
    ask(host, sale, amount_minor=400)
    assert ask(host, sale, "k2", total_minor=700).json()["amount_minor"] == 300
    assert ask(host, sale, "k3").json()["amount_minor"] == 300
    problem(ask(host, sale, "k4"), status=409, code="nothing-left")


def test_what_cannot_be_is_a_problem_with_its_reason(host: APIClient, sale: Sale) -> None:
    refused = problem(ask(host, sale, amount_minor=1001), status=409, code="over-the-rest")
    assert refused["left_minor"] == 1000
    assert ask(host, sale, amount_minor=0).status_code == 400
    both = ask(host, sale, amount_minor=1, total_minor=1)
    assert both.status_code == 400
    assert "not both" in both.content.decode()
    url = f"/api/v1/sales/{sale.id}/refunds/"
    problem(host.post(url, {}, format="json"), status=400, code="idempotency-key-missing")
    assert not Refund.objects.exists()


def test_only_the_host_may(host: APIClient, listener: APIClient, sale: Sale) -> None:
    problem(ask(listener, sale), status=404, code="not-found")
    problem(listener.get(f"/api/v1/sales/{sale.id}/refunds/"), status=404, code="not-found")
    problem(ask(host, Sale(id=uuid4())), status=404, code="not-found")


def test_it_is_documented(host: APIClient, db: None) -> None:
    schema = host.get("/api/schema/?format=json").json()
    operation = schema["paths"]["/api/v1/sales/{sale_id}/refunds/"]["post"]
    assert {"201", "404", "409", "422"} <= operation["responses"].keys()
    assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}
