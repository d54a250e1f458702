"""The finance admin's ledger pages: searchable, with known query counts, and nothing can be changed."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.timezone import now

from ledger.admin import AccountAdmin, EntryAdmin, TransactionAdmin
from ledger.labels import labels_of
from ledger.models import Account, Entry, Transaction
from ledger.operations import post, post_many
from payouts.models import Payee
from tests.finance import in_finance
from tests.ledger.cast import ADA, S, p, sale

pytestmark = pytest.mark.django_db
PAGES = {"account": Account, "transaction": Transaction, "entry": Entry}


@pytest.fixture
def fin(client: Client, monkeypatch: pytest.MonkeyPatch, django_user_model: Any) -> Client:
    """Fin, let in (who may enter is the admin site's own matter, and tested there)."""
    monkeypatch.setattr("config.admin.is_mfa_enabled", lambda user: True)
    user = django_user_model(email="fin@obole.example", is_staff=True)
    user.set_unusable_password()
    user.save()
    in_finance(user)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(client: Client, name: str, *arguments: Any, **query: str) -> str:
    """A page of the ledger's admin."""
    answer = client.get(reverse(f"admin:ledger_{name}", args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_transaction_shows_its_entries(fin: Client) -> None:
    posted = post(posting=sale())
    page = text(fin, "transaction_change", posted.transaction_id)
    for shown in ("sale:1", S, p(ADA), "10.00\u00a0USD", "9.11\u00a0USD", "0.59\u00a0USD"):
        assert shown in page


def test_an_account_shows_its_balance_now(fin: Client) -> None:
    post(posting=sale())
    assert "9.41\u00a0USD" in text(fin, "account_changelist", q=S)
    account = Account.objects.get(code=p(ADA))
    assert "-9.11\u00a0USD" in text(fin, "account_change", account.pk)


def test_accounts_say_whom_they_are_for_and_are_found_by_it(fin: Client, django_assert_num_queries: Any) -> None:
    payee = Payee.objects.create(
        id=ADA, display_name="Ada Lovelace", email="ada@example.org", country="US", created_at=now(), updated_at=now()
    )
    post(posting=sale())
    for found in ("lovelace", "ada@example.org", str(payee.id)):
        page = text(fin, "account_changelist", q=found)
        assert "Ada Lovelace, pending" in page
        assert f'title="{p(ADA)}"' in page
        assert "Platform revenue" not in page
    assert "Ada Lovelace, pending" not in text(fin, "account_changelist", q="platform revenue")
    assert "Ada Lovelace, pending" in text(fin, "entry_changelist", q="Ada Lovelace")
    posted = text(fin, "transaction_change", Transaction.objects.get().pk)
    assert "Ada Lovelace, pending" in posted
    assert "Platform&#x27;s Stripe balance, pending" in posted
    with django_assert_num_queries(1):
        labels_of([p(ADA), S, "revenue:platform_fee:ticket", "wallet:nobody"])


def test_whoever_did_it_is_named(fin: Client, django_user_model: Any) -> None:
    person = django_user_model.objects.get()
    person.display_name = "Fin Moreau"
    person.save()
    post(posting=replace(sale(), actor=f"staff:{person.pk}"))
    page = text(fin, "transaction_change", Transaction.objects.get().pk)
    assert f'<span title="staff:{person.pk}">Fin Moreau</span>' in page


def test_keys_subjects_and_accounts_are_found(fin: Client) -> None:
    post_many(postings=[sale("sale:1", subject="room:7"), sale("sale:2")])
    assert "sale:1" in text(fin, "transaction_changelist", q="room:7")
    found = text(fin, "transaction_changelist", q="sale:2")
    assert "sale:2" in found
    assert "room:7" not in found
    assert p(ADA) in text(fin, "entry_changelist", q=p(ADA))


@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    page: str, fin: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for rows in (1, 20):
        post_many(postings=[sale(f"sale:{rows}:{n}") for n in range(rows)])
        with django_assert_max_num_queries(30) as captured:
            text(fin, f"{page}_changelist")
        counts.append(len(captured))
    assert counts[1] <= counts[0]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_added_changed_or_deleted(page: str, fin: Client) -> None:
    post(posting=sale())
    row = PAGES[page]._default_manager.all()[0]
    assert fin.get(reverse(f"admin:ledger_{page}_add")).status_code == 403
    assert (
        fin.post(reverse(f"admin:ledger_{page}_change", args=[row.pk]), {"code": "x", "key": "x"}).status_code == 403
    )
    assert fin.post(reverse(f"admin:ledger_{page}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert Transaction.objects.get().key == "sale:1"


@pytest.mark.parametrize("view", [AccountAdmin, EntryAdmin, TransactionAdmin])
def test_no_action_is_offered(view: Any) -> None:
    request = RequestFactory().get("/admin/")
    shown = view(PAGES["account"], admin.site)
    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)
