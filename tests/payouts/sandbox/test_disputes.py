"""Disputes, inquiries and early fraud warnings, with the money that each moves."""

import pytest
import stripe

from tests.payouts.sandbox.local import DAY_S, Local, Receiver


def _dispute(local: Local, charge: stripe.Charge) -> stripe.Dispute:
    (dispute,) = local.client.v1.disputes.list({"charge": charge.id}).data
    return dispute


def test_a_card_disputes_its_charge(heard: Local, receiver: Receiver) -> None:
    charge = heard.buy(number="4000000000000259")
    dispute = _dispute(heard, charge)
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 1000)
    assert dispute.payment_intent == charge.payment_intent
    (entry,) = dispute.balance_transactions
    assert (entry.type, entry.reporting_category, entry.source) == ("adjustment", "dispute", dispute.id)
    assert (entry.amount, entry.fee, entry.net) == (-1000, 1500, -2500)
    assert heard.balance() == (-2500, 941)
    assert heard.client.v1.charges.retrieve(charge.id).disputed is True
    heard.quiet()
    assert receiver.types()[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


@pytest.mark.parametrize(
    ("evidence", "status", "available"), [("winning_evidence", "won", 0), ("losing_evidence", "lost", -2500)]
)
def test_evidence_decides(local: Local, evidence: str, status: str, available: int) -> None:
    dispute = _dispute(local, local.buy(number="4000000000000259"))
    local.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})
    decided = local.client.v1.disputes.retrieve(dispute.id)
    assert (decided.status, decided.evidence_details.submission_count) == (status, 1)
    assert local.balance() == (available, 941)


def test_evidence_keeps_within_characters_and_pages(local: Local) -> None:
    charge = local.buy(number="5555555555554444")
    local.control(f"objects/{charge.id}/act", action="dispute")
    dispute = _dispute(local, charge)
    refused: dict[str, tuple[str, str | None]] = {
        "x" * 20_001: ("evidence[uncategorized_text]", None),
        "in\n" * 1_000: ("evidence", "dispute_evidence_page_limit_exceeded"),
    }
    for text, (param, code) in refused.items():
        with pytest.raises(stripe.InvalidRequestError) as error:
            local.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}, "submit": False})
        assert (error.value.param, error.value.code) == (param, code)
    assert local.client.v1.disputes.retrieve(dispute.id).evidence.uncategorized_text is None


def test_other_evidence_waits_for_a_decision(local: Local) -> None:
    dispute = _dispute(local, local.buy(number="4000000000000259"))
    kept = local.client.v1.disputes.update(dispute.id, {"evidence": {"product_description": "Audio"}, "submit": False})
    assert (kept.status, kept.evidence_details.has_evidence) == ("needs_response", True)
    sent = local.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "He listened."}})
    assert sent.status == "under_review"
    assert sent.evidence.product_description == "Audio"
    with pytest.raises(stripe.InvalidRequestError, match="can no longer be changed"):
        local.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "And he tipped."}})
    local.control(f"objects/{dispute.id}/act", action="win")
    assert local.client.v1.disputes.retrieve(dispute.id).status == "won"
    assert local.balance() == (0, 941)


def test_a_dispute_is_won_in_part(local: Local) -> None:
    dispute = _dispute(local, local.buy(number="4000000000000259"))
    local.control(f"objects/{dispute.id}/act", action="win", amount=400)
    won = local.client.v1.disputes.retrieve(dispute.id)
    assert [(entry.amount, entry.net) for entry in won.balance_transactions] == [(-1000, -2500), (400, 1900)]
    assert local.balance() == (-600, 941)


def test_part_of_a_charge_is_disputed(local: Local) -> None:
    charge = local.buy()
    local.control(f"objects/{charge.id}/act", action="dispute", amount=250, reason="product_not_received")
    dispute = _dispute(local, charge)
    assert (dispute.amount, dispute.reason) == (250, "product_not_received")
    assert local.balance() == (-1750, 941)


def test_silence_loses(local: Local) -> None:
    dispute = _dispute(local, local.buy(number="4000000000000259"))
    local.advance(15 * DAY_S)
    lost = local.client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)


def test_accepting_loses(heard: Local, receiver: Receiver) -> None:
    dispute = _dispute(heard, heard.buy(number="4000000000000259"))
    assert heard.client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        heard.client.v1.disputes.close(dispute.id)
    heard.quiet()
    assert receiver.types().count("charge.dispute.closed") == 1


def test_an_inquiry_moves_no_money(local: Local) -> None:
    dispute = _dispute(local, local.buy(number="4000000000001976"))
    assert (dispute.status, dispute.is_charge_refundable, dispute.balance_transactions) == (
        "warning_needs_response",
        True,
        [],
    )
    assert local.balance() == (0, 941)


def test_a_full_refund_closes_an_inquiry(local: Local) -> None:
    charge = local.buy(number="4000000000001976")
    local.client.v1.refunds.create({"charge": charge.id})
    assert _dispute(local, charge).status == "warning_closed"
    assert local.balance() == (0, -59)


def test_an_inquiry_escalates(local: Local) -> None:
    charge = local.buy(number="4000000000001976")
    dispute = _dispute(local, charge)
    local.client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
    escalated = _dispute(local, charge)
    assert (escalated.status, escalated.is_charge_refundable) == ("needs_response", False)
    assert local.balance() == (-2500, 941)


def test_an_early_fraud_warning_moves_nothing_and_a_refund_answers_it(local: Local) -> None:
    charge = local.buy(number="4000000000005423")
    (warning,) = local.client.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert (warning.actionable, warning.payment_intent) == (True, charge.payment_intent)
    assert local.balance() == (0, 941)
    local.client.v1.refunds.create({"charge": charge.id})
    assert local.client.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable is False


def test_an_object_offers_only_what_makes_sense(local: Local) -> None:
    charge = local.buy()
    answer = local.http.post(f"/_sandbox/objects/{charge.id}/act", json={"action": "win"})
    assert answer.status_code == 400
    assert "it offers dispute, inquiry, early_fraud_warning" in answer.json()["error"]["message"]
