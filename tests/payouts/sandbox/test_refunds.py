"""Refunds: full, partial, failing later, pending first, in another currency."""

import pytest
import stripe

from tests.payouts.sandbox.local import DAY_S, Local, Receiver


def test_a_full_refund_keeps_the_fee(local: Local) -> None:
    charge = local.buy()
    refund = local.client.v1.refunds.create(
        {"charge": charge.id, "metadata": {"outbox": "1"}, "expand": ["balance_transaction"]}
    )
    assert (refund.amount, refund.status, refund.payment_intent) == (1000, "succeeded", charge.payment_intent)
    entry = refund.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.type, entry.amount, entry.fee, entry.net) == ("refund", -1000, 0, -1000)
    assert local.balance() == (0, -59)
    now = local.client.v1.charges.retrieve(charge.id)
    assert (now.amount_refunded, now.refunded) == (1000, True)


def test_partial_refunds_add_up(local: Local) -> None:
    charge = local.buy()
    for amount in (333, 333, 334):
        local.client.v1.refunds.create({"payment_intent": str(charge.payment_intent), "amount": amount})
    assert local.balance() == (0, -59)
    refunds = local.client.v1.refunds.list({"payment_intent": str(charge.payment_intent)}).data
    assert [refund.amount for refund in refunds] == [334, 333, 333]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.refunds.create({"charge": charge.id, "amount": 1})
    assert refused.value.code == "charge_already_refunded"
    assert local.balance() == (0, -59)


def test_more_than_is_left_is_refused(local: Local) -> None:
    charge = local.buy()
    local.client.v1.refunds.create({"charge": charge.id, "amount": 400})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.refunds.create({"charge": charge.id, "amount": 601})
    assert refused.value.param == "amount"
    assert local.client.v1.charges.retrieve(charge.id).amount_refunded == 400


def test_a_refund_comes_from_where_the_money_is(local: Local) -> None:
    charge = local.buy()
    local.advance(2 * DAY_S)
    local.client.v1.refunds.create({"charge": charge.id, "amount": 100})
    assert local.balance() == (841, 0)


def test_a_refund_fails_later(heard: Local, receiver: Receiver) -> None:
    charge = heard.buy(number="4000000000005126")
    refund = heard.client.v1.refunds.create({"charge": charge.id, "amount": 400})
    assert refund.status == "succeeded"
    assert heard.balance() == (0, 541)
    heard.advance(60)
    failed = heard.client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.failure_balance_transaction is not None
    assert heard.balance() == (0, 941)
    assert heard.client.v1.charges.retrieve(charge.id).amount_refunded == 0
    heard.quiet()
    assert receiver.types()[-4:] == ["refund.created", "charge.refunded", "refund.failed", "charge.refund.updated"]


def test_a_pending_refund_succeeds_later(local: Local) -> None:
    charge = local.buy(number="4000000000007726")
    refund = local.client.v1.refunds.create({"charge": charge.id})
    assert refund.status == "pending"
    local.advance(60)
    assert local.client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert local.balance() == (0, -59)


def test_a_refund_is_converted_at_its_own_days_rate(local: Local) -> None:
    charge = local.buy(1000, "eur")
    local.control("settings", exchange_rates={"eur": 1.095})
    refund = local.client.v1.refunds.create({"charge": charge.id, "expand": ["balance_transaction"]})
    entry = refund.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (refund.amount, refund.currency, entry.amount, entry.exchange_rate) == (1000, "eur", -1095, 1.095)


def test_a_disputed_charge_is_not_refunded(local: Local) -> None:
    charge = local.buy(number="4000000000000259")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_disputed"
    assert local.client.v1.refunds.list().data == []


def test_an_unpaid_intent_has_nothing_to_refund(local: Local) -> None:
    intent = local.client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.param == "payment_intent"
