"""What each channel of a sale must name, held by the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from payouts.models import Payee, Sale, SaleChannel, SaleState
from payouts.sales.opening import write_sale
from payouts.sales.shares import ShareSpec

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CARD = {"payment_method_id": "pm_1"}

pytestmark = pytest.mark.django_db


def write(channel: SaleChannel, **more: Any) -> Sale:
    payee = Payee.objects.create(
        display_name="Ada", email="ada@example.org", country="US", created_at=NOON, updated_at=NOON
    )
    wanted: dict[str, Any] = {
        "product": "tip",
        "subject": f"tip:{payee.id}",
        "title": "A tip",
        "buyer_id": None,
        "buyer_email": "linus@example.org",
        "price_minor": 1000,
        "currency": "USD",
        "shares": [ShareSpec(payee_id=payee.id)],
        "policy_slug": "obole-standard",
        "hold_until": NOON,
        "now": NOON,
    }
    return write_sale(channel=channel, **wanted | more)


@pytest.mark.parametrize(
    ("channel", "named", "constraint"),
    [
        (SaleChannel.CHECKOUT, {}, "sale_by_checkout_says_when_its_session_ends"),
        (SaleChannel.CARD, {}, "sale_by_card_names_the_card"),
        (SaleChannel.INVOICE, {}, "sale_by_invoice_and_no_other_names_it"),
        (SaleChannel.CARD, CARD | {"invoice_id": "in_1"}, "sale_by_invoice_and_no_other_names_it"),
        (SaleChannel.INVOICE, {"invoice_id": "in_1", "session_expires_at": NOON}, "sale_session_only_by_checkout"),
    ],
)  # fmt: skip
def test_a_channel_names_its_own_and_nothing_else(
    channel: SaleChannel, named: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write(channel, **named)
    assert not Sale.objects.exists()


def test_each_channel_is_written_with_what_it_names() -> None:
    assert write(SaleChannel.CHECKOUT, session_expires_at=NOON + timedelta(minutes=35)).state == SaleState.OPEN
    assert write(SaleChannel.CARD, payment_method_id="pm_1").payment_method_id == "pm_1"
    assert write(SaleChannel.INVOICE, invoice_id="in_1").invoice_id == "in_1"
    with pytest.raises(IntegrityError, match="sale_invoice_id_unique"), transaction.atomic():
        write(SaleChannel.INVOICE, invoice_id="in_1")


def test_a_saved_card_pays_through_an_intent() -> None:
    sale = write(SaleChannel.CARD, payment_method_id="pm_1")
    sale.state, sale.paid_at = SaleState.PAID, NOON
    with pytest.raises(IntegrityError, match="sale_paid_by_card_has_its_intent"), transaction.atomic():
        sale.save()
    sale.payment_intent_id = "pi_1"
    sale.save()
