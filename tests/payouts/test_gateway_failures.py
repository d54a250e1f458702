"""Which of Stripe's answers may be tried again, and which never will succeed: through the sandbox's fault switch."""

from typing import Any

import pytest

from payouts.errors import StripeRefusedError, StripeUnavailableError
from payouts.gateway import calls, lookups
from payouts.gateway.bodies import API_VERSION, manual_payouts
from payouts.gateway.requests import Request
from tests.payouts.stripe_driver import Sandbox


def request(key: str = "key-1", **more: Any) -> Request:
    return Request(**{"body": manual_payouts(), "api_version": API_VERSION, "idempotency_key": key} | more)


def test_429_says_when_to_come_back_and_that_nothing_was_done(sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", "POST /v1/balance_settings", seconds=7)
    with pytest.raises(StripeUnavailableError) as busy:
        calls.update_balance_settings(request())
    assert (busy.value.retry_after_s, busy.value.executed, busy.value.kept) == (7.0, False, False)


def test_409_is_another_call_with_the_same_key_in_progress(sandbox: Sandbox) -> None:
    sandbox.fault("conflict", "POST /v1/balance_settings")
    with pytest.raises(StripeUnavailableError) as busy:
        calls.update_balance_settings(request())
    assert busy.value.kept is False


def test_a_500_is_kept_under_its_key_when_it_comes_again(sandbox: Sandbox) -> None:
    sandbox.fault("server_error", "POST /v1/balance_settings")
    with pytest.raises(StripeUnavailableError) as first:
        calls.update_balance_settings(request())
    with pytest.raises(StripeUnavailableError) as again:
        calls.update_balance_settings(request())
    assert (first.value.kept, again.value.kept) == (False, True)
    assert calls.update_balance_settings(request("key-2")).interval == "manual"


def test_no_answer_may_mean_that_it_was_done(sandbox: Sandbox) -> None:
    sandbox.fault("timeout_after", "POST /v1/balance_settings")
    with pytest.raises(StripeUnavailableError) as silence:
        calls.update_balance_settings(request())
    assert silence.value.executed is None
    assert calls.update_balance_settings(request()).interval == "manual"


def test_nobody_at_the_address_is_no_answer(settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(StripeUnavailableError, match="No answer"):
        calls.update_balance_settings(request())


def test_an_unknown_parameter_is_a_definite_no(sandbox: Sandbox) -> None:
    with pytest.raises(StripeRefusedError) as refused:
        calls.update_balance_settings(request(body='{"paymints":{"payouts":"daily"}}'))
    assert (refused.value.code, refused.value.http_status) == ("parameter_unknown", 400)


def test_the_same_key_with_another_body_is_a_definite_no(sandbox: Sandbox) -> None:
    calls.update_balance_settings(request())
    with pytest.raises(StripeRefusedError) as refused:
        calls.update_balance_settings(request(body='{"payments":{"debit_negative_balances":true}}'))
    assert refused.value.http_status == 400


def test_a_missing_object_is_a_definite_no(sandbox: Sandbox) -> None:
    with pytest.raises(StripeRefusedError) as refused:
        lookups.checkout_session("cs_test_nobody")
    assert refused.value.http_status == 404
