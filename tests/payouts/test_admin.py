"""The finance admin: everything can be looked at, nothing about money can be changed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts import circuit
from payouts.balance_transactions.operations import take_imported
from payouts.errors import StripeUnavailableError
from payouts.inbox import operations as inbox
from payouts.models import (
    BalanceTransaction,
    EventState,
    MirrorState,
    Payee,
    Payout,
    PayoutRun,
    ReconciliationBreak,
    RefundReason,
    Sale,
    SaleState,
    StripeCall,
    StripeEvent,
)
from payouts.reconciliation.operations import reconcile
from payouts.refunds.operations import ask_refund
from payouts.runs.operations import run_payouts
from tests.payouts.conftest import Shop
from tests.payouts.stripe_driver import Sandbox, Workers

MODELS: list[Any] = [BalanceTransaction, Payee, Payout, PayoutRun, ReconciliationBreak, Sale, StripeCall, StripeEvent]
# Session, user, second factor and permissions are five; a page adds its rows, their count, and its filters' choices.
LIST_QUERIES_MAX = 14


@pytest.fixture
def paid_out(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> Sale:
    """A sale on its way to the bank; a transfer made by hand is not in the books."""
    sale = shop.sell(ada)
    run_payouts(now=sandbox.advance(days=4))
    workers.turn()
    sandbox.client.v1.transfers.create({"amount": 10, "currency": "usd", "destination": ada.stripe_account_id})
    reconcile(now=clock.now(), grace=timedelta(0))
    return sale


def page(client: Client, name: str, *arguments: object, **query: str) -> str:
    answer = client.get(reverse(f"admin:{name}", args=[quote(str(each)) for each in arguments]), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_can_be_added_changed_or_deleted(fin: Client, model: Any, rf: Any) -> None:
    registered = admin.site._registry[model]
    request = rf.get("/")
    request.user = get_user_model().objects.get()
    assert registered.has_view_permission(request)
    assert not registered.has_add_permission(request)
    assert not registered.has_change_permission(request)
    assert not registered.has_delete_permission(request)
    assert fin.get(reverse(f"admin:payouts_{model._meta.model_name}_add")).status_code == 403


def test_every_page_shows_its_row_and_a_post_changes_nothing(fin: Client, paid_out: Sale) -> None:
    for model in MODELS:
        name = f"payouts_{model._meta.model_name}"
        row = model.objects.order_by("pk").last()
        assert row is not None
        assert "0 results" not in page(fin, f"{name}_changelist")
        shown = page(fin, f"{name}_change", row.pk)
        assert re.search(rf">\s*{re.escape(escape(str(row)))}\s*</a", shown)  # in the trail, an id as it is
        for act in ("change", "delete"):
            address = reverse(f"admin:{name}_{act}", args=[quote(str(row.pk))])
            assert fin.post(address, {"amount_minor": 1, "post": "yes"}).status_code == 403
        row.refresh_from_db()


def test_a_sales_page_explains_it_and_leads_to_the_ledger(fin: Client, paid_out: Sale) -> None:
    text = page(fin, "payouts_sale_change", paid_out.pk)
    for shown in (
        "10.00\u00a0USD",
        "9.11\u00a0USD",
        "0.59\u00a0USD",
        "0.30\u00a0USD",
        paid_out.charge_id,
        "3% of 1000",
        "Payee Ada",
    ):
        assert shown in text
    assert reverse("admin:ledger_transaction_changelist", query={"q": paid_out.ledger_subject}) in text
    found = page(fin, "ledger_transaction_changelist", q=paid_out.ledger_subject)
    assert f"charge:{paid_out.charge_id}" in found


def test_what_the_platform_keeps_is_what_the_ledger_says_after_all_costs(
    fin: Client, shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers
) -> None:
    donated = shop.sell(ada, price_minor=500, policy_slug="donation")
    assert (donated.platform_fee_minor, donated.processing_fee_minor) == (0, 45)
    assert "-0.45\u00a0USD" in page(fin, "payouts_sale_changelist")
    sold = shop.sell(ada)
    shop.open(ada)
    listed = page(fin, "payouts_sale_changelist")
    assert "0.30\u00a0USD" in listed
    assert "-0.45\u00a0USD" in listed
    refund = ask_refund(sale_id=sold.id, reason=RefundReason.GOODWILL, asked_by="test", key="all", now=clock.now())
    workers.turn()
    assert "-0.59\u00a0USD" in page(fin, "payouts_sale_change", sold.pk)  # the processor keeps its fee
    assert refund.sale_id == sold.id


def test_a_refund_that_failed_stands_out_with_its_reason(fin: Client, paid_out: Sale) -> None:
    now = clock.now()
    Sale.objects.update(state=SaleState.PARKED, expired_at=now, refund_id="re_1")
    filtered = {"refund_failed_at__isempty": "0"}
    assert "0 results" in page(fin, "payouts_sale_changelist", **filtered)
    assert "Paid too late, in suspense" in page(fin, "payouts_sale_change", paid_out.pk)
    reason = "The refund failed: lost or stolen card"
    Sale.objects.update(refund_failed_at=now, refund_failure=reason)
    listed = page(fin, "payouts_sale_changelist", **filtered)
    assert "1 result" in listed
    assert "Paid too late, refund failed" in listed
    text = page(fin, "payouts_sale_change", paid_out.pk)
    assert reason in text
    assert "re_1" in text


def test_a_returned_sale_says_so(fin: Client, paid_out: Sale) -> None:
    now = clock.now()
    Sale.objects.update(state=SaleState.RETURNED, expired_at=now, refund_id="re_1", returned_at=now)
    assert "Paid too late, returned" in page(fin, "payouts_sale_changelist")


def test_an_events_page_shows_what_stripe_sent(fin: Client, paid_out: Sale) -> None:
    event = StripeEvent.objects.get(type="charge.succeeded")
    text = page(fin, "payouts_stripeevent_change", event.pk)
    assert "&quot;calculated_statement_descriptor&quot;: &quot;OBOLE SANDBOX&quot;" in text


def test_a_payouts_page_shows_its_steps(fin: Client, paid_out: Sale) -> None:
    payout = Payout.objects.get()
    text = page(fin, "payouts_payout_change", payout.pk)
    for shown in ("Set aside", "Sent to the bank", payout.transfer_id, payout.stripe_payout_id, "expected"):
        assert shown in text


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_costs_the_same_however_long_it_is(
    fin: Client, paid_out: Sale, django_assert_max_num_queries: DjangoAssertNumQueries, model: Any
) -> None:
    name = f"payouts_{model._meta.model_name}_changelist"
    with django_assert_max_num_queries(LIST_QUERIES_MAX) as first:
        page(fin, name)
    for _ in range(3):
        _one_more(model)
    with django_assert_max_num_queries(len(first)):
        page(fin, name)


def _one_more(model: Any) -> None:
    """A copy of the newest row under another key."""
    row = model.objects.order_by("pk").last()
    count = model.objects.count()
    if model is ReconciliationBreak:
        row.pk, row.key = None, f"movement:txn_{count}"
    elif model in {Payee, Payout, PayoutRun, Sale, StripeCall}:
        row.pk = None
        row.id = model._meta.pk.get_default()
    else:
        row.pk = f"{row.pk[:40]}{count}"
    unique = {
        Payee: {"stripe_account_id": f"acct_{count}"},
        Payout: {"currency": f"A{chr(65 + count)}A", "transfer_id": f"tr_{count}", "stripe_payout_id": f"po_{count}"},
        PayoutRun: {"on_date": f"2020-01-0{count + 1}"},
        Sale: dict.fromkeys(
            ("subject", "checkout_session_id", "payment_intent_id", "charge_id", "balance_transaction_id"), f"x{count}"
        ),
        StripeCall: {"idempotency_key": f"key-{count}"},
    }
    for field, value in unique.get(model, {}).items():
        setattr(row, field, value)
    row.save(force_insert=True)


def test_replay_puts_failed_events_back_and_leaves_others(fin: Client, paid_out: Sale) -> None:
    done = StripeEvent.objects.get(type="charge.succeeded")
    failed = StripeEvent.objects.get(type="payment_intent.succeeded")
    now = clock.real_now()
    StripeEvent.objects.filter(id=failed.id).update(
        state=EventState.FAILED, last_error="broken", attempts=8, finished_at=now
    )
    answer = fin.post(
        reverse("admin:payouts_stripeevent_changelist"),
        {"action": "replay_selected", "_selected_action": [done.id, failed.id]},
        follow=True,
    )
    assert "1 back in the queue." in answer.content.decode()
    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.state, failed.attempts) == (EventState.RECEIVED, 0)
    assert done.state == EventState.DONE
    assert inbox.process(event_id=failed.id, now=clock.now()) == EventState.DONE


def test_staff_who_may_only_look_cannot_replay(fin: Client, paid_out: Sale) -> None:
    person = get_user_model().objects.get(email="fin@example.org")
    person.groups.clear()
    view = "view_stripeevent"
    person.user_permissions.add(person.user_permissions.model.objects.get(codename=view))
    assert "replay_selected" not in page(fin, "payouts_stripeevent_changelist")


def test_a_movement_that_differs_can_be_tried_again(fin: Client, paid_out: Sale) -> None:
    posted = BalanceTransaction.objects.get(type="charge")
    ours = BalanceTransaction.objects.filter(type="transfer", posting_key__startswith="transfer:")
    ours.update(state=MirrorState.MISMATCH, note="differs", posting_key="", settled_at=None)
    differing = BalanceTransaction.objects.get(state=MirrorState.MISMATCH)
    answer = fin.post(
        reverse("admin:payouts_balancetransaction_changelist"),
        {"action": "try_selected_again", "_selected_action": [posted.id, differing.id]},
        follow=True,
    )
    assert "1 tried again." in answer.content.decode()
    assert "1 left as they are" in answer.content.decode()
    take_imported(now=clock.now())
    differing.refresh_from_db()
    assert (differing.state, differing.posting_key) == (MirrorState.POSTED, f"transfer:{differing.source_id}")


def test_replay_by_type_and_time_counts_before_it_acts(fin: Client, paid_out: Sale) -> None:
    StripeEvent.objects.filter(type__startswith="charge.").update(
        state=EventState.FAILED, last_error="broken", finished_at=clock.real_now()
    )
    count = StripeEvent.objects.filter(state=EventState.FAILED).count()
    assert "Replay by type and time" in page(fin, "payouts_stripeevent_changelist")
    asked = page(fin, "payouts_stripeevent_replay")
    assert "would be replayed" not in asked
    counted = page(fin, "payouts_stripeevent_replay", states="failed", received_from="2020-01-01T00:00")
    assert f"{count} events would be replayed" in counted
    assert "No event fits" in page(fin, "payouts_stripeevent_replay", states="failed", received_to="2020-01-01T00:00")
    wrong = {"states": "failed", "received_from": "2020-01-02T00:00", "received_to": "2020-01-01T00:00"}
    assert "The end is not after the beginning." in page(fin, "payouts_stripeevent_replay", **wrong)
    answer = fin.post(reverse("admin:payouts_stripeevent_replay"), {"states": "failed"}, follow=True)
    assert f"{count} events back in the queue." in answer.content.decode()
    assert StripeEvent.objects.filter(state=EventState.RECEIVED).count() == count


def test_one_event_is_replayed_even_when_it_is_done(fin: Client, paid_out: Sale) -> None:
    done = StripeEvent.objects.get(type="charge.succeeded")
    url = reverse("admin:payouts_stripeevent_replay_this", args=[quote(done.id)])
    assert "Replay this event" in page(fin, "payouts_stripeevent_change", done.id)
    assert "Back in the queue." in fin.post(url, follow=True).content.decode()
    done.refresh_from_db()
    assert done.state == EventState.RECEIVED
    assert "It is in the queue already." in fin.post(url, follow=True).content.decode()
    assert inbox.process(event_id=done.id, now=clock.now()) == EventState.DONE


def test_the_outbox_says_when_stripe_is_silent(fin: Client) -> None:
    address = reverse("admin:payouts_stripecall_changelist")
    assert "Stripe has not answered since" not in fin.get(address).content.decode()
    for number in range(circuit.OPENS_AFTER):
        silence = StripeUnavailableError("No answer <at all>", silent=True)
        circuit.unanswered(source=f"call {number}", error=silence, real_now=clock.real_now())
    page = fin.get(address).content.decode()
    assert "Stripe has not answered since" in page
    assert "No answer &lt;at all&gt;" in page
