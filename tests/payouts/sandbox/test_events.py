"""Webhooks: signed, retried, ordered, resent, broken on purpose."""

import time

import pytest
import stripe

from tests.payouts.sandbox.local import SECRET, Local, Receiver, wait_until

PURCHASE = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
    "charge.updated",
]


def test_a_purchase_is_told_in_order_and_signed(heard: Local, receiver: Receiver) -> None:
    charge = heard.buy(metadata={"sale": "1"})
    heard.quiet()
    assert receiver.types() == PURCHASE
    for each in receiver.received:
        event = heard.client.construct_event(each.body, each.signature, SECRET)
        assert (event.api_version, event.livemode) == ("2026-10-28.endive", False)
        assert abs(int(each.signature.split(",")[0].removeprefix("t=")) - time.time()) < 60
    completed = receiver.received[3].event["data"]["object"]
    assert (completed["metadata"], completed["payment_status"]) == ({"sale": "1"}, "paid")
    succeeded, updated = receiver.received[1].event["data"], receiver.received[4].event["data"]
    assert succeeded["object"]["balance_transaction"] is None
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert updated["object"]["balance_transaction"] == charge.balance_transaction.id
    assert updated["previous_attributes"] == {"balance_transaction": None}


def test_a_forged_body_does_not_verify(heard: Local, receiver: Receiver) -> None:
    heard.buy()
    heard.quiet()
    taken = receiver.received[0]
    with pytest.raises(stripe.SignatureVerificationError):
        heard.client.construct_event(taken.body.replace("1000", "9000"), taken.signature, SECRET)


def test_a_failing_receiver_is_tried_again(heard: Local, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    heard.client.v1.customers.create({"email": "linus@example.org"})
    heard.quiet()
    assert receiver.types() == ["customer.created"] * 3
    assert len({each.event["id"] for each in receiver.received}) == 1
    assert heard.client.v1.events.list({"delivery_success": True}).data[0].type == "customer.created"


def test_events_are_listed_by_type_and_retrieved(heard: Local, receiver: Receiver) -> None:
    heard.buy()
    heard.quiet()
    listed = heard.client.v1.events.list({"types": ["charge.succeeded", "charge.updated"]}).data
    assert [event.type for event in listed] == ["charge.updated", "charge.succeeded"]
    globbed = heard.client.v1.events.list({"type": "payment_intent.*"}).data
    assert [event.type for event in globbed] == ["payment_intent.succeeded", "payment_intent.created"]
    assert heard.client.v1.events.retrieve(listed[0].id).id == receiver.received[4].event["id"]


def test_an_event_names_the_request_that_caused_it(heard: Local, receiver: Receiver) -> None:
    customer = heard.client.v1.customers.create({"email": "linus@example.org"}, {"idempotency_key": "k1"})
    heard.quiet()
    assert customer.last_response is not None
    cause = receiver.received[0].event["request"]
    assert cause == {"id": customer.last_response.request_id, "idempotency_key": "k1"}


def test_an_event_is_sent_again_on_demand(heard: Local, receiver: Receiver) -> None:
    heard.client.v1.customers.create({"email": "linus@example.org"})
    heard.quiet()
    event_id = receiver.received[0].event["id"]
    assert heard.control(f"events/{event_id}/resend", again=True) == {"deliveries": 1}
    wait_until(lambda: len(receiver.received) == 2, "the event comes again")
    assert receiver.received[1].event["id"] == event_id


def test_an_endpoint_of_the_api_gets_what_it_asked_for(local: Local, receiver: Receiver) -> None:
    endpoint = local.client.v1.webhook_endpoints.create(
        {"url": f"{receiver.url}/mine", "enabled_events": ["charge.succeeded"]}
    )
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")
    local.buy()
    local.quiet()
    assert receiver.types("/mine") == ["charge.succeeded"]
    local.client.construct_event(receiver.received[0].body, receiver.received[0].signature, endpoint.secret)
    local.client.v1.webhook_endpoints.delete(endpoint.id)
    local.buy()
    local.quiet()
    assert receiver.types("/mine") == ["charge.succeeded"]


def test_a_connect_endpoint_hears_connected_accounts_alone(local: Local, receiver: Receiver) -> None:
    local.client.v1.webhook_endpoints.create(
        {"url": f"{receiver.url}/connect", "enabled_events": ["*"], "connect": True}
    )
    local.buy(number="4000000000000077")
    ada = local.payee()
    local.client.v1.transfers.create({"amount": 900, "currency": "usd", "destination": ada})
    local.quiet()
    assert receiver.types("/connect") == ["payment.created"]
    assert receiver.received[0].event["account"] == ada


def test_a_duplicate_is_sent_twice(heard: Local, receiver: Receiver) -> None:
    heard.fault("event_duplicate", "charge.succeeded")
    heard.buy()
    heard.quiet()
    assert sorted(receiver.types()) == sorted([*PURCHASE, "charge.succeeded"])
    twice = [each.body for each in receiver.received if each.event["type"] == "charge.succeeded"]
    assert len(twice) == 2


def test_two_events_change_places(heard: Local, receiver: Receiver) -> None:
    heard.fault("event_reorder", "charge.succeeded", seconds=30)
    heard.buy()
    heard.quiet()
    assert receiver.types() == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]


def test_a_lost_event_is_still_listed(heard: Local, receiver: Receiver) -> None:
    heard.fault("event_lose", "checkout.session.completed")
    heard.buy()
    heard.quiet()
    assert "checkout.session.completed" not in receiver.types()
    assert heard.client.v1.events.list({"type": "checkout.session.completed"}).data != []


def test_a_delayed_event_comes_last(heard: Local, receiver: Receiver) -> None:
    heard.fault("event_delay", "payment_intent.created", seconds=1)
    heard.buy()
    heard.quiet()
    assert receiver.types() == [*PURCHASE[1:], "payment_intent.created"]


def test_the_clock_dates_events_at_their_own_time(heard: Local, receiver: Receiver) -> None:
    session = heard.session(expires_at=heard.now() + 1900)
    heard.advance(30 * 86_400)
    heard.quiet()
    expired = receiver.received[-1].event
    assert (expired["type"], expired["created"]) == ("checkout.session.expired", session.expires_at)


def test_the_clock_only_moves_forward(local: Local) -> None:
    answer = local.http.post("/_sandbox/clock", json={"advance_s": -60})
    assert answer.status_code == 400
    assert abs(local.control("clock")["offset_s"]) < 1
