"""What a creator sees while a listener's bank decides: a reserved figure that opens, and the trail of the sale."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from payouts.models import Dispute, DisputeStatus
from rooms.models import Creator, Room
from rooms.studio.figures import STAGES, parts_of
from rooms.studio.overview import amounts_of
from tests.rooms.cast import NOW
from tests.rooms.studio import story
from tests.rooms.studio.conftest import words

At = Callable[[Any], Any]


def agree(ada: Creator) -> None:
    """Every figure is the sum of its parts."""
    assert ada.payee is not None
    for currency, amounts in amounts_of(payee_id=ada.payee.id).items():
        for stage in STAGES:
            parts = parts_of(stage=stage, payee_id=ada.payee.id, currency=currency)
            assert sum(part.amount_minor for part in parts) == amounts[stage], stage


def test_a_disputed_part_moves_to_reserved_which_opens_to_its_reason(
    studio: Client, ada: Creator, evening: Room
) -> None:
    story.sold(evening, name="Grace")
    sale = story.sold(evening)
    overview = reverse("studio:overview")
    assert "Reserved" not in words(studio.get(overview))
    story.disputed(sale, at=NOW, amount_minor=1000)
    page = words(studio.get(overview))
    assert "Reserved $9.11 until a bank has decided" in page
    assert "Pending $9.11" in page
    opened = words(studio.get(reverse("studio:stage", args=["reserved", "USD"])))
    assert "Evening with Ada, seat 2" in opened
    assert "Disputed: the cardholder says that they did not get what they paid for." in opened
    assert "Obole answers the bank by 15 Jun 2026." in opened
    agree(ada)


def test_a_part_of_a_payment_is_disputed_and_the_rest_stays_pending(
    studio: Client, ada: Creator, evening: Room
) -> None:
    sale = story.sold(evening)
    story.disputed(sale, at=NOW, amount_minor=333)
    page = words(studio.get(reverse("studio:overview")))
    assert "Pending $6.08" in page
    assert "Reserved $3.03" in page
    agree(ada)


def test_the_trail_tells_of_the_dispute_and_its_end(studio: Client, ada: Creator, evening: Room) -> None:
    lost, won = story.sold(evening), story.sold(evening, name="Grace")
    disputes = [story.disputed(sale, at=NOW) for sale in (lost, won)]
    address = [reverse("studio:sale", args=[sale.id]) for sale in (lost, won)]
    assert words(studio.get("/studio/sales/")).count("Disputed The listener's bank took the payment back") == 2
    page = words(studio.get(address[0]))
    assert "Refund the listener" not in page
    assert "Wait for the bank's decision, or write to Obole's finance team" in page
    assert "Disputed: your part is reserved" in page
    assert "Reserved while it is disputed" in page
    for dispute, outcome in zip(disputes, (False, True), strict=True):
        story.decided(dispute, won=outcome, at=NOW + timedelta(days=1))
    sales = words(studio.get("/studio/sales/"))
    assert "Dispute lost The bank gave the disputed money to the listener. $10.00 $0.00" in sales
    assert "Pending at Stripe Dispute won The bank gave the payment back. $10.00 $9.11" in sales
    page = words(studio.get(address[0]))
    assert "Dispute lost" in page
    assert "$10.00 went back to the listener." in page
    assert "The dispute was lost" in page
    page = words(studio.get(address[1]))
    assert "Dispute won" in page
    assert "All of it is yours again." in page
    assert "Refund the listener" in page
    assert "Reserved" not in words(studio.get(reverse("studio:overview")))
    agree(ada)


def test_a_disputed_sale_offers_no_refund_and_a_bank_that_only_asks_does(
    studio: Client, ada: Creator, evening: Room
) -> None:
    sale = story.sold(evening)
    dispute = story.disputed(sale, at=NOW)
    refund = reverse("studio:sale-refund", args=[sale.id])
    page = studio.get(refund)
    assert "It cannot be refunded now The listener disputes this payment" in words(page)
    assert "<form" not in page.content.decode().partition("<main")[2]
    answer = studio.post(refund, {"amount": "3.33", "note": "Late start", "key": "k"})
    assert answer.status_code == 422
    assert 'value="3.33"' in answer.content.decode()
    assert not sale.refunds.exists()
    Dispute.objects.filter(id=dispute.id).update(status=DisputeStatus.WARNING_NEEDS_RESPONSE)
    assert "The bank asks No money has moved." in words(studio.get(reverse("studio:sale", args=[sale.id])))
    assert "It cannot be refunded now" not in words(studio.get(refund))
