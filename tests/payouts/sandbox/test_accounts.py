"""Accounts v2, onboarding, thin events, balance settings."""

import stripe
from stripe.params.v2.core import AccountLinkCreateParams

from tests.payouts.sandbox.local import SECRET, Local, Receiver

TRANSFERS = "stripe_balance.stripe_transfers"


def _account(local: Local) -> stripe.v2.core.Account:
    return local.client.v2.core.accounts.create(
        {
            "contact_email": "ada@example.org",
            "display_name": "Ada Lovelace",
            "dashboard": "express",
            "identity": {"country": "us", "entity_type": "individual"},
            "configuration": {
                "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
            },
            "metadata": {"payee": "1"},
            "include": ["configuration.recipient", "identity", "requirements"],
        }
    )


def _status(account: stripe.v2.core.Account) -> str:
    assert account.configuration is not None
    assert account.configuration.recipient is not None
    assert account.configuration.recipient.capabilities is not None
    balance = account.configuration.recipient.capabilities.stripe_balance
    assert balance is not None
    assert balance.stripe_transfers is not None
    return balance.stripe_transfers.status


def test_a_new_account_waits_for_onboarding(local: Local) -> None:
    account = _account(local)
    assert _status(account) == "restricted"
    assert account.requirements is not None
    assert account.requirements.entries is not None
    assert [entry.awaiting_action_from for entry in account.requirements.entries] == ["user"] * 4
    assert (account.applied_configurations, account.dashboard) == (["recipient"], "express")


def test_parts_that_are_not_included_are_null(local: Local) -> None:
    account = local.client.v2.core.accounts.retrieve(_account(local).id)
    assert (account.configuration, account.identity, account.requirements) == (None, None, None)
    assert account.display_name == "Ada Lovelace"


def test_onboarding_activates_transfers_and_tells_it_in_thin_events(heard: Local, receiver: Receiver) -> None:
    account_id = heard.payee()
    heard.quiet()
    assert receiver.types("/v2") == [
        "v2.core.account.created",
        "v2.core.account[identity].updated",
        "v2.core.account[requirements].updated",
        "v2.core.account[configuration.recipient].capability_status_updated",
        "v2.core.account[configuration.recipient].capability_status_updated",
    ]
    assert receiver.types("/v1") == []
    heard_last = [each for each in receiver.received if each.path == "/v2"][-2]
    note = heard.client.parse_event_notification(heard_last.body, heard_last.signature, SECRET)
    assert isinstance(
        note, stripe.events.V2CoreAccountIncludingConfigurationRecipientCapabilityStatusUpdatedEventNotification
    )
    assert note.related_object.id == account_id
    assert note.fetch_related_object().id == account_id
    assert note.fetch_event().data.updated_capability == TRANSFERS
    account = heard.client.v2.core.accounts.retrieve(account_id, {"include": ["configuration.recipient"]})
    assert _status(account) == "active"


def test_a_link_works_once_and_ten_minutes(local: Local) -> None:
    account = _account(local)
    use: AccountLinkCreateParams = {
        "account": account.id,
        "use_case": {
            "type": "account_onboarding",
            "account_onboarding": {"refresh_url": "http://obole.test/again", "return_url": "http://obole.test/done"},
        },
    }
    link = local.client.v2.core.account_links.create(use)
    assert "Get paid by Obole" in local.http.get(link.url).text
    assert local.http.post(link.url).headers["location"] == "http://obole.test/done"
    assert local.http.get(link.url).headers["location"] == "http://obole.test/again"
    late = local.client.v2.core.account_links.create(use)
    local.advance(601)
    assert local.http.post(late.url).headers["location"] == "http://obole.test/again"


def test_a_bad_bank_account_number_is_shown(local: Local) -> None:
    account = _account(local)
    link = local.client.v2.core.account_links.create(
        {
            "account": account.id,
            "use_case": {"type": "account_update", "account_update": {"refresh_url": "http://obole.test/again"}},
        }
    )
    answer = local.http.post(link.url, data={"account_number": "12"})
    assert answer.status_code == 422
    assert "8 to 34 digits" in answer.text
    assert _status(local.client.v2.core.accounts.retrieve(account.id, {"include": ["configuration.recipient"]})) == (
        "restricted"
    )


def test_an_account_is_updated(local: Local) -> None:
    account = _account(local)
    changed = local.client.v2.core.accounts.update(
        account.id, {"contact_email": "ada@lovelace.example", "metadata": {"room": "2"}}
    )
    assert changed.contact_email == "ada@lovelace.example"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"payee": "1", "room": "2"}


def test_a_restricted_account_gets_no_transfer(local: Local) -> None:
    account_id = local.payee()
    local.control(f"objects/{account_id}/act", action="restrict")
    account = local.client.v2.core.accounts.retrieve(account_id, {"include": ["configuration.recipient"]})
    assert _status(account) == "restricted"


def test_balance_settings_are_each_accounts_own(local: Local) -> None:
    ada = local.payee()
    manual: stripe.params.BalanceSettingsUpdateParams = {"payments": {"payouts": {"schedule": {"interval": "manual"}}}}
    local.client.v1.balance_settings.update(manual, {"stripe_account": ada})
    hers = local.client.v1.balance_settings.retrieve(None, {"stripe_account": ada})
    ours = local.client.v1.balance_settings.retrieve()
    intervals = [
        each.payments.payouts.schedule.interval
        for each in (hers, ours)
        if each.payments.payouts and each.payments.payouts.schedule
    ]
    assert intervals == ["manual", "daily"]


def test_accounts_are_listed_page_by_page(local: Local) -> None:
    made = [_account(local).id for _ in range(5)]
    first = local.client.v2.core.accounts.list({"limit": 2, "applied_configurations": ["recipient"]})
    assert [account.id for account in first.data] == made[:2:-1]
    assert [account.id for account in first.auto_paging_iter()] == made[::-1]
    assert local.client.v2.core.accounts.list({"applied_configurations": ["merchant"]}).data == []


def test_thin_events_are_listed_by_object(local: Local) -> None:
    account_id, other = local.payee(), local.payee()
    listed = local.client.v2.core.events.list({"object_id": account_id, "types": ["v2.core.account.created"]})
    assert [event.type for event in listed.data] == ["v2.core.account.created"]
    everything = local.client.v2.core.events.list({"object_id": other, "limit": 2})
    assert len(list(everything.auto_paging_iter())) == 5
