"""Tipping on the site: the form, who gets what, one tap, and the page that follows a tip."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts import handlers
from payouts.cards.unsent import UNSENT_FOR, give_up_unsent
from payouts.models import Customer, Sale, SaleChannel, SaleState, SavedCard, StripeCall, StripeCircuit
from rooms.models import CoHost, Creator, Room, Ticket, TicketState, Tip, User
from rooms.scheduling.operations import CoHostSpec, accept_cohosting
from rooms.tips.operations import switch_tips
from tests.rooms import cast

SHEET = {"HX-Request": "true", "HX-Target": "tip-sheet-body"}


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


def _form(**changes: str) -> dict[str, str]:
    return {"key": str(uuid4()), "amount": "25", "currency": "USD", "message": "Bravo", "show_name": "on"} | changes


def _give(client: Client, room: Room, **changes: str) -> Any:
    return client.post(f"{room.get_absolute_url()}tip/", _form(**changes))


def test_the_form_shows_who_gets_what_to_the_cent(listener: Client, open_room: Room) -> None:
    page = listener.get(f"{open_room.get_absolute_url()}tip/preview/", {"amount": "25", "currency": "USD"})
    text = page.content.decode()
    assert "$26.06" in text
    assert "$25.00 goes to Ada Lovelace" in text
    assert "$1.06 to card processing" in text


def test_a_tip_is_a_sale_that_the_payer_adds_processing_to(listener: Client, open_room: Room) -> None:
    answer = _give(listener, open_room)
    tip = Tip.objects.select_related("sale").get()
    assert (answer.status_code, answer["Location"]) == (303, tip.get_absolute_url())  # Stripe is away in this test
    assert (tip.sale.product, tip.sale.subject) == ("tip", f"tip:{tip.id}")
    assert (tip.sale.price_minor, tip.sale.charge_minor, tip.sale.channel) == (2500, 2606, SaleChannel.CHECKOUT)
    assert (tip.message, tip.public_name, tip.room, tip.creator) == ("Bravo", "Linus", open_room, open_room.creator)
    assert "Opening the card page" in listener.get(tip.get_absolute_url()).content.decode()


def test_two_taps_of_one_form_are_one_tip(listener: Client, open_room: Room) -> None:
    form = _form()
    first, second = (listener.post(f"{open_room.get_absolute_url()}tip/", form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Tip.objects.count() == Sale.objects.count() == 1
    _give(listener, open_room)
    assert Tip.objects.count() == 2


def test_a_saved_card_is_charged_without_a_card_page(listener: Client, open_room: Room, card: SavedCard) -> None:
    _give(listener, open_room, pay_by="pm_1")
    tip = Tip.objects.select_related("sale").get()
    assert (tip.sale.channel, tip.sale.payment_method_id, tip.sale.state) == (SaleChannel.CARD, "pm_1", SaleState.OPEN)
    assert "Charging your card" in listener.get(tip.get_absolute_url()).content.decode()


def test_a_tip_in_the_sheet_is_followed_there_and_told_to_the_room(
    listener: Client, open_room: Room, card: SavedCard
) -> None:
    address = f"{open_room.get_absolute_url()}tip/"
    form = listener.get(address, headers=SHEET).content.decode()
    assert 'hx-target="#tip-sheet-body"' in form
    assert "<html" not in form
    part = listener.post(address, _form(pay_by="pm_1"), headers=SHEET).content.decode()
    tip = Tip.objects.get()
    state = f"{tip.get_absolute_url()}sheet/?was="
    assert f'hx-get="{state}charging"' in part
    assert listener.get(f"{state}charging").status_code == 204
    Sale.objects.update(state=SaleState.EXPIRED, expired_at=clock.now(), failure="The bank said no.")
    assert "The bank said no. Nothing was charged." in listener.get(f"{state}charging").content.decode()
    Sale.objects.update(
        channel=SaleChannel.CHECKOUT, state=SaleState.OPEN, session_expires_at=clock.now(),
        checkout_url="https://checkout.example/1",
    )  # fmt: skip
    part = listener.get(f"{state}charging").content.decode()
    assert 'href="https://checkout.example/1" target="_blank"' in part
    assert "the sound goes on here" in part
    Sale.objects.update(state=SaleState.PAID, paid_at=clock.now(), payment_intent_id="pi_1", charge_id="ch_1")
    told = json.loads(listener.get(f"{state}open")["HX-Trigger"])
    assert told == {"tip-given": {"sentence": "Your tip of $25.00 went to Ada Lovelace. Thank you."}}


def test_the_sheet_names_faults_and_refusals_itself_and_leaves_to_sign_in(
    client: Client, listener: Client, open_room: Room
) -> None:
    address = f"{open_room.get_absolute_url()}tip/"
    wrong = listener.post(address, _form(amount="0.5"), headers=SHEET)
    assert (wrong.status_code, "<html" in wrong.content.decode()) == (422, False)
    assert "A tip is $1.00 to $500.00." in wrong.content.decode()
    switch_tips(creator_id=open_room.creator_id, on=False)
    refused = listener.post(address, _form(), headers=SHEET)
    assert (refused.status_code, "<html" in refused.content.decode()) == (409, False)
    assert "Nothing was charged." in refused.content.decode()
    assert client.get(address, headers=SHEET)["HX-Redirect"] == f"/accounts/login/?next={address}"


def test_too_few_stars_are_told_at_the_choice(listener: Client, open_room: Room) -> None:
    preview, asked = f"{open_room.get_absolute_url()}tip/preview/", {"amount": "25", "currency": "USD"}
    by_card = listener.get(preview, asked).content.decode()
    assert 'data-sum="$26.06"' in by_card
    assert "and this tip takes" not in by_card
    in_stars = listener.get(preview, asked | {"pay_by": "stars"}).content.decode()
    assert 'data-sum="2,500 Stars"' in in_stars
    assert "You have 0 Stars, and this tip takes 2,500." in in_stars
    assert 'href="/stars/"' in in_stars


def test_somebody_elses_card_cannot_be_charged(open_room: Room, grace: Creator, card: SavedCard) -> None:
    client = Client()
    client.force_login(grace.user)
    answer = _give(client, open_room, pay_by="pm_1")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "no longer saved" in page
    assert '<a href="#id_pay_by">How you pay</a>' in page
    assert 'id="id_pay_by"' in page
    assert not Sale.objects.exists()


def test_co_hosts_share_a_tip_as_the_rooms_split_says(listener: Client, ada: Creator, grace: Creator) -> None:
    now = clock.now()
    room = cast.room(
        ada,
        now=now,
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, hours=1),
        cohosts=[CoHostSpec(creator_id=grace.id, weight=2)],
    )
    accept_cohosting(room_id=room.id, creator_id=grace.id, now=now)
    switch_tips(creator_id=ada.id, on=True)
    assert CoHost.objects.count() == 1
    _give(listener, room)
    shares = Tip.objects.get().sale.shares.all()
    assert [(share.payee_id, share.weight) for share in shares] == [(ada.payee_id, 1), (grace.payee_id, 2)]


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("0.99", "A tip is $1.00 to $500.00."),
        ("500.01", "A tip is $1.00 to $500.00."),
        ("1.005", "2 digits"),
        ("x", "number"),
    ],
)
def test_an_amount_that_cannot_be_given_is_named(listener: Client, open_room: Room, amount: str, message: str) -> None:
    answer = _give(listener, open_room, amount=amount)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Tip.objects.exists()


@pytest.mark.parametrize("hindrance", ["off", "over", "own"])
def test_a_tip_that_cannot_be_given_charges_nothing(listener: Client, open_room: Room, hindrance: str) -> None:
    if hindrance == "off":
        switch_tips(creator_id=open_room.creator_id, on=False)
    elif hindrance == "over":
        now = clock.now()
        Room.objects.update(starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    else:
        listener.force_login(open_room.creator.user)
    answer = _give(listener, open_room)
    assert answer.status_code == 409
    assert "This tip cannot be given" in answer.content.decode()
    assert not Sale.objects.exists()


def test_nobody_is_offered_to_tip_their_own_stage(client: Client, listener: Client, open_room: Room) -> None:
    pages = [open_room.get_absolute_url(), f"{open_room.get_absolute_url()}tips/", "/creators/ada/"]
    assert all("Give a tip" in listener.get(page).content.decode() for page in pages)
    client.force_login(open_room.creator.user)
    own = [client.get(page).content.decode() for page in pages]
    assert not any("Give a tip" in page for page in own)
    assert all('id="room-tips"' in page for page in own[:2])  # where tips appear as they come


def test_a_creators_page_takes_tips_in_other_currencies(listener: Client, ada: Creator) -> None:
    switch_tips(creator_id=ada.id, on=True)
    assert "Give a tip" in listener.get(ada.get_absolute_url()).content.decode()
    answer = listener.post(f"{ada.get_absolute_url()}tip/", _form(amount="500", currency="JPY"))
    assert answer.status_code == 303
    tip = Tip.objects.select_related("sale").get()
    assert (tip.room, tip.sale.price_minor, tip.sale.currency) == (None, 500, "JPY")
    answer = listener.post(f"{ada.get_absolute_url()}tip/", _form(amount="1.505", currency="KWD"))
    assert "Cards take KWD in steps of 0.010" in answer.content.decode()


def test_a_declined_card_says_why_and_offers_another_way(listener: Client, open_room: Room, card: SavedCard) -> None:
    _give(listener, open_room, pay_by="pm_1")
    tip = Tip.objects.get()
    Sale.objects.update(
        state=SaleState.EXPIRED,
        expired_at=clock.now(),
        failure="There is not enough money on this card.",
        decline_code="insufficient_funds",
    )
    page = listener.get(tip.get_absolute_url()).content.decode()
    assert "There is not enough money on this card." in page
    assert f'href="{open_room.get_absolute_url()}tip/"' in page
    assert "Nothing was charged" in page


def test_a_tip_is_its_givers_alone(open_room: Room, listener: Client, grace: Creator) -> None:
    _give(listener, open_room)
    tip = Tip.objects.get()
    client = Client()
    client.force_login(grace.user)
    for page in ("", "state/", "receipt/"):
        assert client.get(f"{tip.get_absolute_url()}{page}").status_code == 404


def test_the_form_costs_the_same_for_any_number_of_tips(
    listener: Client, open_room: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listener.get(f"{open_room.get_absolute_url()}tip/")
    # Session, person, room, co-hosts, cards, Stars.
    with django_assert_num_queries(6):
        listener.get(f"{open_room.get_absolute_url()}tip/")


def test_the_studio_switches_tips(ada: Creator) -> None:
    client = Client()
    client.force_login(ada.user)
    assert "Switch tips on" in client.get("/studio/onboarding/").content.decode()
    client.post("/studio/onboarding/tips/", {"on": "yes"})
    ada.refresh_from_db()
    assert ada.takes_tips
    client.post("/studio/onboarding/tips/", {"on": "no"})
    ada.refresh_from_db()
    assert not ada.takes_tips


def test_one_tap_while_stripe_is_silent_waits_and_is_given_up_at_last(
    listener: Client, open_room: Room, card: SavedCard
) -> None:
    now = clock.real_now()
    StripeCircuit.objects.create(name="stripe", silent=4, since=now, open_until=now + timedelta(minutes=1))
    _give(listener, open_room, pay_by="pm_1")
    tip = Tip.objects.get()
    page = listener.get(tip.get_absolute_url()).content.decode()
    assert "Charging your card" in page
    assert "Card payments are interrupted" in page
    StripeCall.objects.update(created_at=now - UNSENT_FOR, next_attempt_at=now)
    assert give_up_unsent(real_now=now, now=clock.now()) == 1
    page = listener.get(tip.get_absolute_url()).content.decode()
    assert "Your card was never asked." in page
    assert f'href="{open_room.get_absolute_url()}tip/"' in page


def test_many_sales_are_told_of_at_once_each_to_what_it_pays_for(
    listener: Client, open_room: Room, card: SavedCard
) -> None:
    _give(listener, open_room, pay_by="pm_1")
    listener.post(f"{open_room.get_absolute_url()}buy/")
    tip, ticket = Tip.objects.get(), Ticket.objects.get()
    for _ in range(2):
        handlers.tell_of_many("sale.paid", sale_ids=[tip.sale_id, ticket.sale_id, uuid4()], now=clock.now())
        tip.refresh_from_db()
        ticket.refresh_from_db()
        assert (ticket.state, ticket.paid_at is not None, tip.paid_at is not None) == (TicketState.VALID, True, True)
