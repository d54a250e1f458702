"""The fault switch on API calls: each ends as it would at Stripe, and the same key brings the truth afterwards."""

import threading

import httpx
import pytest
import stripe

from tests.payouts.sandbox.local import Local, wait_until

LINUS: stripe.params.CustomerCreateParams = {"email": "linus@example.org"}
KEY: stripe.RequestOptions = {"idempotency_key": "k1"}


def _count(local: Local) -> int:
    return len(local.client.v1.customers.list().data)


def test_a_lost_answer_is_found_again_with_the_same_key(local: Local) -> None:
    local.fault("timeout_after", "POST /v1/customers")
    with pytest.raises(stripe.APIConnectionError):
        local.client.v1.customers.create(LINUS, KEY)
    assert _count(local) == 1
    again = local.client.v1.customers.create(LINUS, KEY)
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert _count(local) == 1


def test_a_call_that_never_arrived_did_nothing(local: Local) -> None:
    local.fault("timeout_before", "POST /v1/customers")
    with pytest.raises(stripe.APIConnectionError):
        local.client.v1.customers.create(LINUS, KEY)
    assert _count(local) == 0
    local.client.v1.customers.create(LINUS, KEY)
    assert _count(local) == 1


def test_a_time_out_hangs_as_long_as_asked(local: Local) -> None:
    local.fault("timeout_after", "POST /v1/customers", seconds=60)
    impatient = httpx.Client(base_url=local.url, trust_env=False, timeout=0.2)
    with impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post("/v1/customers", headers={"authorization": "Bearer sk_test_x"}, data={"email": "l@example.org"})
    assert _count(local) == 1


def test_too_many_requests_say_when_to_come_back(local: Local) -> None:
    local.fault("rate_limit", "POST /v1/customers", seconds=7)
    with pytest.raises(stripe.RateLimitError) as refused:
        local.client.v1.customers.create(LINUS, KEY)
    assert refused.value.headers is not None
    assert refused.value.headers["retry-after"] == "7"
    assert _count(local) == 0
    local.client.v1.customers.create(LINUS, KEY)


def test_a_server_error_is_kept_under_its_key(local: Local) -> None:
    local.fault("server_error", "POST /v1/customers")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            local.client.v1.customers.create(LINUS, KEY)
        assert failed.value.http_status == 500
    assert _count(local) == 0
    local.client.v1.customers.create(LINUS, {"idempotency_key": "k2"})


def test_a_key_in_use_conflicts(local: Local) -> None:
    local.fault("delay", "POST /v1/customers", seconds=1)
    slow = threading.Thread(target=lambda: local.client.v1.customers.create(LINUS, KEY))
    slow.start()
    wait_until(lambda: local.control("faults")["faults"][0]["remaining"] == 0, "the slow call arrives")
    with pytest.raises(stripe.APIError) as conflict:
        local.client.v1.customers.create(LINUS, KEY)
    assert conflict.value.http_status == 409
    assert conflict.value.error is not None
    assert conflict.value.error.code == "idempotency_key_in_use"
    slow.join()
    again = local.client.v1.customers.create(LINUS, KEY)
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert _count(local) == 1


def test_a_conflict_can_be_had_at_once(local: Local) -> None:
    local.fault("conflict", "POST /v1/customers")
    with pytest.raises(stripe.APIError) as conflict:
        local.client.v1.customers.create(LINUS)
    assert conflict.value.http_status == 409


def test_the_sdk_retries_by_itself(local: Local) -> None:
    local.fault("timeout_after", "POST /v1/customers", count=2)
    patient = stripe.StripeClient("sk_test_x", base_addresses={"api": local.url}, max_network_retries=2)
    assert patient.v1.customers.create(LINUS).email == "linus@example.org"
    assert _count(local) == 1


def test_a_fault_hits_what_it_names_as_often_as_asked(local: Local) -> None:
    local.fault("rate_limit", "GET /v1/balance*", count=2)
    assert _count(local) == 0
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            local.client.v1.balance.retrieve()
    assert local.client.v1.balance.retrieve().object == "balance"


def test_faults_are_cleared(local: Local) -> None:
    local.fault("rate_limit", count=100)
    local.http.delete("/_sandbox/faults")
    assert _count(local) == 0


def test_an_unknown_fault_is_refused(local: Local) -> None:
    assert local.http.post("/_sandbox/faults", json={"kind": "earthquake"}).status_code == 400
    assert local.control("faults")["faults"] == []
