"""The endpoints: what is let in, and that nothing else is stored."""

import json
import time
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts import wake
from payouts.models import EventKind, EventState, StripeEvent
from payouts.queries import oldest_unprocessed_event_at
from tests.payouts.stripe_driver import post_event, sign

pytestmark = pytest.mark.django_db

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": 1_795_000_000,
    "data": {"object": {"id": "ch_1", "object": "charge"}},
    "livemode": False,
    "pending_webhooks": 1,
    "request": {"id": None, "idempotency_key": None},
    "type": "charge.pending",
}
THIN: dict[str, Any] = {
    "id": "evt_test_1",
    "object": "v2.core.event",
    "type": "v2.core.account.updated",
    "created": "2026-11-21T08:00:00.000Z",
    "livemode": False,
    "context": None,
    "reason": None,
    "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"},
}


def body(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def refused(answer: Any, code: str) -> None:
    """400 as problem+json with this code, and nothing stored."""
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["type"] == f"/problems/{code}"
    assert not StripeEvent.objects.exists()


def test_it_stores_the_body_byte_for_byte_with_one_query(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = json.dumps(EVENT, indent=3).encode()
    with django_assert_num_queries(1):
        assert post_event(raw).status_code == 200
    event = StripeEvent.objects.get()
    assert bytes(event.raw) == raw
    assert (event.id, event.type, event.object_id, event.account) == ("evt_1", "charge.pending", "ch_1", "")
    assert (event.kind, event.state, event.attempts) == (EventKind.SNAPSHOT, EventState.RECEIVED, 0)
    assert oldest_unprocessed_event_at() == event.received_at


def test_the_same_event_again_is_acknowledged_and_stored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr("payouts.webhooks.views.wake", lambda task, **_: woken.append(task))
    assert [post_event(EVENT).status_code for _ in range(3)] == [200, 200, 200]
    assert StripeEvent.objects.count() == 1
    assert woken == ["payouts.tasks.process_event"]


def test_an_event_of_a_connected_account_says_whose_it_is() -> None:
    post_event(EVENT | {"account": "acct_ada"})
    assert StripeEvent.objects.get().account == "acct_ada"


def test_an_object_without_an_id_is_locked_by_its_event() -> None:
    post_event(EVENT | {"type": "balance.available", "data": {"object": {"object": "balance"}}})
    assert StripeEvent.objects.get().object_id == "evt_1"


def test_a_thin_event_names_its_object() -> None:
    assert post_event(THIN, path="/webhooks/stripe/v2/").status_code == 200
    event = StripeEvent.objects.get()
    assert (event.kind, event.object_id, event.type) == (EventKind.THIN, "acct_1", "v2.core.account.updated")


def test_it_refuses_a_forged_event() -> None:
    refused(post_event(body(EVENT), signature=sign(body(EVENT), secret="whsec_other")), "webhook-signature")
    refused(post_event(body(EVENT), signature=sign(body(EVENT | {"id": "evt_2"}))), "webhook-signature")
    refused(post_event(body(EVENT), signature=""), "webhook-signature")
    refused(post_event(body(EVENT), signature="t=nonsense,v1=1"), "webhook-signature")


@pytest.mark.parametrize("off_s", [-400, 400])
def test_it_refuses_a_signature_from_long_ago_or_from_the_future(off_s: int) -> None:
    refused(post_event(body(EVENT), signature=sign(body(EVENT), at_s=time.time() + off_s)), "webhook-signature")


@pytest.mark.parametrize("off_s", [-200, 200])
def test_it_takes_a_signature_within_the_tolerance(off_s: int) -> None:
    assert post_event(body(EVENT), signature=sign(body(EVENT), at_s=time.time() + off_s)).status_code == 200


def test_it_refuses_the_wrong_mode(settings: Any) -> None:
    refused(post_event(EVENT | {"livemode": True}), "webhook-mode")
    settings.STRIPE_LIVEMODE = True
    refused(post_event(EVENT), "webhook-mode")
    refused(post_event(THIN, path="/webhooks/stripe/v2/"), "webhook-mode")


def test_it_takes_any_of_several_secrets_while_one_is_rotated(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_test"]
    assert post_event(EVENT).status_code == 200
    newer = body(EVENT | {"id": "evt_2"})
    assert post_event(newer, signature=sign(newer, secret="whsec_new")).status_code == 200
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
    assert post_event(EVENT | {"id": "evt_3"}).status_code == 400
    assert set(StripeEvent.objects.values_list("id", flat=True)) == {"evt_1", "evt_2"}


@pytest.mark.parametrize("raw", [b"not json", b"[]", b"{}", b'{"object":"event"}', b'"text"', b"null"])
def test_it_refuses_what_is_signed_and_no_event(raw: bytes) -> None:
    refused(post_event(raw), "webhook-shape")
    refused(post_event(raw, path="/webhooks/stripe/v2/"), "webhook-shape")


def test_it_refuses_each_kind_at_the_others_endpoint() -> None:
    refused(post_event(EVENT, path="/webhooks/stripe/v2/"), "webhook-shape")
    refused(post_event(THIN), "webhook-shape")


def test_it_refuses_bytes_that_are_no_text() -> None:
    refused(post_event(b"\xff\xfe{", signature="t=1,v1=1"), "webhook-shape")


def test_it_refuses_a_body_beyond_any_event(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert post_event(EVENT).status_code == 413
    assert not StripeEvent.objects.exists()


def test_it_answers_nothing_but_post(client: Any) -> None:
    assert client.get("/webhooks/stripe/").status_code == 405


def test_with_the_broker_away_it_answers_and_asks_it_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def nobody_there(task: str, **_: Any) -> None:
        asked.append(task)
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(wake, "_broker", wake._Broker())
    monkeypatch.setattr("payouts.wake.current_app.send_task", nobody_there)
    assert [post_event(EVENT | {"id": f"evt_{n}"}).status_code for n in range(5)] == [200] * 5
    assert StripeEvent.objects.filter(state=EventState.RECEIVED, received_at__lte=clock.real_now()).count() == 5
    assert asked == ["payouts.tasks.process_event"]


def test_the_connected_accounts_endpoint_has_secrets_of_its_own_and_vouches_for_nothing_else(settings: Any) -> None:
    settings.STRIPE_CONNECT_WEBHOOK_SECRETS = ["whsec_connect"]
    theirs, ours = body(EVENT | {"account": "acct_ada"}), body(EVENT)
    connect = "/webhooks/stripe/connect/"
    refused(post_event(theirs, path=connect), "webhook-signature")
    refused(post_event(ours, path=connect, signature=sign(ours, secret="whsec_connect")), "webhook-account")
    refused(post_event(theirs, signature=sign(theirs, secret="whsec_connect")), "webhook-signature")
    assert post_event(theirs, path=connect, signature=sign(theirs, secret="whsec_connect")).status_code == 200
    assert StripeEvent.objects.get().account == "acct_ada"


def test_an_event_that_waits_for_its_object_is_no_sign_of_sick_workers() -> None:
    post_event(EVENT)
    StripeEvent.objects.update(state=EventState.WAITING, last_error="ch_1 is not known here yet")
    assert oldest_unprocessed_event_at() is None
