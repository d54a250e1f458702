"""Cards saved with setup intents, charged off session."""

import pytest
import stripe

from tests.payouts.sandbox.local import Local


@pytest.fixture
def linus(local: Local) -> str:
    """A customer."""
    return local.client.v1.customers.create({"email": "linus@example.org"}).id


def _tip(local: Local, linus: str, method: str) -> stripe.PaymentIntent:
    return local.client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "customer": linus,
            "payment_method": method,
            "off_session": True,
            "confirm": True,
        }
    )


def _saved(local: Local, linus: str, method: str) -> stripe.SetupIntent:
    return local.client.v1.setup_intents.create(
        {
            "customer": linus,
            "payment_method": method,
            "confirm": True,
            "return_url": "http://obole.test/saved",
            "automatic_payment_methods": {"enabled": True},
        }
    )


def test_a_saved_card_pays_a_tip(local: Local, linus: str) -> None:
    saved = _saved(local, linus, "pm_card_visa")
    assert saved.status == "succeeded"
    tip = _tip(local, linus, str(saved.payment_method))
    assert (tip.status, tip.amount_received, tip.customer) == ("succeeded", 500, linus)


def test_a_card_that_always_asks_needs_the_payer(local: Local, linus: str) -> None:
    saved = _saved(local, linus, "pm_card_authenticationRequired")
    assert saved.status == "requires_action"
    assert saved.next_action is not None
    assert saved.next_action.redirect_to_url is not None
    challenge = str(saved.next_action.redirect_to_url.url)
    back = local.http.post(challenge, data={"result": "complete"}).headers["location"]
    assert back == f"http://obole.test/saved?setup_intent={saved.id}"
    method = str(local.client.v1.setup_intents.retrieve(saved.id).payment_method)
    with pytest.raises(stripe.CardError) as refused:
        _tip(local, linus, method)
    assert refused.value.code == "authentication_required"
    assert refused.value.error is not None
    intent = refused.value.error.payment_intent
    assert intent is not None
    assert intent.status == "requires_payment_method"
    assert local.balance() == (0, 0)
    confirmed = local.client.v1.payment_intents.confirm(
        intent.id, {"payment_method": method, "return_url": "http://obole.test/tipped"}
    )
    assert confirmed.status == "requires_action"
    done = local.http.post(f"/c/3ds/{intent.id}", data={"result": "complete"}).headers["location"]
    assert done == f"http://obole.test/tipped?payment_intent={intent.id}"
    assert local.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_card_set_up_once_pays_off_session(local: Local, linus: str) -> None:
    saved = _saved(local, linus, "pm_card_authenticationRequiredOnSetup")
    local.http.post(f"/c/3ds/{saved.id}", data={"result": "complete"})
    method = str(local.client.v1.setup_intents.retrieve(saved.id).payment_method)
    assert _tip(local, linus, method).status == "succeeded"


def test_a_failed_challenge_saves_nothing(local: Local, linus: str) -> None:
    saved = _saved(local, linus, "pm_card_authenticationRequired")
    local.http.post(f"/c/3ds/{saved.id}", data={"result": "fail"})
    assert local.client.v1.setup_intents.retrieve(saved.id).status == "requires_payment_method"
    assert local.client.v1.customers.payment_methods.list(linus).data == []


def test_a_declined_card_is_not_saved(local: Local, linus: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        _saved(local, linus, "pm_card_chargeDeclined")
    assert refused.value.code == "card_declined"
    assert local.client.v1.customers.payment_methods.list(linus).data == []


def test_a_card_that_is_saved_may_still_be_declined(local: Local, linus: str) -> None:
    saved = _saved(local, linus, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as refused:
        _tip(local, linus, str(saved.payment_method))
    assert refused.value.code == "card_declined"
    assert local.balance() == (0, 0)


def test_a_detached_card_is_gone(local: Local, linus: str) -> None:
    method = str(_saved(local, linus, "pm_card_visa").payment_method)
    assert local.client.v1.payment_methods.detach(method).customer is None
    assert local.client.v1.customers.payment_methods.list(linus).data == []


def test_the_setup_page_saves_a_card(local: Local, linus: str) -> None:
    session = local.client.v1.checkout.sessions.create(
        {"mode": "setup", "customer": linus, "success_url": "http://obole.test/saved", "currency": "usd"}
    )
    assert local.pay(session).headers["location"] == "http://obole.test/saved"
    done = local.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    assert (done.status, done.setup_intent.status) == ("complete", "succeeded")
    assert _tip(local, linus, str(done.setup_intent.payment_method)).status == "succeeded"
