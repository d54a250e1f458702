"""The first page: figures, the next payout, what becomes free when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from rooms.models import Creator, Room, User
from rooms.studio.figures import parts_of
from rooms.studio.overview import amounts_of, overview_of
from rooms.studio.views import earnings
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.studio import story
from tests.rooms.studio.conftest import words

At = Callable[[Any], Any]


def test_a_visitor_signs_in_first(client: Client, db: None) -> None:
    response = client.get("/studio/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/studio/"


def test_a_listener_is_asked_to_open_a_studio(client: Client, linus: User) -> None:
    client.force_login(linus)
    assert client.get("/studio/")["Location"] == "/studio/start/"


def test_a_sale_shows_pending_to_the_cent(studio: Client, evening: Room) -> None:
    story.sold(evening)
    page = words(studio.get("/studio/"))
    assert "Pending $9.11 next free 10 Jun 2026" in page
    assert "Available $0.00 nothing waits" in page
    assert "10 Jun 2026 $9.11 1 sale" in page
    assert "$9.11 becomes free on 10 Jun 2026." in page


def test_a_released_sale_leaves_with_the_next_run(studio: Client, evening: Room, at: At) -> None:
    over = story.released(story.sold(evening))
    with at(over):
        page = words(studio.get("/studio/"))
    assert "Pending $0.00 nothing is held" in page
    assert "Available $9.11 leaves with the next payout" in page
    assert "Next payout $9.11 Leaves for your bank after midnight UTC, on 11 Jun 2026." in page


def test_it_says_why_less_than_the_smallest_payout_stays(ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    Room.objects.filter(id=evening.id).update(price_minor=300)
    story.released(story.sold(evening, fee_minor=39))
    (line,) = overview_of(payee=ada.payee, now=NOW).next_payout
    assert (line.amount_minor, line.words) == (0, "$2.52 is available; payouts start at $5.00.")


def test_every_figure_is_the_sum_of_its_parts(ada: Creator, evening: Room) -> None:
    assert ada.payee is not None
    first, _ = story.sold(evening, name="Linus"), story.sold(evening, name="Fin", fee_minor=61)
    over = story.released(first)
    later = cast.room(
        ada, title="Later", starts_at=over + timedelta(days=1), ends_at=over + timedelta(days=1, hours=1)
    )
    payout = story.sent(story.reserved(ada.payee, at=over), at=over, arrives_on=over.date())
    figures = {"pending": 0, "available": 0, "reserved": 0, "in_transit": 1820, "paid": 0}
    assert amounts_of(payee_id=ada.payee.id) == {"USD": figures}
    story.sold(later, name="Grete", at=over)
    story.paid(payout, at=over)
    assert amounts_of(payee_id=ada.payee.id) == {"USD": figures | {"pending": 911, "in_transit": 0, "paid": 1820}}
    for stage, amount_minor in amounts_of(payee_id=ada.payee.id)["USD"].items():
        parts = parts_of(stage=stage, payee_id=ada.payee.id, currency="USD")
        assert sum(part.amount_minor for part in parts) == amount_minor


def test_the_queries_do_not_grow_with_the_sales(
    studio: Client, evening: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    story.sold(evening, name="Linus")
    with django_assert_num_queries(9):
        studio.get("/studio/")
    story.sold(evening, name="Fin")
    with django_assert_num_queries(9):
        studio.get("/studio/")


def test_each_stage_opens_and_names_its_parts(studio: Client, evening: Room) -> None:
    sale = story.sold(evening)
    response = studio.get(reverse("studio:stage", args=["pending", "USD"]))
    assert reverse("studio:sale", args=[sale.id]) in response.content.decode()
    page = words(response)
    assert "Held for a while, after the room or the gift, so that listeners can be refunded." in page
    assert "Pending, as the ledger has it $9.11" in page
    for stage in ("available", "in_transit", "paid"):
        assert "Nothing here now" in words(studio.get(reverse("studio:stage", args=[stage, "USD"])))


def test_it_knows_no_other_stage(studio: Client) -> None:
    assert studio.get("/studio/earnings/secret/USD/").status_code == 404
    assert studio.get("/studio/earnings/pending/usd/").status_code == 404


def test_long_figures_come_in_pages(studio: Client, evening: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earnings, "PAGE_SIZE", 1)
    first, second = story.sold(evening, name="Linus"), story.sold(evening, name="Fin", fee_minor=61)
    url = reverse("studio:stage", args=["pending", "USD"])
    pages = [words(studio.get(url, {"page": number})) for number in (1, 2)]
    assert [page.count("Evening with Ada, seat") for page in pages] == [1, 1]
    assert {sale.title for sale in (first, second)} == {
        title for title in (first.title, second.title) for page in pages if title in page
    }
    assert all("Pending, as the ledger has it $18.20" in page for page in pages)
    assert "Page 2 of 2" in pages[1]
