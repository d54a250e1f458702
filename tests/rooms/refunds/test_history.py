"""A buyer's purchases of every kind in one list, on the site and by API, with where the money of each is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts.models import Dispute, DisputeStatus, Payee, Refund, Sale, SaleState, TransfersState
from payouts.refunds.standing import BANKS_TAKE
from rooms.donations.operations import choose_charity, give_donation, open_charity
from rooms.models import Room, Ticket, User
from rooms.pages import history
from rooms.stars.operations import buy_pack
from rooms.tips import targets
from rooms.tips.operations import give_tip, switch_tips
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import refund_posted, stripe_says
from tests.rooms.studio.story import decided, disputed
from tests.rooms.subscriptions import patron

Buy = Callable[[User], Ticket]


@pytest.fixture
def client(linus: User) -> Client:
    """Linus is signed in."""
    client = Client()
    client.force_login(linus)
    return client


def listed(client: Client) -> list[dict[str, Any]]:
    """What the API lists, of which the page says the same."""
    rows: list[dict[str, Any]] = client.get("/api/v1/purchases/").json()["results"]
    return rows


def standing(client: Client) -> tuple[str, int]:
    """Where the only purchase is."""
    (row,) = listed(client)
    return row["state"], row["back_minor"]


def one_of_each(room: Room, linus: User) -> None:
    """A tip, a donation, a pack, a month for somebody else and one for himself; none of them paid so far."""
    charity = open_charity(name="Music for All", email="a@b.example", country="US", about="Lessons.", now=NOW)
    Payee.objects.filter(id=charity.payee_id).update(stripe_account_id="acct_m", transfers_state=TransfersState.ACTIVE)
    choose_charity(room_id=room.id, creator_id=room.creator_id, charity_id=charity.id)
    switch_tips(creator_id=room.creator_id, on=True)
    room = Room.objects.select_related("creator__payee", "charity__payee").get(id=room.id)
    give_tip(target=targets.of_room(room), payer_id=linus.id, amount_minor=2500, currency="USD", now=NOW)
    give_donation(room_id=room.id, donor_id=linus.id, amount_minor=500, covers_processing=True, now=NOW)
    buy_pack(buyer_id=linus.id, stars=1000, now=NOW)
    gold = patron.plan(room.creator, now=NOW)
    patron.claimed_gift(gold, linus, cast.person("Margaret"), now=NOW)
    patron.invoice(patron.subscription(gold, linus, now=NOW), now=NOW)


def test_every_kind_is_listed_with_its_receipt_for_the_same_queries(
    client: Client, buy: Buy, room: Room, linus: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    buy(linus)
    buy(cast.person("Eve"))  # nothing of hers is his
    one_of_each(room, linus)
    rows = listed(client)
    assert sorted(row["product"] for row in rows) == ["donation", "gift", "stars", "subscription", "ticket", "tip"]
    unpaid = {row["product"] for row in rows if row["state"] == "open"}
    assert unpaid == {"donation", "stars", "tip"} == {row["product"] for row in rows if row["receipt"] is None}
    for row in rows:
        for address in filter(None, (row["page"], row["receipt"])):
            assert client.get(address).status_code == 200, address
    Sale.objects.filter(product="tip").update(state=SaleState.EXPIRED, expired_at=NOW)
    assert len(listed(client)) == 5  # what ended unpaid is no purchase
    # Session, person, count, sales with what they pay for, refunds, disputes.
    with django_assert_num_queries(6):
        page = client.get("/purchases/").content.decode()
    assert all(words in page for words in ("1,000 Stars", "Donation", "Gift", "Not paid yet", "seat 1"))
    assert "Nothing bought yet" not in page
    assert client.get("/tickets/").content.decode().count('href="/purchases/"') == 2  # its heading, and the menu


def test_the_list_is_paged_at_no_greater_cost(
    client: Client, linus: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert "Nothing bought yet" in client.get("/purchases/").content.decode()
    for _ in range(5):
        buy_pack(buyer_id=linus.id, stars=1000, now=NOW)
    monkeypatch.setattr(history, "PAGE_SIZE", 2)
    with django_assert_num_queries(6):
        assert "Page 2 of 3" in client.get("/purchases/?page=2").content.decode()


def test_money_that_goes_back_is_told_from_its_way_to_its_arrival(client: Client, buy: Buy, linus: User) -> None:
    sale = buy(linus).sale
    assert standing(client) == ("paid", 0)
    stripe_says(sale, 400, now=clock.now())
    assert standing(client) == ("returning", 400)
    assert "$4.00</data> of it" in client.get("/purchases/").content.decode()
    refund_posted(sale, 400)
    assert standing(client) == ("returning", 400)  # in our books, not on the buyer's account
    Refund.objects.update(sent_at=clock.now() - BANKS_TAKE)
    assert standing(client) == ("refunded_in_part", 400)
    refund_posted(sale, 600, refund_id="re_2")
    assert standing(client) == ("returning", 1000)
    Refund.objects.update(sent_at=clock.now() - BANKS_TAKE)
    assert standing(client) == ("refunded", 1000)
    assert "Refunded" in client.get("/purchases/").content.decode()


def test_a_card_that_did_not_take_it_is_named(client: Client, buy: Buy, linus: User) -> None:
    sale = buy(linus).sale
    stripe_says(sale, 1000)
    stripe_says(sale, 1000, failure="The refund failed: expired or canceled card")
    assert standing(client) == ("stuck", 0)
    Sale.objects.update(
        state=SaleState.PARKED, expired_at=NOW, refund_failed_at=NOW, refund_failure="Closed", hold_until=NOW
    )
    assert standing(client)[0] == "stuck"
    Sale.objects.update(refund_failed_at=None, refund_failure="")
    assert standing(client)[0] == "returning"
    Sale.objects.update(state=SaleState.RETURNED, returned_at=NOW, refund_id="re_9")
    assert standing(client) == ("refunded", 1000)
    assert listed(client)[0]["receipt"] is None


def test_a_disputed_payment_is_followed_to_the_banks_word(client: Client, buy: Buy, linus: User) -> None:
    dispute = disputed(buy(linus).sale, at=NOW)
    assert standing(client) == ("disputed", 0)
    Dispute.objects.update(status=DisputeStatus.WARNING_NEEDS_RESPONSE)
    assert standing(client) == ("paid", 0)  # a question of the bank's moves nothing
    decided(dispute, won=False, at=NOW)
    assert standing(client) == ("taken_back", 1000)
    assert "Taken back by your bank" in client.get("/purchases/").content.decode()
