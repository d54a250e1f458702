"""The way in before Django: the same answers as the views', over ASGI, from threads that keep their connection."""

import asyncio
from threading import Barrier
from typing import Any

import httpx
import pytest
from django.db import OperationalError, connection

from payouts.models import StripeEvent
from payouts.webhooks import front, receiving
from payouts.webhooks.front import Front
from tests.payouts.stripe_driver import sign
from tests.payouts.test_webhooks import EVENT, THIN, body

pytestmark = pytest.mark.committed_db


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Django."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def post(*raws: bytes, path: str = "/webhooks/stripe/", method: str = "POST", signature: str = "") -> list[Any]:
    """Send these at the same time; the answers."""

    app = Front(elsewhere)

    async def run() -> list[Any]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            return await asyncio.gather(
                *(
                    http.request(method, path, content=raw, headers={"Stripe-Signature": signature or sign(raw)})
                    for raw in raws
                )
            )

    try:
        return asyncio.run(run())
    finally:
        everybody = Barrier(front.THREADS)

        def close() -> None:
            everybody.wait()
            connection.close()

        for _ in range(front.THREADS):
            app._threads.submit(close)
        app._threads.shutdown()


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which events workers were woken for."""
    ids: list[str] = []
    monkeypatch.setattr("payouts.wake.Waker.add", lambda _self, event_id: ids.append(event_id))
    return ids


def test_it_stores_events_once_each_and_wakes_for_what_is_new(woken: list[str]) -> None:
    raws = [body(EVENT | {"id": f"evt_{number}"}) for number in range(20)]
    assert {answer.status_code for answer in post(*raws, raws[0])} == {200}
    assert StripeEvent.objects.count() == 20
    assert sorted(woken) == sorted(f"evt_{number}" for number in range(20))
    assert bytes(StripeEvent.objects.get(id="evt_3").raw) == raws[3]


def test_it_knows_every_endpoint() -> None:
    post(body(THIN), path="/webhooks/stripe/v2/")
    post(body(EVENT | {"account": "acct_ada"}), path="/webhooks/stripe/connect/")
    assert set(StripeEvent.objects.values_list("kind", "account")) == {("thin", ""), ("snapshot", "acct_ada")}


def test_it_refuses_as_the_views_do(settings: Any) -> None:
    (forged,) = post(body(EVENT), signature="t=1,v1=0")
    assert (forged.status_code, forged.headers["content-type"]) == (400, "application/problem+json")
    assert forged.json()["type"] == "/problems/webhook-signature"
    (no_event,) = post(b"[]")
    assert no_event.json()["type"] == "/problems/webhook-shape"
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    (too_big,) = post(body(EVENT))
    assert (too_big.status_code, too_big.json()["type"]) == (413, "/problems/webhook-too-big")
    assert not StripeEvent.objects.exists()


def test_everything_else_is_djangos() -> None:
    assert post(b"", method="GET")[0].status_code == 418
    assert post(b"", path="/rooms/")[0].status_code == 418


@pytest.mark.parametrize(("failures", "status"), [(1, 200), (2, 503)])
def test_a_connection_that_is_gone_is_opened_again_once(
    monkeypatch: pytest.MonkeyPatch, failures: int, status: int
) -> None:
    left = [failures]

    def flaky(**arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the connection is lost")
        return receiving.snapshot(**arguments)

    monkeypatch.setitem(front.ENDPOINTS, "/webhooks/stripe/", flaky)
    assert post(body(EVENT))[0].status_code == status
    assert StripeEvent.objects.count() == (1 if status == 200 else 0)
