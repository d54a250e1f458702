"""Stars on the site: buying a pack, the wallet, and giving them without a card."""

import json
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.test import Client

from config import clock
from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from ledger.queries import balance_minor
from payouts.locks import lock_sale
from payouts.models import Sale, StarSpend, Wallet
from payouts.wallets import lots
from payouts.wallets.operations import freeze
from rooms.events.hints import room_key
from rooms.models import Room, StarOrder, StarTip, Tip, User
from rooms.studio.figures import parts_of
from rooms.tips.operations import switch_tips


@pytest.fixture
def open_room(evening: Room) -> Room:
    """Ada takes tips."""
    switch_tips(creator_id=evening.creator_id, on=True)
    return evening


@pytest.fixture
def order(listener: Client, linus: User) -> StarOrder:
    """Linus has 1,000 Stars, as a posted sale leaves them."""
    answer = listener.post("/stars/", {"key": str(uuid4()), "stars": "1000", "pay_by": "card-page"})
    assert answer.status_code == 303
    order: StarOrder = StarOrder.objects.select_related("sale").get()
    now = clock.now()
    Sale.objects.filter(id=order.sale_id).update(posted_at=now)
    order.sale.refresh_from_db()
    legs = (debit("stripe:pending", 1000, "USD"), credit(accounts.wallet(linus.id), 1000, "USD"))
    post(
        posting=Posting(
            key="charge:ch_1", kind="sale", legs=legs, effective_at=now, subject="sale:1", description="1,000 Stars"
        )
    )
    lots.add_pack(sale=order.sale, stars=1000, now=now)
    return order


def _give(client: Client, room: Room, **changes: str) -> Any:
    form = {"key": str(uuid4()), "amount": "0.50", "currency": "USD", "message": "Bravo", "show_name": "on"}
    return client.post(f"{room.get_absolute_url()}tip/", form | {"amount": "2.00", "pay_by": "stars"} | changes)


def test_a_pack_is_a_sale_that_fills_the_wallet(listener: Client, linus: User) -> None:
    page = listener.get("/stars/").content.decode()
    assert "1,000 Stars" in page
    assert "$11.00" in page
    form = {"key": str(uuid4()), "stars": "1000", "pay_by": "card-page"}
    first, second = (listener.post("/stars/", form) for _ in range(2))
    order = StarOrder.objects.select_related("sale").get()
    assert first["Location"] == second["Location"] == order.get_absolute_url()
    assert (order.stars, order.sale.price_minor, order.sale.charge_minor, order.sale.wallet_minor) == (
        1000,
        1100,
        1100,
        1000,
    )
    assert list(order.sale.shares.all()) == []
    assert listener.get(order.get_absolute_url()).status_code == 200


def test_only_packs_on_sale_are_sold(listener: Client) -> None:
    answer = listener.post("/stars/", {"key": str(uuid4()), "stars": "7", "pay_by": "card-page"})
    assert answer.status_code == 422
    assert "Stars come in packs of 200, 500, 1,000, 5,000." in answer.content.decode()
    assert not Sale.objects.exists()


def test_stars_are_given_at_once_and_shown_in_the_room(listener: Client, open_room: Room, order: StarOrder) -> None:
    answer = _give(listener, open_room)
    assert (answer.status_code, answer["Location"]) == (302, open_room.get_absolute_url())
    tip = StarTip.objects.select_related("spend").get()
    assert (tip.spend.stars, tip.spend.subject, tip.room, tip.public_name) == (
        200,
        f"tip:{tip.id}",
        open_room,
        "Linus",
    )
    assert not Tip.objects.exists()
    payee = open_room.creator.payee
    assert payee is not None
    assert balance_minor(account=accounts.payable(payee.id, "pending"), currency="USD") == -200
    page = listener.get(open_room.get_absolute_url()).content.decode()
    assert "200 Stars went to Ada Lovelace. Thank you." in page
    assert "“Bravo”" in page
    wallet = listener.get("/stars/").content.decode()
    assert "200 Stars for Ada Lovelace" in wallet
    assert "800" in wallet


def test_two_presses_of_one_form_give_once(listener: Client, open_room: Room, order: StarOrder) -> None:
    key = str(uuid4())
    _give(listener, open_room, key=key)
    _give(listener, open_room, key=key)
    assert StarSpend.objects.count() == 1
    assert Wallet.objects.get().balance == 800


def test_too_few_stars_are_told_with_the_pack_that_helps(listener: Client, open_room: Room, order: StarOrder) -> None:
    answer = _give(listener, open_room, amount="12.00")
    assert answer.status_code == 422
    assert (
        "You have 1,000 Stars, and this takes 1,200. Nothing was given; a pack of 200 helps."
        in answer.content.decode()
    )
    assert not StarSpend.objects.exists()


def test_frozen_stars_are_not_given(listener: Client, open_room: Room, order: StarOrder) -> None:
    sale = lock_sale(order.sale_id)
    assert sale is not None
    freeze(sale=sale, now=clock.now())
    answer = _give(listener, open_room)
    assert answer.status_code == 422
    assert "Your Stars are frozen" in answer.content.decode()
    assert "Frozen while a payment for Stars is disputed" in listener.get("/stars/").content.decode()
    assert not StarSpend.objects.exists()


def test_stars_pay_no_processing(listener: Client, open_room: Room) -> None:
    page = listener.get(
        f"{open_room.get_absolute_url()}tip/preview/", {"amount": "2", "currency": "USD", "pay_by": "stars"}
    ).content.decode()
    assert "All of $2.00 goes to Ada Lovelace." in page
    assert "rocessing" not in page.replace("there is no processing", "")


def test_the_room_hears_of_stars_once_they_are_given(
    listener: Client, open_room: Room, order: StarOrder, valkey: redis.Redis, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        _give(listener, open_room)
    told: Any = valkey.xrange(room_key(open_room.id))
    ((_, fields),) = told
    assert json.loads(fields[b"hint"]) == {"kind": "tips", "ref": ""}
    part = listener.get(f"{open_room.get_absolute_url()}tips/").content.decode()
    assert "200 Stars" in part


def test_the_creator_sees_every_star_and_what_is_pending_explains_itself(
    listener: Client, open_room: Room, order: StarOrder
) -> None:
    _give(listener, open_room)
    _give(listener, open_room, amount="0.30", show_name="")
    tip = StarTip.objects.get(public_name="Linus")
    payee = open_room.creator.payee
    assert payee is not None
    parts = parts_of(stage="pending", payee_id=payee.id, currency="USD")
    assert [(part.title, part.amount_minor, part.url) for part in parts] == [("Stars, 2 gifts", 230, "/studio/stars/")]
    studio = Client()
    studio.force_login(open_room.creator.user)
    assert "$2.30" in studio.get("/studio/earnings/pending/USD/").content.decode()
    gifts = studio.get("/studio/stars/").content.decode()
    assert "Linus" in gifts
    assert "Somebody" in gifts
    page = studio.get(f"/studio/stars/{tip.id}/").content.decode()
    assert "A listener&#x27;s Stars" in page
    assert f"tip:{tip.id}" in page
    studio.force_login(order.buyer)
    assert studio.get(f"/studio/stars/{tip.id}/").status_code in {302, 404}
