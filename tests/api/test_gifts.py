"""Tips, donations, Stars and cards by API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from config import clock
from ledger import accounts
from ledger.operations import post
from ledger.postings import Posting, credit, debit
from payouts.models import Customer, Payee, Sale, SaleChannel, SavedCard, StarSpend, TransfersState
from payouts.wallets import lots
from rooms.donations.operations import choose_charity, open_charity
from rooms.models import Creator, Donation, Room, StarOrder, StarTip, Tip, User
from rooms.tips.operations import switch_tips
from tests.api.problems import problem


@pytest.fixture
def open_room(evening: Room) -> Room:
    """Ada takes tips."""
    switch_tips(creator_id=evening.creator_id, on=True)
    return evening


@pytest.fixture
def card(linus: User) -> SavedCard:
    """Linus has a saved card."""
    now = clock.now()
    customer = Customer.objects.create(
        user=linus, name="Linus", email=linus.email, stripe_customer_id="cus_1", created_at=now, updated_at=now
    )
    return SavedCard.objects.create(
        payment_method_id="pm_1", customer=customer, brand="visa", last4="4242", exp_month=12, exp_year=2034,
        is_default=True, added_at=now,
    )  # fmt: skip


def _post(client: APIClient, path: str, *, key: str = "one", **body: Any) -> Any:
    return client.post(f"/api/v1/{path}/", body, format="json", headers={"Idempotency-Key": key})


def test_a_tip_is_given_once_for_its_key(listener: APIClient, open_room: Room) -> None:
    body: dict[str, Any] = {
        "amount_minor": 2500,
        "message": "Bravo",
        "public_name": "Linus",
        "refund_policy": "2026-11",
    }
    first = _post(listener, f"rooms/{open_room.slug}/tips", **body)
    again = _post(listener, f"rooms/{open_room.slug}/tips", **body)
    tip = Tip.objects.select_related("sale").get()
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    assert first["Location"] == f"/api/v1/tips/{tip.id}/"
    assert first.json() | {"opened_at": ""} == {
        "id": str(tip.id),
        "stage": "preparing",  # Stripe is away in this test
        "amount_minor": 2500,
        "charge_minor": 2606,
        "currency": "USD",
        "failure": "",
        "checkout_url": None,
        "opened_at": "",
        "paid_at": None,
        "message": "Bravo",
        "public_name": "Linus",
    }
    assert tip.sale.purchase_record.refund_policy == "2026-11"
    assert listener.get(first["Location"]).json()["stage"] == "preparing"
    other = _post(listener, f"rooms/{open_room.slug}/tips", **(body | {"amount_minor": 2600}))
    problem(other, status=422, code="idempotency-key-reused")
    assert Sale.objects.count() == 1


def test_a_saved_card_is_charged_at_one_call(listener: APIClient, open_room: Room, card: SavedCard) -> None:
    assert listener.get("/api/v1/cards/").json() == [
        {"id": "pm_1", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "is_default": True}
    ]
    answer = _post(listener, f"rooms/{open_room.slug}/tips", amount_minor=500, card="pm_1")
    assert (answer.status_code, answer.json()["stage"]) == (201, "charging")
    assert Sale.objects.get().channel == SaleChannel.CARD
    wrong = _post(listener, f"rooms/{open_room.slug}/tips", key="two", amount_minor=500, card="pm_2")
    problem(wrong, status=409, code="card-not-found")
    assert Sale.objects.count() == 1


def test_a_card_is_taken_away(listener: APIClient, card: SavedCard) -> None:
    assert listener.delete("/api/v1/cards/pm_1/").status_code == 204
    assert listener.get("/api/v1/cards/").json() == []
    problem(listener.delete("/api/v1/cards/pm_2/"), status=409, code="card-not-found")


def test_while_stripe_is_away_no_card_can_be_saved(listener: APIClient) -> None:
    problem(listener.post("/api/v1/cards/setup/"), status=503, code="stripe-unavailable")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount_minor": 99}, "amount_minor"),
        ({"amount_minor": 2500, "currency": "XXX"}, "currency"),
        ({}, "amount_minor"),
    ],
)
def test_what_cannot_be_taken_is_named(listener: APIClient, ada: Creator, body: dict[str, Any], field: str) -> None:
    switch_tips(creator_id=ada.id, on=True)
    answer = _post(listener, f"creators/{ada.handle}/tips", **({"currency": "USD"} | body))
    assert answer.status_code == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{field}"]
    assert not Sale.objects.exists()


def test_a_creator_without_tips_is_a_problem(listener: APIClient, ada: Creator) -> None:
    answer = _post(listener, f"creators/{ada.handle}/tips", amount_minor=500, currency="EUR")
    problem(answer, status=409, code="tips-off")


def test_a_donation_is_whole(listener: APIClient, evening: Room) -> None:
    path = f"rooms/{evening.slug}/donations"
    closed = _post(listener, path, amount_minor=1000, covers_processing=True)
    problem(closed, status=409, code="donations-closed")
    charity = open_charity(name="Music for All", email="a@b.example", country="US", now=clock.now())
    Payee.objects.filter(id=charity.payee_id).update(stripe_account_id="acct_m", transfers_state=TransfersState.ACTIVE)
    choose_charity(room_id=evening.id, creator_id=evening.creator_id, charity_id=charity.id)
    answer = _post(listener, path, amount_minor=1000, covers_processing=True)
    assert (answer.status_code, answer.json()["charge_minor"], answer.json()["charity"]) == (
        201,
        1061,
        "Music for All",
    )
    assert listener.get(answer["Location"]).json()["id"] == str(Donation.objects.get().id)


def test_stars_are_bought_and_given(listener: APIClient, linus: User, open_room: Room) -> None:
    shop = listener.get("/api/v1/stars/").json()
    assert (shop["balance"], shop["packs"][2]) == (0, {"stars": 1000, "price_minor": 1100, "currency": "USD"})
    path = f"rooms/{open_room.slug}/star-tips"
    document = problem(_post(listener, path, stars=50), status=409, code="not-enough-stars")
    assert (document["balance"], document["wanted"], document["pack"]) == (0, 50, 200)
    answer = _post(listener, "stars/packs", key="pack", stars=1000)
    assert (answer.status_code, answer.json()["stars"], answer.json()["charge_minor"]) == (201, 1000, 1100)
    assert listener.get(answer["Location"]).status_code == 200
    _fill(linus)
    first, again = (_post(listener, path, key="tip", stars=50, message="Bravo") for _ in range(2))
    tip = StarTip.objects.get()
    assert first.json() | {"given_at": ""} == {
        "id": str(tip.id), "stars": 50, "balance": 950, "message": "Bravo", "public_name": "", "given_at": "",
    }  # fmt: skip
    assert again.json() == first.json()
    assert StarSpend.objects.count() == 1
    wallet = listener.get("/api/v1/stars/").json()
    assert (wallet["balance"], [line["stars"] for line in wallet["lines"]]) == (950, [-50, 1000])


def _fill(linus: User) -> None:
    """The order's sale is in the ledger."""
    now = clock.now()
    sale = StarOrder.objects.select_related("sale").get().sale
    legs = (debit("stripe:pending", 1000, "USD"), credit(accounts.wallet(linus.id), 1000, "USD"))
    post(
        posting=Posting(
            key="charge:ch_1", kind="sale", legs=legs, effective_at=now, subject="sale:1", description="1,000 Stars"
        )
    )
    lots.add_pack(sale=sale, stars=1000, now=now)
