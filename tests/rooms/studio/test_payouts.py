"""Payouts: the list, each step with its time and Stripe's id, what it carried."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from rooms.models import Creator, Room
from rooms.studio import payout_trail
from tests.rooms.studio import story
from tests.rooms.studio.conftest import words


def test_each_step_has_its_time_and_id(studio: Client, ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    sale = story.sold(evening)
    over = story.released(sale)
    payout = story.reserved(ada.payee, at=over)
    looks = [(step.title, step.look) for step in payout_trail.steps_of(payout)]
    assert looks == [
        ("Set aside", "done"),
        ("Moved to your Stripe account", "now"),
        ("Sent to your bank", "todo"),
        ("Paid at the bank", "todo"),
    ]
    payout = story.sent(payout, at=over, arrives_on=(over + timedelta(days=2)).date())
    page = words(studio.get(reverse("studio:payout", args=[payout.id])))
    assert f"Moved to your Stripe account Wed 10 Jun 2026, 13:00 UTC · {payout.transfer_id}" in page
    assert f"{payout.stripe_payout_id} Expected at the bank on 12 Jun 2026." in page
    story.paid(payout, at=over + timedelta(days=2))
    page = words(studio.get(reverse("studio:payout", args=[payout.id])))
    assert "Paid at the bank Fri 12 Jun 2026, 13:00 UTC" in page
    assert "Evening with Ada, seat 1" in page
    assert "Paid out $9.11" in page


def test_a_failed_payout_says_why_and_that_the_money_is_theirs(studio: Client, ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    over = story.released(story.sold(evening))
    payout = story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date())
    payout = story.refused(payout, at=over + timedelta(hours=1))
    page = words(studio.get(reverse("studio:payout", args=[payout.id])))
    assert "The bank account has been closed. The amount is yours again" in page
    assert f"Back at Obole Wed 10 Jun 2026, 14:01 UTC · {payout.reversal_id}" in page
    listed = words(studio.get("/studio/payouts/"))
    assert "Failed, back with you" in listed
    assert "The bank account has been closed." in listed


def test_what_it_carried_sums_to_it(ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    first, second = story.sold(evening, name="Linus"), story.sold(evening, name="Fin", fee_minor=61)
    over = story.released(first)
    failed = story.refused(
        story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date()), at=over + timedelta(hours=1)
    )
    again = story.reserved(ada.payee, at=over + timedelta(days=1))
    second.refresh_from_db()
    assert sorted(part.amount_minor for part in payout_trail.carried(failed)) == [909, 911]
    assert [(part.title, part.amount_minor) for part in payout_trail.carried(again)] == [
        ("Payout failed: The bank account has been closed.", 1820)
    ]


def test_nobody_else_sees_it(client: Client, ada: Creator, grace: Creator, evening: Room) -> None:
    assert ada.payee is not None
    payout = story.reserved(ada.payee, at=story.released(story.sold(evening)))
    client.force_login(grace.user)
    assert client.get(reverse("studio:payout", args=[payout.id])).status_code == 404


def test_its_queries_are_known(
    studio: Client, ada: Creator, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert ada.payee is not None
    payout = story.reserved(ada.payee, at=story.released(story.sold(evening)))
    with django_assert_num_queries(8):
        studio.get(reverse("studio:payout", args=[payout.id]))
    with django_assert_num_queries(5):
        studio.get("/studio/payouts/")
