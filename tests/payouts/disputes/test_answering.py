"""Answering disputes through the outbox: drafts, submission by hand and in the last hours, acceptance."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from config import clock
from payouts.disputes import answering, evidence
from payouts.disputes.answering import NotAnswerableError, accept, answer_due, assemble, save_draft, submit
from payouts.models import CallState, Dispute, DisputeStatus, EvidenceState, Payee, StripeCall
from tests.payouts.conftest import Shop
from tests.payouts.disputes.court import Court
from tests.payouts.field.books import assert_books_agree
from tests.payouts.stripe_driver import Sandbox, Workers

ANSWER = "POST /v1/disputes/*"


@pytest.fixture
def dispute(shop: Shop, ada: Payee, court: Court) -> Dispute:
    """A dispute that waits for our answer."""
    return court.dispute(shop.sell(ada))


def again(dispute: Dispute) -> Dispute:
    return Dispute.objects.get(id=dispute.id)


def the_call() -> StripeCall:
    return StripeCall.objects.filter(operation__startswith="dispute.").latest("created_at")


def due_now(call: StripeCall) -> None:
    StripeCall.objects.filter(id=call.id).update(next_attempt_at=clock.real_now(), lease_until=None)


def test_a_draft_is_kept_at_stripe_and_the_bank_does_not_see_it(dispute: Dispute, court: Court) -> None:
    texts = {"product_description": " Live audio ", "uncategorized_text": "", "customer_name": "Linus"}
    save_draft(dispute_id=dispute.id, texts=texts, actor="fin@example.org", now=clock.now())
    call = the_call()
    assert (call.operation, call.subject, call.target_id) == (answering.SAVE, f"dispute:{dispute.id}", dispute.id)
    assert call.body == (
        '{"evidence":{"customer_name":"Linus","product_description":"Live audio"},"submit":false,'
        f'"metadata":{{"outbox_id":"{call.id}"}}}}'
    )
    with pytest.raises(NotAnswerableError, match="on its way to Stripe"):
        submit(dispute_id=dispute.id, now=clock.now())
    court.workers.turn()
    at_stripe = court.at_stripe(dispute.id)
    assert (at_stripe.status, at_stripe.evidence_details.submission_count) == ("needs_response", 0)
    assert at_stripe.evidence.product_description == "Live audio"
    kept = again(dispute)
    assert (kept.evidence_state, kept.evidence_edited_by) == (EvidenceState.DRAFT, "fin@example.org")


def test_winning_evidence_wins(dispute: Dispute, court: Court) -> None:
    """Stripe's own test text; what was edited goes out as it is."""
    texts = {"uncategorized_text": "winning_evidence"}
    submit(dispute_id=dispute.id, texts=texts, actor="fin@example.org", now=clock.now())
    assert again(dispute).evidence_state == EvidenceState.SENDING
    with pytest.raises(NotAnswerableError, match="on its way"):
        accept(dispute_id=dispute.id, actor="fin@example.org", now=clock.now())
    court.workers.turn()
    court.workers.turn()
    won = again(dispute)
    assert (won.status, won.evidence_state, won.lost_minor) == (DisputeStatus.WON, EvidenceState.SUBMITTED, 0)
    assert won.evidence_sent_by == "fin@example.org"
    assert_books_agree(court.sandbox)


def test_accepting_loses(dispute: Dispute, court: Court) -> None:
    accept(dispute_id=dispute.id, actor="fin@example.org", now=clock.now())
    court.workers.turn()
    court.workers.turn()
    lost = again(dispute)
    assert (lost.status, lost.evidence_state, lost.lost_minor) == (DisputeStatus.LOST, EvidenceState.CONCEDED, 1000)
    with pytest.raises(NotAnswerableError, match="It is lost: there is nothing to answer"):
        assemble(dispute_id=dispute.id, now=clock.now())
    assert_books_agree(court.sandbox)


def test_no_dispute_is_lost_by_default(dispute: Dispute, court: Court, settings: Settings) -> None:
    """Evidence is assembled at once, kept up to date, and sent by itself in the last hours."""
    settings.DISPUTE_ANSWER_BEFORE_S = 86_400
    assert answer_due(now=clock.now()) == []
    drafted = again(dispute)
    assert drafted.evidence_state == EvidenceState.DRAFT
    assert drafted.evidence["customer_email_address"] == "linus@example.org"
    assert "Charged: 10.00 USD" in drafted.evidence["uncategorized_text"]
    due_by = drafted.due_by
    assert due_by is not None
    assert answer_due(now=due_by - timedelta(seconds=86_401)) == []
    assert answer_due(now=due_by - timedelta(seconds=86_400)) == [dispute.id]
    assert answer_due(now=due_by - timedelta(seconds=86_000)) == []
    court.workers.turn()
    court.workers.turn()
    sent = again(dispute)
    assert (sent.status, sent.evidence_state) == (DisputeStatus.UNDER_REVIEW, EvidenceState.SUBMITTED)
    assert sent.evidence_sent_by == "automatic"
    assert court.at_stripe(dispute.id).evidence.customer_email_address == "linus@example.org"


def test_nothing_is_sent_by_itself_when_that_is_off_or_too_late(dispute: Dispute, settings: Settings) -> None:
    answer_due(now=clock.now())
    due_by = again(dispute).due_by
    assert due_by is not None
    assert answer_due(now=due_by) == []
    settings.DISPUTE_ANSWER_BEFORE_S = 0
    assert answer_due(now=due_by - timedelta(seconds=1)) == []
    assert again(dispute).evidence_state == EvidenceState.DRAFT


def test_what_finance_wrote_is_sent_as_it_is(dispute: Dispute, court: Court, settings: Settings) -> None:
    save_draft(dispute_id=dispute.id, texts={"customer_name": "Linus"}, actor="fin@example.org", now=clock.now())
    court.workers.turn()
    due_by = again(dispute).due_by
    assert due_by is not None
    assert answer_due(now=due_by - timedelta(hours=1)) == [dispute.id]
    assert again(dispute).evidence == {"customer_name": "Linus"}


@pytest.mark.parametrize("key_is_old", [False, True])
def test_an_answer_that_was_lost_is_sent_once(
    dispute: Dispute, court: Court, sandbox: Sandbox, workers: Workers, *, key_is_old: bool
) -> None:
    submit(dispute_id=dispute.id, texts={"customer_name": "Linus"}, actor="fin@example.org", now=clock.now())
    sandbox.fault("timeout_after", ANSWER)
    workers.call()
    assert (the_call().state, again(dispute).evidence_state) == (CallState.SENT, EvidenceState.SENDING)
    if key_is_old:
        StripeCall.objects.filter(id=the_call().id).update(first_sent_at=clock.real_now() - timedelta(hours=24))
        sandbox.control("idempotency_keys/expire")
    due_now(the_call())
    workers.call()
    assert (the_call().state, the_call().generation) == (CallState.DONE, 1)
    assert again(dispute).evidence_state == EvidenceState.SUBMITTED
    assert court.at_stripe(dispute.id).evidence_details.submission_count == 1


def test_what_stripe_refuses_is_a_draft_again_with_the_reason(dispute: Dispute, court: Court) -> None:
    submit(dispute_id=dispute.id, texts={"customer_name": "Linus"}, actor="fin@example.org", now=clock.now())
    court.decide(dispute.id, "lose")
    court.workers.call()
    refused = again(dispute)
    assert (refused.evidence_state, refused.evidence_failure) == (
        EvidenceState.DRAFT, "This dispute is already closed."
    )  # fmt: skip


def test_accepting_what_is_decided_already_is_no_error(dispute: Dispute, court: Court) -> None:
    accept(dispute_id=dispute.id, actor="fin@example.org", now=clock.now())
    court.decide(dispute.id, "win")
    court.workers.turn()
    court.workers.turn()
    assert the_call().state == CallState.DONE
    assert again(dispute).status == DisputeStatus.WON
    assert_books_agree(court.sandbox)


def test_there_must_be_something_to_send(dispute: Dispute) -> None:
    with pytest.raises(NotAnswerableError, match="no evidence to send"):
        submit(dispute_id=dispute.id, texts={"customer_name": " "}, actor="fin@example.org", now=clock.now())
    with pytest.raises(evidence.EvidenceError, match="'receipt' is not a text field"):
        save_draft(dispute_id=dispute.id, texts={"receipt": "x"}, actor="fin@example.org", now=clock.now())
    with pytest.raises(NotAnswerableError, match="There is no dispute du_0"):
        assemble(dispute_id="du_0", now=clock.now())
    assert not StripeCall.objects.filter(operation__startswith="dispute.").exists()
