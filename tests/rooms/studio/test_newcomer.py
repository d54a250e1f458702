"""The studio of somebody who has nothing yet: each page says what comes here, and what to do next."""

import pytest
from django.test import Client
from django.urls import reverse

from payouts.models import TransfersState
from rooms.models import Creator
from tests.rooms import cast
from tests.rooms.studio.conftest import words

SET_UP = "First tell Stripe where to pay you"
PAGES = ("overview", "plans", "sales", "payouts", "statements")


@pytest.mark.parametrize("page", PAGES)
def test_each_page_leads_on_to_payouts(client: Client, db: None, page: str) -> None:
    client.force_login(cast.creator("Nora", can_be_paid=False).user)
    address = reverse(f"studio:{page}")
    assert SET_UP in words(client.get(address))
    assert 'href="/studio/onboarding/"' in client.get(address).content.decode()


def test_every_figure_opens_before_there_is_any(client: Client, db: None) -> None:
    client.force_login(cast.creator("Nora", can_be_paid=False).user)
    for stage in ("pending", "available", "in_transit", "paid"):
        page = words(client.get(reverse("studio:stage", args=[stage, "USD"])))
        assert "$0.00" in page
        assert SET_UP in page
    assert "Switch tips on" in words(client.get(reverse("studio:stars")))
    assert "Their tickets go on sale when you have set up payouts" in words(client.get(reverse("studio:room-new")))


def test_who_can_be_paid_is_led_to_a_first_room(studio: Client, ada: Creator) -> None:
    page = words(studio.get(reverse("studio:payouts")))
    assert "Schedule a room" in page
    assert SET_UP not in page
    assert ada.payee is not None
    ada.payee.transfers_state = TransfersState.PENDING
    ada.payee.save()
    assert "Stripe is checking your details" in words(studio.get(reverse("studio:payouts")))
