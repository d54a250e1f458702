"""Transfers, reversals and payouts, to the cent."""

import pytest
import stripe

from tests.payouts.sandbox.local import DAY_S, Local, Receiver


@pytest.fixture
def ada(local: Local) -> str:
    """A payee, with 941 available on the platform."""
    local.buy(number="4000000000000077")
    return local.payee()


def _transfer(local: Local, ada: str, amount: int = 911) -> stripe.Transfer:
    return local.client.v1.transfers.create(
        {"amount": amount, "currency": "usd", "destination": ada, "transfer_group": "payout:1", "metadata": {"o": "1"}}
    )


def test_a_transfer_moves_available_money(local: Local, ada: str) -> None:
    transfer = _transfer(local, ada)
    assert local.balance() == (30, 0)
    assert local.balance(ada) == (911, 0)
    assert (transfer.amount_reversed, transfer.reversed, transfer.destination) == (0, False, ada)
    found = local.client.v1.transfers.list({"transfer_group": "payout:1"}).data
    assert [(each.id, each.metadata.to_dict()) for each in found] == [(transfer.id, {"o": "1"})]


def test_a_transfer_of_more_than_is_available_is_refused(local: Local, ada: str) -> None:
    local.buy()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        _transfer(local, ada, 942)
    assert refused.value.code == "balance_insufficient"
    assert local.balance() == (941, 941)
    assert local.balance(ada) == (0, 0)


def test_a_transfer_of_a_charges_own_money_waits_with_it(local: Local) -> None:
    charge, ada = local.buy(), local.payee()
    local.client.v1.transfers.create(
        {"amount": 911, "currency": "usd", "destination": ada, "source_transaction": charge.id}
    )
    assert local.balance() == (0, 30)
    assert local.balance(ada) == (0, 911)
    local.advance(2 * DAY_S)
    assert local.balance(ada) == (911, 0)


def test_a_transfer_to_a_payee_who_is_not_onboarded_is_refused(local: Local) -> None:
    local.buy(number="4000000000000077")
    account = local.client.v2.core.accounts.create({"display_name": "Grace", "identity": {"country": "us"}})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        _transfer(local, account.id)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    assert local.balance() == (941, 0)


def test_a_transfer_is_reversed_in_parts(local: Local, ada: str) -> None:
    transfer = _transfer(local, ada)
    first = local.client.v1.transfers.reversals.create(transfer.id, {"amount": 300})
    assert (first.amount, first.transfer) == (300, transfer.id)
    assert local.balance() == (330, 0)
    assert local.balance(ada) == (611, 0)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.transfers.reversals.create(transfer.id, {"amount": 612})
    assert refused.value.param == "amount"
    local.client.v1.transfers.reversals.create(transfer.id)
    now = local.client.v1.transfers.retrieve(transfer.id)
    assert (now.amount_reversed, now.reversed) == (911, True)
    assert local.balance() == (941, 0)
    assert local.balance(ada) == (0, 0)


def test_a_reversal_of_money_that_was_paid_out_is_refused(local: Local, ada: str) -> None:
    transfer = _transfer(local, ada)
    local.client.v1.payouts.create({"amount": 911, "currency": "usd"}, {"stripe_account": ada})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.transfers.reversals.create(transfer.id)
    assert refused.value.code == "balance_insufficient"
    assert local.client.v1.transfers.retrieve(transfer.id).amount_reversed == 0


def test_a_transfer_is_converted_for_a_payee_with_another_bank(local: Local) -> None:
    local.buy(number="4000000000000077")
    grace = local.payee("de")
    _transfer(local, grace, 540)
    balance = local.client.v1.balance.retrieve(None, {"stripe_account": grace})
    assert [(part.amount, part.currency) for part in balance.available] == [(500, "eur")]
    transfer = local.client.v1.transfers.list({"destination": grace}).data[0]
    for amount in (179, 181, 180):
        local.client.v1.transfers.reversals.create(transfer.id, {"amount": amount})
    emptied = local.client.v1.balance.retrieve(None, {"stripe_account": grace})
    assert [(part.amount, part.currency) for part in emptied.available] == [(0, "eur")]
    assert local.balance() == (941, 0)


def test_a_payout_goes_from_pending_to_paid(heard: Local, receiver: Receiver) -> None:
    heard.buy(number="4000000000000077")
    ada = heard.payee()
    _transfer(heard, ada)
    options: stripe.RequestOptions = {"stripe_account": ada}
    payout = heard.client.v1.payouts.create({"amount": 911, "currency": "usd", "metadata": {"run": "1"}}, options)
    assert (payout.status, payout.automatic, payout.method) == ("pending", False, "standard")
    assert heard.balance(ada) == (0, 0)
    heard.advance(3600)
    assert heard.client.v1.payouts.retrieve(payout.id, None, options).status == "in_transit"
    heard.control("clock", to=payout.arrival_date)
    paid = heard.client.v1.payouts.retrieve(payout.id, None, options)
    assert paid.status == "paid"
    heard.quiet()
    told = [each.event for each in receiver.received if each.event["type"].startswith("payout.")]
    assert [(each["type"], each["account"]) for each in told] == [
        ("payout.created", ada),
        ("payout.updated", ada),
        ("payout.paid", ada),
    ]
    assert told[-1]["created"] == payout.arrival_date
    assert told[-1]["data"]["object"]["metadata"] == {"run": "1"}


@pytest.mark.parametrize(("number", "code"), [("000111111116", "no_account"), ("000111111113", "account_closed")])
def test_a_bank_refuses_a_payout(local: Local, number: str, code: str) -> None:
    local.buy(number="4000000000000077")
    ada = local.payee(account_number=number)
    _transfer(local, ada)
    options: stripe.RequestOptions = {"stripe_account": ada}
    payout = local.client.v1.payouts.create({"amount": 911, "currency": "usd"}, options)
    local.control("clock", to=payout.arrival_date)
    failed = local.client.v1.payouts.retrieve(payout.id, {"expand": ["failure_balance_transaction"]}, options)
    assert (failed.status, failed.failure_code) == ("failed", code)
    entry = failed.failure_balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.type, entry.net) == ("payout_failure", 911)
    assert local.balance(ada) == (911, 0)


def test_a_paid_payout_comes_back(local: Local) -> None:
    local.buy(number="4000000000000077")
    ada = local.payee(account_number="000999999991")
    _transfer(local, ada)
    options: stripe.RequestOptions = {"stripe_account": ada}
    payout = local.client.v1.payouts.create({"amount": 911, "currency": "usd"}, options)
    local.control("clock", to=payout.arrival_date)
    assert local.client.v1.payouts.retrieve(payout.id, None, options).status == "paid"
    local.advance(2 * DAY_S)
    assert local.client.v1.payouts.retrieve(payout.id, None, options).status == "failed"
    assert local.balance(ada) == (911, 0)
    types = [each.type for each in local.client.v1.events.list({"types": ["payout.paid", "payout.failed"]}, options)]
    assert types == ["payout.failed", "payout.paid"]


def test_a_pending_payout_is_cancelled(local: Local, ada: str) -> None:
    _transfer(local, ada)
    options: stripe.RequestOptions = {"stripe_account": ada}
    payout = local.client.v1.payouts.create({"amount": 911, "currency": "usd"}, options)
    assert local.client.v1.payouts.cancel(payout.id, None, options).status == "canceled"
    assert local.balance(ada) == (911, 0)
    local.advance(3 * DAY_S)
    assert local.client.v1.payouts.retrieve(payout.id, None, options).status == "canceled"


def test_a_payout_in_transit_cannot_be_cancelled(local: Local, ada: str) -> None:
    _transfer(local, ada)
    options: stripe.RequestOptions = {"stripe_account": ada}
    payout = local.client.v1.payouts.create({"amount": 911, "currency": "usd"}, options)
    local.advance(3600)
    with pytest.raises(stripe.InvalidRequestError):
        local.client.v1.payouts.cancel(payout.id, None, options)
    assert local.balance(ada) == (0, 0)


def test_a_payout_of_more_than_there_is_is_refused(local: Local, ada: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        local.client.v1.payouts.create({"amount": 1, "currency": "usd"}, {"stripe_account": ada})
    assert refused.value.code == "balance_insufficient"
    assert local.client.v1.payouts.list(None, {"stripe_account": ada}).data == []


def test_the_platform_pays_itself_out(local: Local) -> None:
    local.buy(number="4000000000000077")
    payout = local.client.v1.payouts.create({"amount": 900, "currency": "usd"})
    assert local.balance() == (41, 0)
    local.control("clock", to=payout.arrival_date)
    assert local.client.v1.payouts.retrieve(payout.id).status == "paid"


def test_hungarian_payouts_are_in_whole_forints(local: Local) -> None:
    ada = local.payee("hu")
    with pytest.raises(stripe.InvalidRequestError, match="multiple of 100"):
        local.client.v1.payouts.create({"amount": 150, "currency": "huf"}, {"stripe_account": ada})
