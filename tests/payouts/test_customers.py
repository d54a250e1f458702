"""People who pay: one customer each at Stripe, whatever is lost on the way."""

from uuid import UUID

import pytest

from config import clock
from payouts import handlers
from payouts.customers.operations import open_customer, reach_customer
from payouts.models import CallState, Customer, StripeCall
from tests.payouts.stripe_driver import Sandbox, Workers

CUSTOMERS = "POST /v1/customers"


def _reach(user_id: UUID) -> Customer:
    return reach_customer(user_id=user_id, name="Linus", email="linus@example.org", now=clock.now())


def test_a_person_is_one_customer(sandbox: Sandbox, linus: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[UUID] = []
    monkeypatch.setitem(handlers._handlers, "customer.ready", [lambda *, customer_id, now: told.append(customer_id)])
    first, second = _reach(linus), _reach(linus)
    (at_stripe,) = sandbox.client.v1.customers.list().data
    assert first == second
    assert first.stripe_customer_id == at_stripe.id
    assert (at_stripe.name, at_stripe.email) == ("Linus", "linus@example.org")
    assert told == [first.id]


def test_while_stripe_is_away_the_sweeper_goes_on_asking(sandbox: Sandbox, workers: Workers, linus: UUID) -> None:
    sandbox.fault("rate_limit", CUSTOMERS)
    assert _reach(linus).stripe_customer_id == ""
    assert _reach(linus).stripe_customer_id == ""  # it backs off
    StripeCall.objects.update(next_attempt_at=clock.real_now())
    workers.call()
    assert Customer.objects.get().stripe_customer_id.startswith("cus_")
    assert StripeCall.objects.count() == 1


def test_a_lost_answer_makes_no_second_customer(sandbox: Sandbox, workers: Workers, linus: UUID) -> None:
    sandbox.fault("timeout_after", CUSTOMERS)
    assert _reach(linus).stripe_customer_id == ""
    StripeCall.objects.update(next_attempt_at=clock.real_now(), look_up=True)  # the key is too old to ask with
    workers.call()
    (at_stripe,) = sandbox.client.v1.customers.list().data
    assert Customer.objects.get().stripe_customer_id == at_stripe.id


def test_after_a_definite_no_asking_again_is_a_new_call(linus: UUID) -> None:
    open_customer(user_id=linus, name="Linus", email="linus@example.org", now=clock.now())
    StripeCall.objects.update(state=CallState.FAILED, error="no", finished_at=clock.real_now())
    for _ in range(2):
        open_customer(user_id=linus, name="Linus", email="linus@example.org", now=clock.now())
    assert sorted(StripeCall.objects.values_list("state", flat=True)) == [CallState.FAILED, CallState.PENDING]
