"""Cases from the field about early fraud warnings: refunded by themselves up to a limit, else left to finance."""

import pytest
from pytest_django import Settings

from config import clock
from payouts.disputes import warnings
from payouts.models import EarlyFraudWarning, Payee, Refund, RefundReason, RefundState, Sale, WarningDecision
from payouts.queries import earnings
from payouts.tasks import answer_disputes
from tests.payouts.conftest import Shop
from tests.payouts.field.books import assert_books_agree
from tests.payouts.stripe_driver import Sandbox, Workers, post_event

WARNS = "4000000000005423"


def warned(shop: Shop, ada: Payee, workers: Workers) -> Sale:
    """A sale whose card's issuer suspects fraud."""
    sale = shop.open(ada)
    assert shop.sandbox.pay(sale.checkout_url, number=WARNS) == 303
    workers.turn()
    workers.turn()
    sale.refresh_from_db()
    return sale


def test_early_fraud_warning_with_automatic_refund(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, settings: Settings
) -> None:
    settings.EARLY_FRAUD_REFUND_MAX = {"USD": 1000}
    sale = warned(shop, ada, workers)
    answer_disputes()
    answer_disputes()
    workers.turn()
    workers.turn()
    warning = EarlyFraudWarning.objects.get()
    assert (warning.sale_id, warning.fraud_type, warning.decision) == (sale.id, "misc", WarningDecision.REFUNDED)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason, refund.state) == (1000, RefundReason.FRAUDULENT, RefundState.POSTED)
    assert not warning.actionable  # the refund's own event said so
    assert all(found.pending_minor == 0 for found in earnings(payee_id=ada.id))
    assert_books_agree(sandbox)


@pytest.mark.parametrize(
    ("limits", "note"),
    [({}, "No automatic refunds in USD."), ({"USD": 999, "EUR": 5000}, "More than is refunded automatically.")],
)
def test_one_that_is_not_refunded_by_itself_is_left_to_finance(
    shop: Shop, ada: Payee, workers: Workers, settings: Settings, *, limits: dict[str, int], note: str
) -> None:
    settings.EARLY_FRAUD_REFUND_MAX = limits
    warned(shop, ada, workers)
    answer_disputes()
    warning = EarlyFraudWarning.objects.get()
    assert (warning.decision, warning.note, warning.actionable) == (WarningDecision.WATCHED, note, True)
    assert not Refund.objects.exists()


def test_one_that_is_disputed_before_it_is_refunded_says_why_not(
    shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers, settings: Settings
) -> None:
    settings.EARLY_FRAUD_REFUND_MAX = {"USD": 1000}
    sale = warned(shop, ada, workers)
    sandbox.control(f"objects/{sale.charge_id}/act", action="dispute")
    workers.turn()
    assert warnings.decide_due(now=clock.now()) == 0
    warning = EarlyFraudWarning.objects.get()
    assert warning.decision == WarningDecision.NOT_REFUNDABLE
    assert "Wait for the dispute's end" in warning.note
    assert_books_agree(sandbox)


def test_its_event_twice_is_one_warning(shop: Shop, ada: Payee, sandbox: Sandbox, workers: Workers) -> None:
    warned(shop, ada, workers)
    event = next(event for event in sandbox.events() if event["type"] == "radar.early_fraud_warning.created")
    assert post_event({**event, "id": f"{event['id']}again"}).status_code == 200
    workers.process()
    assert EarlyFraudWarning.objects.count() == 1
