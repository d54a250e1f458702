"""Payees: an account at Stripe once, paid by our runs only, and their state as Stripe has it."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from config import clock
from payouts import handlers
from payouts.errors import OnboardingUnavailableError, StripeRefusedError, UnknownPayeeError
from payouts.inbox import operations as inbox
from payouts.models import CallState, EventState, Payee, StripeCall, TransfersState
from payouts.payees.calls import CreateAccount
from payouts.payees.operations import onboarding_url, open_payee
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers, post_event

BACK = "http://testserver/back"


def ada_opens(shop: Shop) -> Payee:
    return open_payee(
        user_id=shop.linus_id, display_name="Ada", email="ada@example.org", country="us", now=clock.now()
    )


def link_for(payee: Payee) -> str:
    return onboarding_url(payee_id=payee.id, return_url=BACK, refresh_url=BACK, now=clock.now())


def test_onboarding_makes_one_account_with_manual_payouts_and_turns_transfers_on(
    shop: Shop, sandbox: Sandbox, workers: Workers
) -> None:
    payee = ada_opens(shop)
    assert (payee.country, payee.transfers_state, payee.stripe_account_id) == ("US", TransfersState.NONE, "")
    first, second = link_for(payee), link_for(payee)
    assert first != second
    payee.refresh_from_db()
    assert payee.transfers_state in {TransfersState.PENDING, TransfersState.RESTRICTED}
    assert [account.id for account in sandbox.client.v2.core.accounts.list().data] == [payee.stripe_account_id]
    assert sandbox.onboard(second) == 303
    workers.turn()
    payee.refresh_from_db()
    assert (payee.transfers_state, payee.restriction) == (TransfersState.ACTIVE, "")
    assert payee.payouts_manual_at is not None
    settings = sandbox.client.v1.balance_settings.retrieve({}, {"stripe_account": payee.stripe_account_id})
    schedule = settings.payments.payouts.schedule if settings.payments.payouts else None
    assert schedule is not None
    assert schedule.interval == "manual"


def test_a_person_is_a_payee_once(shop: Shop) -> None:
    assert ada_opens(shop) == ada_opens(shop)
    assert StripeCall.objects.count() == 1
    again = Payee.objects.get()
    again.id = uuid4()
    with pytest.raises(IntegrityError, match="payee_one_per_user"), transaction.atomic():
        again.save(force_insert=True)


def test_events_before_the_answer_of_the_call_wait_for_it(shop: Shop, sandbox: Sandbox, workers: Workers) -> None:
    sandbox.fault("timeout_after", "POST /v2/core/accounts")
    payee = ada_opens(shop)
    with pytest.raises(OnboardingUnavailableError, match="cannot be reached"):
        link_for(payee)
    (account,) = sandbox.client.v2.core.accounts.list().data
    (made,) = sandbox.thin_events()
    assert made["related_object"]["id"] == account.id
    post_event(made | {"id": "evt_early", "type": "v2.core.account.updated"}, path="/webhooks/stripe/v2/")
    assert inbox.process(event_id="evt_early", now=clock.now()) == EventState.WAITING
    StripeCall.objects.update(next_attempt_at=clock.real_now())
    link_for(payee)
    assert inbox.process(event_id="evt_early", now=clock.now()) == EventState.DONE
    assert Payee.objects.get().stripe_account_id == account.id
    assert len(sandbox.client.v2.core.accounts.list().data) == 1


def test_an_old_event_brings_the_present_state_not_its_own(
    shop: Shop, ada: Payee, workers: Workers, sandbox: Sandbox
) -> None:
    """Events of before the onboarding, again: the account is fetched as it is now."""
    for number, event in enumerate(sandbox.thin_events()):
        copy = event | {"id": f"evt_again_{number}"}
        assert post_event(copy, path="/webhooks/stripe/v2/").status_code == 200
        inbox.process(event_id=copy["id"], now=clock.now())
    ada.refresh_from_db()
    assert ada.transfers_state == TransfersState.ACTIVE


def test_stripe_away_while_an_account_is_fetched_is_tried_again(
    shop: Shop, ada: Payee, workers: Workers, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []
    monkeypatch.setitem(handlers._handlers, "payee.updated", [lambda **facts: heard.append(facts["payee_id"])])
    event = sandbox.thin_events()[-1] | {"id": "evt_again", "type": "v2.core.account.updated"}
    sandbox.fault("server_error", "GET /v2/core/accounts/*")
    post_event(event, path="/webhooks/stripe/v2/")
    assert inbox.process(event_id="evt_again", now=clock.now()) == EventState.WAITING
    assert heard == []
    assert inbox.process(event_id="evt_again", now=clock.now()) == EventState.DONE
    assert heard == [ada.id]


def test_a_refused_account_tells_why_and_the_next_try_is_a_new_call(
    shop: Shop, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    payee = ada_opens(shop)

    def refuse(*_: object, **__: object) -> None:
        raise StripeRefusedError("That country is not supported.", code="country_unsupported", http_status=400)

    with monkeypatch.context() as refusing:
        refusing.setattr(CreateAccount, "send", refuse)
        with pytest.raises(OnboardingUnavailableError, match="not supported"):
            link_for(payee)
    assert link_for(payee).startswith(sandbox.url)
    states = StripeCall.objects.filter(operation="account.create").order_by("created_at")
    assert [(call.state, call.generation) for call in states] == [(CallState.FAILED, 1), (CallState.DONE, 1)]
    assert len({call.idempotency_key for call in states}) == 2


def test_nobody_is_led_to_onboarding_who_is_no_payee(shop: Shop) -> None:
    with pytest.raises(UnknownPayeeError):
        onboarding_url(payee_id=shop.linus_id, return_url=BACK, refresh_url=BACK, now=clock.now())
