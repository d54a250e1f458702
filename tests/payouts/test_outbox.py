"""The outbox against the sandbox's faults: whatever is lost, one effect at Stripe and one follow-up here."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from config import clock
from payouts import circuit
from payouts.errors import StripeRefusedError
from payouts.models import CallState, Payee, Payout, PayoutState, Sale, SaleState, StripeCall
from payouts.models.call import OPEN_STATES
from payouts.outbox.operations import BACKOFF_MAX_S, backoff_s, deliver
from payouts.runs.operations import run_payouts
from payouts.sales.calls import CreateCheckoutSession
from payouts.sales.operations import abandon_sale
from payouts.tasks import sweep_outbox
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers

SESSIONS = "POST /v1/checkout/sessions"
TRANSFERS = "POST /v1/transfers"


def call_of(sale: Sale) -> StripeCall:
    return StripeCall.objects.get(subject=sale.ledger_subject, operation="checkout_session.create")


def sessions(sandbox: Sandbox) -> int:
    return len(sandbox.client.v1.checkout.sessions.list({"limit": 100}).data)


def due_now(call: StripeCall) -> None:
    """Time passes until the call's next attempt."""
    StripeCall.objects.filter(id=call.id).update(next_attempt_at=clock.real_now(), lease_until=None)


def test_a_delivered_call_keeps_what_it_sent_and_what_came_of_it(shop: Shop, ada: Payee) -> None:
    sale = shop.open(ada)
    call = call_of(sale)
    assert (call.state, call.attempts, call.result_id) == (CallState.DONE, 1, sale.checkout_session_id)
    assert call.idempotency_key == f"obole:{call.id}:1"
    assert f'"outbox_id":"{call.id}"' in call.body
    assert deliver(call_id=call.id).attempts == 1


def test_an_answer_lost_brings_the_same_session_on_the_next_attempt(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sandbox.fault("timeout_after", SESSIONS)
    sale = shop.open(ada)
    call = call_of(sale)
    assert (call.state, call.attempts, sale.checkout_url) == (CallState.SENT, 1, "")
    due_now(call)
    call = deliver(call_id=call.id)
    assert (call.state, call.attempts, call.generation) == (CallState.DONE, 2, 1)
    assert sessions(sandbox) == 1


def test_it_backs_off_and_honours_retry_after(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", SESSIONS, seconds=30)
    before = clock.real_now()
    call = call_of(shop.open(ada))
    assert call.state == CallState.SENT
    assert call.next_attempt_at is not None
    assert timedelta(seconds=30) <= call.next_attempt_at - before < timedelta(seconds=60)
    assert deliver(call_id=call.id).attempts == 1
    assert [backoff_s(attempts) for attempts in (1, 2, 3, 20)] == [1.0, 2.0, 4.0, BACKOFF_MAX_S]


def test_a_kept_500_is_looked_up_and_then_tried_with_a_new_key(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sandbox.fault("server_error", SESSIONS)
    call = call_of(shop.open(ada))
    due_now(call)
    call = deliver(call_id=call.id)
    assert (call.state, call.look_up, call.generation) == (CallState.SENT, True, 1)
    due_now(call)
    call = deliver(call_id=call.id)
    assert (call.state, call.look_up, call.generation) == (CallState.DONE, False, 2)
    assert call.idempotency_key.endswith(":2")
    assert sessions(sandbox) == 1


@pytest.mark.parametrize("done_at_stripe", [True, False])
def test_after_a_day_it_lists_before_it_calls_again(
    shop: Shop, ada: Payee, sandbox: Sandbox, *, done_at_stripe: bool
) -> None:
    sandbox.fault("timeout_after" if done_at_stripe else "timeout_before", SESSIONS)
    sale = shop.open(ada)
    call = call_of(sale)
    due_now(call)
    StripeCall.objects.filter(id=call.id).update(first_sent_at=clock.real_now() - timedelta(hours=23, minutes=1))
    sandbox.control("idempotency_keys/expire")
    call = deliver(call_id=call.id)
    assert (call.state, call.generation) == (CallState.DONE, 1 if done_at_stripe else 2)
    assert sessions(sandbox) == 1
    sale.refresh_from_db()
    assert sale.checkout_session_id == call.result_id


def test_a_transfer_is_found_again_by_its_group_after_a_day(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    sandbox.fault("timeout_after", TRANSFERS)
    workers.call()
    call = StripeCall.objects.get(operation="transfer.create")
    due_now(call)
    StripeCall.objects.filter(id=call.id).update(first_sent_at=clock.real_now() - timedelta(hours=24))
    sandbox.control("idempotency_keys/expire")
    workers.call()
    assert Payout.objects.get().state == PayoutState.SENT
    assert len(sandbox.client.v1.transfers.list().data) == 1
    payouts = StripeCall.objects.filter(operation="payout.create")
    assert payouts.count() == 1


def test_a_payout_is_found_again_on_its_account_after_a_day(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    sandbox.fault("timeout_after", "POST /v1/payouts")
    workers.call()
    call = StripeCall.objects.get(operation="payout.create")
    assert call.state == CallState.SENT
    due_now(call)
    StripeCall.objects.filter(id=call.id).update(first_sent_at=clock.real_now() - timedelta(hours=24))
    sandbox.control("idempotency_keys/expire")
    workers.call()
    assert Payout.objects.get().state == PayoutState.SENT
    listed = sandbox.client.v1.payouts.list({}, {"stripe_account": ada.stripe_account_id}).data
    assert [each.id for each in listed] == [Payout.objects.get().stripe_payout_id]


def test_an_account_is_found_again_after_a_day(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    sandbox.fault("timeout_after", "POST /v2/core/accounts")
    from_stripe = sandbox.client.v2.core.accounts
    with pytest.raises(Exception, match="cannot be reached"):
        shop.payee("Edith")
    call = StripeCall.objects.get(operation="account.create")
    due_now(call)
    StripeCall.objects.filter(id=call.id).update(first_sent_at=clock.real_now() - timedelta(hours=24))
    sandbox.control("idempotency_keys/expire")
    workers.call()
    assert [account.id for account in from_stripe.list().data] == [Payee.objects.get().stripe_account_id]


def test_a_definite_no_runs_its_follow_up_once(
    shop: Shop, ada: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StripeRefusedError("No such price.", code="resource_missing", http_status=404)

    monkeypatch.setattr(CreateCheckoutSession, "send", refuse)
    sale = shop.open(ada)
    assert (sale.state, sale.failure) == (SaleState.EXPIRED, "No such price.")
    call = call_of(sale)
    assert (call.state, call.error_code, call.error) == (CallState.FAILED, "resource_missing", "No such price.")
    assert deliver(call_id=call.id).attempts == 1


def test_a_call_in_flight_is_left_to_whoever_has_it(shop: Shop, ada: Payee, sandbox: Sandbox) -> None:
    sandbox.fault("timeout_after", SESSIONS)
    call = call_of(shop.open(ada))
    now = clock.real_now()
    StripeCall.objects.filter(id=call.id).update(next_attempt_at=now, lease_until=now + timedelta(seconds=30))
    assert deliver(call_id=call.id).attempts == 1
    StripeCall.objects.filter(id=call.id).update(lease_until=now)
    assert deliver(call_id=call.id).state == CallState.DONE


def test_a_follow_up_that_fails_takes_the_record_with_it_and_is_repeated(
    shop: Shop, ada: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a bug")

        broken.setattr(CreateCheckoutSession, "done", fail)
        with pytest.raises(RuntimeError):
            shop.open(ada)
        call = StripeCall.objects.get(operation="checkout_session.create")
        assert (call.state, call.result) == (CallState.SENT, None)
        due_now(call)
        sweep_outbox()
        call.refresh_from_db()
        assert (call.state, call.error) == (CallState.SENT, "RuntimeError: a bug")
    due_now(call)
    sweep_outbox()
    call.refresh_from_db()
    assert call.state == CallState.DONE
    assert sessions(sandbox) == 1


def test_a_sale_given_up_before_its_call_was_sent_asks_nothing_of_stripe(
    shop: Shop, ada: Payee, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.payouts.conftest.start_checkout", lambda *, sale_id: Sale.objects.get(id=sale_id))
    sale = shop.open(ada)
    abandon_sale(sale_id=sale.id, now=clock.now())
    sale.refresh_from_db()
    assert sale.state == SaleState.EXPIRED
    assert call_of(sale).state == CallState.FAILED
    assert deliver(call_id=call_of(sale).id).attempts == 0
    assert sessions(sandbox) == 0


def test_with_stripe_away_a_sweep_gives_up_after_a_few_calls(
    shop: Shop, ada: Payee, sandbox: Sandbox, settings: Settings
) -> None:
    with_stripe = settings.STRIPE_API_BASE
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    sales = [shop.open(ada) for _ in range(6)]
    unanswered = StripeCall.objects.filter(state__in=OPEN_STATES)
    assert sum(call.attempts for call in unanswered) == circuit.OPENS_AFTER
    circuit.answered()
    unanswered.update(next_attempt_at=clock.real_now())
    sweep_outbox()
    assert sum(call.attempts for call in unanswered.all()) == circuit.OPENS_AFTER + 3
    settings.STRIPE_API_BASE = with_stripe
    unanswered.update(next_attempt_at=clock.real_now())
    sweep_outbox()
    assert sessions(sandbox) == len(sales)
