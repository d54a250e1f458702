"""The circuit breaker: with Stripe silent nobody waits for it, what can be queued is, and the first answer ends it."""

from datetime import timedelta
from typing import Any

import pytest

from config import clock
from payouts import circuit
from payouts.circuit import OPENS_AFTER, PAUSE_MAX_S, PROBE_MAY_TAKE, admits, guarded, pause_s, silent_since
from payouts.errors import StripeRefusedError, StripeUnavailableError
from payouts.inbox import operations as inbox
from payouts.inbox import registry
from payouts.models import CallState, EventState, Payee, Sale, SaleState, StripeCall, StripeCircuit, StripeEvent
from payouts.sales.operations import abandon_sale
from payouts.tasks import import_balance_transactions, sweep_outbox
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, post_event
from tests.payouts.test_webhooks import EVENT

pytestmark = pytest.mark.django_db

SILENCE = StripeUnavailableError("No answer from Stripe", silent=True)


def silence(*sources: str) -> None:
    for source in sources:
        circuit.unanswered(source=source, error=SILENCE, real_now=clock.real_now())


def silence_from_many() -> None:
    silence(*(f"call {number}" for number in range(OPENS_AFTER)))


def pause_ends() -> None:
    StripeCircuit.objects.update(open_until=clock.real_now())


def test_it_opens_after_silence_in_a_row_and_then_lets_one_probe_through() -> None:
    silence(*(f"call {number}" for number in range(OPENS_AFTER - 1)))
    assert (admits(real_now=clock.real_now()), silent_since()) == (True, None)
    silence("import")
    now = clock.real_now()
    assert not admits(real_now=now)
    assert silent_since() is not None
    pause_ends()
    later = now + timedelta(seconds=pause_s(OPENS_AFTER))
    assert [admits(real_now=later) for _ in range(3)] == [True, False, False]
    assert admits(real_now=later + PROBE_MAY_TAKE)  # the probe's process died


def test_the_pauses_grow_and_the_first_answer_ends_it() -> None:
    silence_from_many()
    silence("call 0", "call 0")
    row = StripeCircuit.objects.get()
    assert row.silent == OPENS_AFTER + 2
    assert [pause_s(OPENS_AFTER + more) for more in (0, 1, 2, 30)] == [5.0, 10.0, 20.0, PAUSE_MAX_S]
    circuit.answered()
    assert admits(real_now=clock.real_now())
    silence("call 1")
    row.refresh_from_db()
    assert (row.silent, row.open_until) == (1, None)


def test_one_call_that_stripe_cannot_digest_does_not_close_the_shop() -> None:
    silence(*["call 7"] * 10)
    assert (admits(real_now=clock.real_now()), StripeCircuit.objects.get().silent) == (True, 1)


@pytest.mark.parametrize(
    "answer",
    [StripeUnavailableError("Slow down", retry_after_s=9), StripeRefusedError("No", code="x", http_status=400)],
)
def test_refusals_and_limits_are_answers(answer: Exception) -> None:
    silence(*(f"call {number}" for number in range(OPENS_AFTER - 1)))
    with pytest.raises(type(answer)), guarded(source="import"):
        raise answer
    assert StripeCircuit.objects.get().silent == 0


@pytest.fixture
def silent_stripe(shop: Shop, ada: Payee, settings: Any) -> str:
    """Nobody at Stripe's address; the address where it will be again."""
    address: str = settings.STRIPE_API_BASE
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    return address


def test_calls_wait_unsent_while_it_is_open_and_go_out_when_stripe_answers(
    shop: Shop, ada: Payee, silent_stripe: str, sandbox: Sandbox, settings: Any
) -> None:
    sent = [shop.open(ada) for _ in range(OPENS_AFTER)]
    waiting, given_up = shop.open(ada), shop.open(ada)
    calls = {call.subject: call for call in StripeCall.objects.filter(operation="checkout_session.create")}
    assert {calls[sale.ledger_subject].attempts for sale in sent} == {1}
    assert {calls[sale.ledger_subject].attempts for sale in (waiting, given_up)} == {0}

    abandon_sale(sale_id=given_up.id, now=clock.now())  # needs no word of Stripe, which knows nothing of it
    given_up.refresh_from_db()
    assert given_up.state == SaleState.EXPIRED
    StripeCall.objects.update(next_attempt_at=clock.real_now())
    import_balance_transactions()
    sweep_outbox()
    assert set(StripeCall.objects.filter(state=CallState.SENT).values_list("attempts", flat=True)) == {1}

    settings.STRIPE_API_BASE = silent_stripe
    pause_ends()
    sweep_outbox()
    assert silent_since() is None
    urls = Sale.objects.exclude(id=given_up.id).values_list("checkout_url", flat=True)
    assert len({url for url in urls if url}) == OPENS_AFTER + 1
    assert len(sandbox.client.v1.checkout.sessions.list({"limit": 100}).data) == OPENS_AFTER + 1


def test_an_event_that_has_to_ask_stripe_waits_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = [True]

    def handler(*, event: StripeEvent, now: Any) -> None:
        if silent:
            raise SILENCE

    monkeypatch.setitem(registry._handlers, "charge.pending", handler)
    post_event(EVENT | {"type": "charge.pending"})
    for _ in range(inbox.ATTEMPTS_MAX + inbox.WAITS_MAX):
        StripeEvent.objects.update(next_attempt_at=clock.real_now())
        assert inbox.process(event_id=str(EVENT["id"]), now=clock.now()) == EventState.WAITING
    event = StripeEvent.objects.get()
    assert (event.attempts, "did not answer" in event.last_error) == (0, True)
    silent.clear()
    assert inbox.process(event_id=event.id, now=clock.now()) == EventState.DONE
