"""Finance's pages of disputes: what is due first, the evidence to edit and send, the timeline, the entries."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts.disputes.answering import assemble
from payouts.models import Dispute, DisputeStatus, EarlyFraudWarning, EvidenceState, Payee, WarningDecision
from tests.finance import in_finance
from tests.payouts.conftest import Shop
from tests.payouts.disputes.court import Court

LIST_QUERIES_MAX = 14


@pytest.fixture
def fin(db: None) -> Client:
    """Fin does finance, with a second factor."""
    person = in_finance(get_user_model().objects.create_user("fin@example.org", display_name="Fin", is_staff=True))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def dispute(shop: Shop, ada: Payee, court: Court) -> Dispute:
    """A dispute with its evidence assembled."""
    found = court.dispute(shop.sell(ada))
    return assemble(dispute_id=found.id, now=clock.now())


def url(dispute: Dispute) -> str:
    return reverse("admin:payouts_dispute_change", args=[quote(dispute.pk)])


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, dispute: Dispute, button: str, **fields: str) -> str:
    """Press one of the form's buttons; the page afterwards."""
    answer = client.post(url(dispute), {button: "1", **fields}, follow=True)
    assert answer.status_code == 200
    dispute.refresh_from_db()
    return answer.content.decode()


def test_a_disputes_page_shows_what_happened_and_what_it_moved(fin: Client, dispute: Dispute, court: Court) -> None:
    text = text_of(fin, url(dispute))
    for shown in (
        "10.00\u00a0USD", "Needs an answer", "fraudulent", "Opened by the bank",
        "Taken: 10.00\u00a0USD and a fee of 15.00",
        "Evidence assembled", "9.11\u00a0USD", "stripe:disputed", "linus@example.org", "Send to the bank",
        reverse("admin:payouts_sale_change", args=[dispute.sale_id]),
    ):  # fmt: skip
        assert shown in text, shown
    court.end(dispute, "lose")
    text = text_of(fin, url(dispute))
    assert "Closed: lost" in text
    assert "Outcome in the ledger: 10.00\u00a0USD lost" in text
    assert "Send to the bank" not in text
    assert "linus@example.org" in text


def test_finance_edits_and_sends_the_evidence(fin: Client, dispute: Dispute, court: Court) -> None:
    written = {"evidence_customer_name": "Linus", "evidence_uncategorized_text": "He listened."}
    assert "Kept as a draft" in press(fin, dispute, "_save", **written)
    assert dispute.evidence == {"customer_name": "Linus", "uncategorized_text": "He listened."}
    assert "Kept as a draft, here alone" in press(fin, dispute, "_save", evidence_customer_name="Linus B")
    court.workers.turn()
    text = press(fin, dispute, "payouts_dispute_send_to_bank", evidence_uncategorized_text="He listened twice.")
    assert "The bank takes evidence once." in text
    assert "He listened twice." in text
    assert "Left out, since nothing is in them: Customer&#x27;s e-mail" in text
    assert "Sent along from earlier drafts" in text  # Linus's name, which Stripe keeps
    assert dispute.evidence_state == EvidenceState.DRAFT
    send = reverse("admin:payouts_dispute_send", args=[quote(dispute.pk)])
    assert "Look at it once more" in fin.post(send, {"shown": "something else"}, follow=True).content.decode()
    court.workers.turn()
    assert court.at_stripe(dispute.id).evidence_details.submission_count == 0
    shown = fin.get(send).context["shown"]
    assert "On its way to the bank" in fin.post(send, {"shown": shown}, follow=True).content.decode()
    dispute.refresh_from_db()
    by_fin = f"staff:{get_user_model().objects.get(email='fin@example.org').pk}"
    assert (dispute.evidence_state, dispute.evidence_sent_by) == (EvidenceState.SENDING, by_fin)
    court.workers.turn()
    assert f'Evidence sent by <span title="{by_fin}">Fin</span>' in text_of(fin, url(dispute))
    at_stripe = court.at_stripe(dispute.id).evidence
    assert (at_stripe.customer_name, at_stripe.uncategorized_text) == ("Linus", "He listened twice.")
    assert "There is nothing to send" in fin.get(send, follow=True).content.decode()
    assert fin.post(url(dispute), {"_save": "1"}).status_code == 403


def test_fields_that_cannot_apply_are_left_out_and_empty_ones_say_so(fin: Client, dispute: Dispute) -> None:
    text = text_of(fin, url(dispute))
    assert "evidence_cancellation_policy_disclosure" not in text  # of subscriptions
    assert "_continue" not in text  # Save stays on the page as it is
    assert "Nothing is on record of a policy that the buyer accepted. Left empty, it is not sent." in text


def test_too_much_text_is_refused_at_its_field_and_nothing_is_sent(fin: Client, dispute: Dispute) -> None:
    before = dispute.evidence
    text = press(fin, dispute, "payouts_dispute_send_to_bank", evidence_access_activity_log="x" * 20_001)
    assert "Use has 20,001 characters; shorten it to 20,000" in text
    assert (dispute.evidence_state, dispute.evidence) == (EvidenceState.DRAFT, before)


def test_accepting_needs_a_tick(fin: Client, dispute: Dispute, court: Court) -> None:
    assert "Nothing was done: tick" in press(fin, dispute, "payouts_dispute_accept_and_lose")
    assert dispute.evidence_state == EvidenceState.DRAFT
    assert "Accepted: the bank keeps the money" in press(
        fin, dispute, "payouts_dispute_accept_and_lose", sure_to_accept="on"
    )
    court.workers.turn()
    court.workers.turn()
    dispute.refresh_from_db()
    assert (dispute.status, dispute.evidence_state) == (DisputeStatus.LOST, EvidenceState.CONCEDED)


def test_assembling_again_takes_the_place_of_what_was_written(fin: Client, dispute: Dispute, court: Court) -> None:
    press(fin, dispute, "_save", evidence_customer_name="Linus")
    assert "is on its way to Stripe" in press(fin, dispute, "payouts_dispute_assemble_again")
    court.workers.turn()
    press(fin, dispute, "payouts_dispute_assemble_again")
    assert dispute.evidence["customer_email_address"] == "linus@example.org"


def test_the_list_shows_what_is_late_and_costs_the_same_however_long_it_is(
    fin: Client, dispute: Dispute, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse("admin:payouts_dispute_changelist")
    assert "13 days left" in text_of(fin, address)
    now = clock.now()
    Dispute.objects.update(due_by=now + timedelta(hours=20, minutes=5))
    with django_assert_max_num_queries(LIST_QUERIES_MAX) as first:
        assert "20 hours left" in text_of(fin, address)
    for number in range(3):
        dispute.pk = f"du_{number}"
        dispute.due_by = now - timedelta(hours=number + 1, minutes=5)
        dispute.save(force_insert=True)
    with django_assert_max_num_queries(len(first)):
        text = text_of(fin, address)
    assert "Late by 3 hours" in text
    assert text.index("Late by 3 hours") < text.index("Late by 1 hour") < text.index("20 hours left")
    Dispute.objects.update(status=DisputeStatus.WON, closed_at=now)
    assert "0 disputes" in text_of(fin, address) or "0 results" in text_of(fin, address)
    assert "Won" in text_of(fin, f"{address}?state=closed")


def test_staff_who_may_only_look_see_no_form(fin: Client, dispute: Dispute) -> None:
    person = get_user_model().objects.get(email="fin@example.org")
    person.groups.clear()
    person.user_permissions.add(person.user_permissions.model.objects.get(codename="view_dispute"))
    text = text_of(fin, url(dispute))
    assert "linus@example.org" in text
    assert "Send to the bank" not in text
    assert fin.post(url(dispute), {"payouts_dispute_accept_and_lose": "1"}).status_code == 403
    assert fin.get(reverse("admin:payouts_dispute_send", args=[quote(dispute.pk)])).status_code == 403


def test_early_fraud_warnings_say_what_was_done(fin: Client, dispute: Dispute) -> None:
    now = clock.now()
    warning = EarlyFraudWarning.objects.create(
        id="issfr_1", sale=dispute.sale, charge_id=dispute.charge_id, fraud_type="misc", actionable=True,
        created_at=now, received_at=now, decision=WarningDecision.WATCHED, note="More than is refunded automatically.",
    )  # fmt: skip
    listed = text_of(fin, reverse("admin:payouts_earlyfraudwarning_changelist"))
    assert "More than is refunded automatically." in listed
    assert "Left to finance" in text_of(fin, reverse("admin:payouts_earlyfraudwarning_change", args=[warning.pk]))
