"""The hosted payment page: what each card does, and what is left behind."""

import pytest
import stripe

from tests.payouts.sandbox.local import CARD, DAY_S, Local


def test_a_payment_leaves_charge_and_fee_exactly(local: Local) -> None:
    session = local.session(
        metadata={"sale": "1"}, payment_intent_data={"metadata": {"sale": "1"}, "transfer_group": "sale:1"}
    )
    answer = local.pay(session)
    assert answer.headers["location"] == f"http://obole.test/paid?session={session.id}"
    paid = local.client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    )
    assert (paid.status, paid.payment_status, paid.amount_total) == ("complete", "paid", 1000)
    assert paid.url is None
    assert paid.customer_details is not None
    assert paid.customer_details.email == "linus@example.org"
    assert paid.line_items is not None
    assert paid.line_items.data[0].description == "Ticket"
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.metadata.to_dict() == {"sale": "1"}
    assert charge.transfer_group == "sale:1"
    entry = charge.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.amount, entry.fee, entry.net, entry.currency, entry.type) == (1000, 59, 941, "usd", "charge")
    assert (entry.source, entry.status, entry.reporting_category) == (charge.id, "pending", "charge")
    assert local.balance() == (0, 941)


@pytest.mark.parametrize(("amount", "fee"), [(1000, 59), (2606, 106), (1100, 62), (1080, 61), (50, 31), (99999, 2930)])
def test_the_fee_follows_the_formula(local: Local, amount: int, fee: int) -> None:
    entry = local.buy(amount).balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert entry.fee == fee


def test_a_foreign_card_costs_more(local: Local) -> None:
    entry = local.buy(number="4000000560000004").balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert entry.fee == 74


def test_fees_vary_when_asked(local: Local) -> None:
    local.control("settings", fee_variation=1.0)
    entry = local.buy().balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert 59 < entry.fee < 75


@pytest.mark.parametrize(
    ("number", "code", "decline_code", "message"),
    [
        ("4000000000000002", "card_declined", "generic_decline", "Your card was declined."),
        ("4000000000009995", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
        ("4000000000000069", "expired_card", "expired_card", "Your card has expired."),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "security code is incorrect."),
    ],
)
def test_a_declined_card_can_be_followed_by_another(
    local: Local, number: str, code: str, decline_code: str, message: str
) -> None:
    session = local.session()
    declined = local.pay(session, number)
    assert declined.status_code == 402
    assert message in declined.text.replace("&#39;", "'")
    tried = local.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (tried.status, tried.payment_status) == ("open", "unpaid")
    intent = tried.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.last_payment_error is not None
    assert (intent.status, intent.last_payment_error.code, intent.last_payment_error.decline_code) == (
        "requires_payment_method",
        code,
        decline_code,
    )
    assert local.balance() == (0, 0)
    assert local.pay(session).status_code == 303
    charges = local.client.v1.charges.list({"payment_intent": intent.id}).data
    assert [(each.status, each.paid) for each in charges] == [("succeeded", True), ("failed", False)]
    assert local.balance() == (0, 941)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"number": "4242"}, "Your card number is incomplete."),
        ({"number": "4111111111111111"}, "used a non test card"),
        ({"exp": "12/20"}, "expiration date is in the past."),
        ({"exp": "13/34"}, "expiration date is incomplete."),
        ({"cvc": "1"}, "security code is incomplete."),
    ],
)
def test_the_page_checks_the_form_first(local: Local, fields: dict[str, str], message: str) -> None:
    session = local.session()
    answer = local.pay(session, **fields)
    assert answer.status_code == 402
    assert message in answer.text
    assert local.client.v1.payment_intents.list().data == []


def test_it_asks_for_an_email_when_nobody_gave_one(local: Local) -> None:
    session = local.client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "http://obole.test/paid",
            "line_items": [{"price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Tip"}}}],
        }
    )
    assert "Your email is incomplete." in local.pay(session).text
    assert local.pay(session, email="linus@example.org").status_code == 303


def test_a_challenged_card_pays_after_the_challenge(local: Local) -> None:
    session = local.session()
    challenge = local.pay(session, "4000002500003155").headers["location"]
    assert challenge.startswith("/c/3ds/pi_")
    assert "Is this you?" in local.http.get(challenge).text
    assert local.balance() == (0, 0)
    done = local.http.post(challenge, data={"result": "complete"})
    assert done.headers["location"] == f"http://obole.test/paid?session={session.id}"
    assert local.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert local.balance() == (0, 941)


def test_a_failed_challenge_returns_to_the_payment_page(local: Local) -> None:
    session = local.session()
    challenge = local.pay(session, "4000002500003155").headers["location"]
    back = local.http.post(challenge, data={"result": "fail"}).headers["location"]
    assert "unable to authenticate" in local.http.get(back).text
    assert local.client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert local.client.v1.charges.list().data == []
    assert local.pay(session).status_code == 303


def test_a_session_lives_between_thirty_minutes_and_a_day(local: Local) -> None:
    for life_s in (1700, DAY_S + 60):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            local.session(expires_at=local.now() + life_s)
        assert refused.value.param == "expires_at"
    assert local.session(expires_at=local.now() + 1830).status == "open"


def test_an_expired_session_takes_no_card(local: Local) -> None:
    session = local.session(expires_at=local.now() + 1830)
    local.pay(session, "4000000000000002")
    local.advance(1900)
    answer = local.pay(session)
    assert "This checkout page has expired" in answer.text
    expired = local.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert isinstance(expired.payment_intent, stripe.PaymentIntent)
    assert (expired.status, expired.payment_intent.status) == ("expired", "canceled")
    assert local.balance() == (0, 0)


def test_it_expires_an_open_session_and_refuses_a_paid_one(local: Local) -> None:
    session = local.session()
    assert local.client.v1.checkout.sessions.expire(session.id).status == "expired"
    paid = local.session()
    local.pay(paid)
    with pytest.raises(stripe.InvalidRequestError, match="status of `complete`"):
        local.client.v1.checkout.sessions.expire(paid.id)


def test_paying_twice_charges_once(local: Local) -> None:
    session = local.session()
    local.pay(session)
    assert "You have not been charged twice" in local.pay(session).text
    assert len(local.client.v1.charges.list().data) == 1


def test_funds_are_available_at_midnight_two_days_later(local: Local) -> None:
    charge = local.buy()
    entry = charge.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert entry.available_on % DAY_S == 0
    assert DAY_S < entry.available_on - charge.created <= 2 * DAY_S
    local.control("clock", to=entry.available_on - 5)
    assert local.balance() == (0, 941)
    local.control("clock", to=entry.available_on)
    assert local.balance() == (941, 0)
    assert local.client.v1.balance_transactions.retrieve(entry.id).status == "available"


def test_one_card_is_available_at_once(local: Local) -> None:
    local.buy(number="4000000000000077")
    assert local.balance() == (941, 0)


@pytest.mark.parametrize(
    ("amount", "currency", "settled"),
    [(1000, "eur", (1080, 1.08, 61)), (500, "jpy", (335, 0.67, 40)), (10000, "kwd", (3250, 0.325, 124))],
)
def test_other_currencies_are_converted(
    local: Local, amount: int, currency: str, settled: tuple[int, float, int]
) -> None:
    charge = local.buy(amount, currency)
    entry = charge.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (charge.amount, charge.currency, entry.currency) == (amount, currency, "usd")
    assert (entry.amount, entry.exchange_rate, entry.fee) == settled


def test_a_settlement_currency_is_kept(local: Local) -> None:
    local.control("settings", settlement_currencies=["usd", "jpy"])
    entry = local.buy(500, "jpy").balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.amount, entry.currency, entry.exchange_rate, entry.fee) == (500, "jpy", None, 15)


def test_the_fee_can_come_later(local: Local) -> None:
    local.control("settings", fee_delay_s=3600)
    assert local.buy().balance_transaction is None
    local.advance(3600)
    charge = local.client.v1.charges.list({"expand": ["data.balance_transaction"]}).data[0]
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.fee == 59


def test_a_card_is_saved_for_later(local: Local) -> None:
    customer = local.client.v1.customers.create({"email": "linus@example.org"})
    session = local.session(
        customer=customer.id, customer_email=None, payment_intent_data={"setup_future_usage": "off_session"}
    )
    local.pay(session, CARD)
    saved = local.client.v1.customers.payment_methods.list(customer.id).data
    assert [method.card.last4 for method in saved if method.card] == ["4242"]
    tip = local.client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": saved[0].id,
            "off_session": True,
            "confirm": True,
        }
    )
    assert tip.status == "succeeded"


def test_the_terms_are_accepted_on_the_page(local: Local) -> None:
    session = local.session(
        consent_collection={"terms_of_service": "required"},
        custom_text={"terms_of_service_acceptance": {"message": "No refund after the doors open."}},
    )
    assert "No refund after the doors open." in local.http.get(f"/c/pay/{session.id}").text
    assert "Agree to the terms of service" in local.pay(session).text
    assert local.client.v1.payment_intents.list().data == []
    assert local.pay(session, terms="on").status_code == 303
    consent = local.client.v1.checkout.sessions.retrieve(session.id).consent
    assert consent is not None
    assert consent.terms_of_service == "accepted"
