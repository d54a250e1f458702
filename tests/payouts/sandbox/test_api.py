"""The rules of the API itself: keys, errors, idempotency, pages, expansion, parameters."""

from typing import Any

import pytest
import stripe

from tests.payouts.sandbox.local import Local


def test_it_refuses_a_live_key(local: Local) -> None:
    live = stripe.StripeClient("sk_live_x", base_addresses={"api": local.url}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError, match="refuses live keys"):
        live.v1.customers.create({"email": "linus@example.org"})
    assert local.client.v1.customers.list().data == []


def test_it_asks_for_a_key(local: Local) -> None:
    answer = local.http.get("/v1/balance")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["request-id"].startswith("req_")


def test_it_echoes_the_api_version_and_names_the_request(local: Local) -> None:
    answer = local.http.get(
        "/v1/balance", headers={"authorization": "Bearer sk_test_x", "stripe-version": "2026-10-28.endive"}
    )
    assert answer.headers["stripe-version"] == "2026-10-28.endive"


def test_it_refuses_an_unknown_parameter(local: Local) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.session(metadata={"sale": "1"}, payment_intent_data={"metadatum": {"sale": "1"}})
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "payment_intent_data[metadatum]")
    assert local.client.v1.checkout.sessions.list().data == []


def test_it_refuses_an_unknown_parameter_of_v2(local: Local) -> None:
    params = {"display_name": "Ada", "kind": "express"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v2.core.accounts.create(params)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "kind")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "ten", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 10, "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": 1000, "currency": "usd", "setup_future_usage": "sometimes"}, None, "setup_future_usage"),
        ({"amount": 1000, "currency": "usd", "description": ""}, "parameter_invalid_empty", "description"),
        ({"amount": 1000, "currency": "usd", "customer": "cus_none"}, "resource_missing", "customer"),
        ({"amount": 1005, "currency": "kwd"}, None, "amount"),
        ({"amount": 100_050, "currency": "isk"}, None, "amount"),
    ],
)
def test_it_refuses_what_stripe_refuses(local: Local, params: dict[str, object], code: str | None, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.payment_intents.create(params)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.param) == (code, param)
    assert local.client.v1.payment_intents.list().data == []


def test_it_says_when_an_object_does_not_exist(local: Local) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.charges.retrieve("ch_none")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_it_says_when_an_address_is_unknown(local: Local) -> None:
    answer = local.http.get("/v1/terminal/readers", headers={"authorization": "Bearer sk_test_x"})
    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]


def test_the_same_key_with_the_same_parameters_replays(local: Local) -> None:
    first = local.client.v1.customers.create({"email": "linus@example.org"}, {"idempotency_key": "k1"})
    again = local.client.v1.customers.create({"email": "linus@example.org"}, {"idempotency_key": "k1"})
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len(local.client.v1.customers.list().data) == 1


def test_the_same_key_with_other_parameters_is_refused(local: Local) -> None:
    local.client.v1.customers.create({"email": "linus@example.org"}, {"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError):
        local.client.v1.customers.create({"email": "grace@example.org"}, {"idempotency_key": "k1"})
    assert [customer.email for customer in local.client.v1.customers.list().data] == ["linus@example.org"]


def test_a_key_is_forgotten_after_a_day(local: Local) -> None:
    local.client.v1.customers.create({"email": "linus@example.org"}, {"idempotency_key": "k1"})
    local.control("idempotency_keys/expire", now=True)
    local.client.v1.customers.create({"email": "grace@example.org"}, {"idempotency_key": "k1"})
    assert len(local.client.v1.customers.list().data) == 2


def test_a_refused_parameter_does_not_use_up_the_key(local: Local) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        local.client.v1.payment_intents.create({"amount": 1, "currency": "usd"}, {"idempotency_key": "k1"})
    local.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"}, {"idempotency_key": "k1"})


def test_a_declined_card_replays_under_its_key(local: Local) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            local.client.v1.payment_intents.create(
                {
                    "amount": 1000,
                    "currency": "usd",
                    "confirm": True,
                    "payment_method": "pm_card_visa_chargeDeclined",
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                },
                {"idempotency_key": "k1"},
            )
        assert declined.value.code == "card_declined"
    assert len(local.client.v1.charges.list().data) == 1


def test_keys_of_connected_accounts_are_their_own(local: Local) -> None:
    schedule: stripe.params.BalanceSettingsUpdateParams = {
        "payments": {"payouts": {"schedule": {"interval": "manual"}}}
    }
    for account in (local.payee(), local.payee()):
        set_ = local.client.v1.balance_settings.update(schedule, {"idempotency_key": "k1", "stripe_account": account})
        assert set_.last_response is not None
        assert "idempotent-replayed" not in set_.last_response.headers


def test_it_makes_purchases_on_the_platform_alone(local: Local) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="on the platform alone"):
        local.client.v1.customers.create({"email": "fin@example.org"}, {"stripe_account": local.payee()})


def test_it_pages_by_cursor(local: Local) -> None:
    made = [local.client.v1.customers.create({"name": str(number)}).id for number in range(5)]
    newest_first = made[::-1]
    first = local.client.v1.customers.list({"limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (newest_first[:2], True)
    second = local.client.v1.customers.list({"limit": 2, "starting_after": first.data[-1].id})
    assert ([each.id for each in second.data], second.has_more) == (newest_first[2:4], True)
    before = local.client.v1.customers.list({"limit": 2, "ending_before": newest_first[3]})
    assert ([each.id for each in before.data], before.has_more) == (newest_first[1:3], True)
    assert [each.id for each in first.auto_paging_iter()] == newest_first


def test_it_filters_by_creation(local: Local) -> None:
    old = local.client.v1.customers.create({"name": "old"})
    local.advance(3600)
    new = local.client.v1.customers.create({"name": "new"})
    later = local.client.v1.customers.list({"created": {"gt": old.created}})
    assert [each.id for each in later.data] == [new.id]
    earlier = local.client.v1.customers.list({"created": {"lte": old.created}})
    assert [each.id for each in earlier.data] == [old.id]


def test_it_refuses_a_limit_above_a_hundred(local: Local) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.customers.list({"limit": 101})
    assert refused.value.param == "limit"


def test_it_expands_objects_in_lists(local: Local) -> None:
    charge = local.buy()
    listed = local.client.v1.balance_transactions.list({"expand": ["data.source"]})
    source = listed.data[0].source
    assert isinstance(source, stripe.Charge)
    assert source.id == charge.id


def test_it_refuses_to_expand_what_is_not_an_object(local: Local) -> None:
    charge = local.buy()
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        local.client.v1.charges.retrieve(charge.id, {"expand": ["nothing"]})


def test_it_refuses_an_account_that_is_not_ours(local: Local) -> None:
    with pytest.raises(stripe.PermissionError) as refused:
        local.client.v1.balance.retrieve(None, {"stripe_account": "acct_none"})
    assert refused.value.http_status == 403


def test_metadata_merges_and_unsets(local: Local) -> None:
    customer = local.client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed = local.client.v1.customers.update(customer.id, {"metadata": {"b": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "c": "3"}
    cleared = local.client.v1.customers.update(customer.id, {"metadata": ""})
    assert cleared.metadata is not None
    assert cleared.metadata.to_dict() == {}


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"payment_intent_data": {"application_fee_amount": 30}}, "payment_intent_data[application_fee_amount]"),
        ({"payment_intent_data": {"capture_method": "manual"}}, "payment_intent_data[capture_method]"),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]"),
        ({"discounts": [{"coupon": "x"}]}, "discounts"),
    ],
)
def test_it_refuses_what_it_would_have_to_ignore(local: Local, more: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not implement") as refused:
        local.session(**more)
    assert refused.value.param == param
    assert local.client.v1.checkout.sessions.list().data == []


def test_a_broken_body_is_the_callers_fault(local: Local) -> None:
    headers = {"authorization": "Bearer sk_test_x", "content-type": "application/json"}
    answer = local.http.post("/v2/core/accounts", headers=headers, content=b"{")
    assert answer.status_code == 400
