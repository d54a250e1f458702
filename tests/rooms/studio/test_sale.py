"""Explain this cent: E1 to the cent, from the price to the payout that carried it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from rooms.currencies import money_text
from rooms.models import Creator, Room
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from rooms.studio.trail import trail_of
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import refund_posted
from tests.rooms.studio import story
from tests.rooms.studio.conftest import words

At = Callable[[Any], Any]


def test_it_explains_nine_eleven(studio: Client, ada: Creator, evening: Room) -> None:
    sale = story.sold(evening)
    page = words(studio.get(reverse("studio:sale", args=[sale.id])))
    assert "$9.11 is yours of $10.00 that a listener paid for Evening with Ada, seat 1" in page
    assert "You $9.11 Obole $0.30 the platform Card processing $0.59 what Stripe took Listener paid $10.00" in page
    assert "Stripe took $0.59, exactly what its published rate foretold." in page
    assert "Balance transaction txn_linus Charge ch_linus" in page
    assert "3% of $10.00" in page
    assert "obole-standard, version 1" in page


def test_it_shows_every_entry_on_its_side(ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    trail = trail_of(sale_id=story.sold(evening).id, payee_id=ada.payee.id, now=NOW)
    assert trail is not None
    (transaction,) = trail.transactions
    assert (transaction.title, transaction.key) == ("The sale", "charge:ch_linus")
    assert [(entry.words, entry.debit_minor, entry.credit_minor) for entry in transaction.entries] == [
        ("Obole's Stripe balance, pending", 1000, None),
        ("Owed to Ada Lovelace, pending", None, 911),
        ("Obole's fee, tickets", None, 30),
        ("Card processing passed on", None, 59),
        ("Card processing paid to Stripe", 59, None),
        ("Obole's Stripe balance, pending", None, 59),
    ]


def test_it_says_when_the_fee_was_not_as_foretold(studio: Client, evening: Room) -> None:
    sale = story.sold(evening, fee_minor=74)
    page = words(studio.get(reverse("studio:sale", args=[sale.id])))
    assert "$8.96 is yours" in page
    assert "Stripe took $0.74; its published rate foretold $0.59. What counts is what it took." in page


def test_a_payment_whose_fee_is_to_come_promises_no_share(studio: Client, evening: Room) -> None:
    sale = story.bought(evening)
    page = words(studio.get(reverse("studio:sale", args=[sale.id])))
    assert "Your share comes with the fee of $10.00" in page
    assert "Waiting for Stripe's exact fee" in page
    assert "with the fee" in words(studio.get("/studio/sales/"))


def test_it_leads_to_the_payout_that_carried_it(studio: Client, ada: Creator, evening: Room, at: At) -> None:
    assert ada.payee is not None
    sale = story.sold(evening)
    over = story.released(sale)
    url = reverse("studio:sale", args=[sale.id])
    assert "Free, added to available" in words(studio.get(url))
    failed = story.refused(
        story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date()), at=over + timedelta(hours=1)
    )
    tomorrow = over + timedelta(days=1)
    payout = story.reserved(ada.payee, at=tomorrow)
    assert payout.id != failed.id
    story.paid(story.sent(payout, at=tomorrow, arrives_on=tomorrow.date()), at=tomorrow)
    response = studio.get(url)
    assert reverse("studio:payout", args=[payout.id]) in response.content.decode()
    assert reverse("studio:payout", args=[failed.id]) not in response.content.decode()
    assert "At your bank" in words(response)


def test_co_hosts_see_their_own_share_and_all_parts(client: Client, ada: Creator, grace: Creator) -> None:
    room = cast.room(ada, cohosts=[CoHostSpec(creator_id=grace.id)])
    accept_cohosting(room_id=room.id, creator_id=grace.id, now=NOW)
    sale = story.sold(room)
    amounts = {share.payee.display_name: share.amount_minor or 0 for share in sale.shares.select_related("payee")}
    assert sorted(amounts.values()) == [455, 456]
    client.force_login(grace.user)
    page = words(client.get(reverse("studio:sale", args=[sale.id])))
    mine, theirs = (money_text(amounts[name], "USD") for name in ("Grace Hopper", "Ada Lovelace"))
    assert f"{mine} is yours" in page
    assert f"Ada Lovelace {theirs} You {mine} Obole $0.30" in page
    assert "1/2 of $9.11" in page


def test_nobody_else_sees_it(client: Client, evening: Room, grace: Creator) -> None:
    sale = story.sold(evening)
    client.force_login(grace.user)
    assert client.get(reverse("studio:sale", args=[sale.id])).status_code == 404
    assert client.get(reverse("studio:sale", args=[uuid4()])).status_code == 404
    assert sale.buyer is not None
    client.force_login(sale.buyer)
    assert client.get(reverse("studio:sale", args=[sale.id]))["Location"] == "/studio/start/"


def test_its_queries_are_known(
    studio: Client, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sale = story.sold(evening)
    with django_assert_num_queries(12):
        studio.get(reverse("studio:sale", args=[sale.id]))


def test_what_went_back_and_what_is_left_sum_to_the_headline(studio: Client, ada: Creator) -> None:
    room = cast.room(ada, currency="EUR")
    sale = story.posted(story.bought(room), fee_minor=61, settled=(1080, "USD", Decimal("1.08")))
    address = reverse("studio:sale", args=[sale.id])
    assert "Went back" not in words(studio.get(address))
    refund_posted(sale, 333)
    page = words(studio.get(address))
    assert "$6.58 is yours of €10.00 that a listener paid" in page
    assert "Your share was $9.87 ; $3.29 of it went back with €3.33 of the payment." in page
    assert (
        "You $9.87 $3.29 $6.58 Obole the platform $0.32 $0.11 $0.21 Card processing what Stripe took $0.61 $0.20 $0.41"
        " What arrived $10.80 $3.60 $7.20" in page
    )
    assert "The listener paid €10.00 ; it arrived as $10.80 , at 1 EUR = 1.08 USD." in page
    refund_posted(sale, 667, refund_id="re_2")
    page = words(studio.get(address))
    assert "$0.00 is yours" in page
    assert "Your share was $9.87 ; $9.87 of it went back with all of the payment." in page
    assert "What arrived $10.80 $10.80 $0.00" in page
