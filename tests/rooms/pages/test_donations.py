"""Donations on the site: a charity that finance takes on, chosen by a host, given to by listeners."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from config import clock
from payouts.models import Payee, Sale, TransfersState
from rooms.donations.operations import choose_charity, open_charity
from rooms.models import Charity, Creator, Donation, Room, User
from tests.finance import in_finance
from tests.rooms import cast


@pytest.fixture
def charity(db: None) -> Charity:
    """Music for all, which can be paid."""
    made = open_charity(
        name="Music for All", email="money@music.example", country="US", about="Lessons for children.",
        registration="12-345", now=clock.now(),
    )  # fmt: skip
    Payee.objects.filter(id=made.payee_id).update(
        stripe_account_id="acct_music", transfers_state=TransfersState.ACTIVE
    )
    return made


@pytest.fixture
def giving(evening: Room, charity: Charity) -> Room:
    """Ada's room gives to it."""
    return choose_charity(room_id=evening.id, creator_id=evening.creator_id, charity_id=charity.id)


def _give(client: Client, room: Room, **changes: str) -> Any:
    form = {"key": str(uuid4()), "amount": "10", "currency": "USD", "message": "", "show_name": "on"}
    return client.post(f"{room.get_absolute_url()}donate/", form | {"covers_processing": "on"} | changes)


def test_all_of_a_donation_goes_to_the_charity(listener: Client, giving: Room, charity: Charity) -> None:
    assert "For Music for All" in listener.get(giving.get_absolute_url()).content.decode()
    for covers, charged in (("on", 1061), ("", 1000)):
        answer = _give(listener, giving, covers_processing=covers)
        donation = Donation.objects.select_related("sale").latest("opened_at")
        assert (answer.status_code, answer["Location"]) == (303, donation.get_absolute_url())
        assert (donation.sale.product, donation.sale.price_minor, donation.sale.charge_minor) == (
            "donation",
            1000,
            charged,
        )
        assert [share.payee_id for share in donation.sale.shares.all()] == [charity.payee_id]
        assert donation.covers_processing is bool(covers)


def test_donating_in_a_live_room_leaves_the_sound_on(client: Client, giving: Room) -> None:
    client.force_login(giving.creator.user)
    opened = f'href="{giving.get_absolute_url()}donate/" target="_blank"'
    assert opened not in client.get(giving.get_absolute_url()).content.decode()
    now = clock.now()
    Room.objects.update(starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(hours=1))
    page = client.get(giving.get_absolute_url()).content.decode()
    assert opened in page
    assert "the sound goes on here" in page


def test_the_preview_says_that_host_and_platform_get_nothing(listener: Client, giving: Room) -> None:
    url = f"{giving.get_absolute_url()}donate/preview/"
    covered = listener.get(url, {"amount": "10", "currency": "USD", "covers_processing": "on"}).content.decode()
    assert "$10.00 goes to Music for All, $0.00 to Obole and $0.61 to card processing" in covered
    whole = listener.get(url, {"amount": "10", "currency": "USD"}).content.decode()
    assert "Of $10.00, $10.00 goes to Music for All and $0.00 to Obole" in whole


def test_a_host_chooses_among_charities_that_can_be_paid(ada: Creator, evening: Room, charity: Charity) -> None:
    client = Client()
    client.force_login(ada.user)
    page = f"/studio/rooms/{evening.slug}/"
    assert "Music for All" in client.get(page).content.decode()
    client.post(f"{page}charity/", {"charity": str(charity.id)})
    evening.refresh_from_db()
    assert evening.charity == charity
    client.post(f"{page}charity/", {"charity": ""})
    assert not Room.objects.filter(charity__isnull=False).exists()
    Payee.objects.filter(id=charity.payee_id).update(transfers_state=TransfersState.RESTRICTED)
    for wrong in (str(charity.id), str(uuid4()), "x"):
        assert "cannot be chosen" in client.post(f"{page}charity/", {"charity": wrong}, follow=True).content.decode()
    assert not Room.objects.filter(charity__isnull=False).exists()


def test_only_the_host_chooses(evening: Room, charity: Charity, grace: Creator) -> None:
    client = Client()
    client.force_login(grace.user)
    assert client.post(f"/studio/rooms/{evening.slug}/charity/", {"charity": str(charity.id)}).status_code == 404
    evening.refresh_from_db()
    assert evening.charity is None


def test_a_room_without_a_charity_takes_no_donations(listener: Client, evening: Room) -> None:
    for answer in (listener.get(f"{evening.get_absolute_url()}donate/"), _give(listener, evening)):
        assert answer.status_code == 409
        assert "takes no donations" in answer.content.decode()
    assert not Sale.objects.exists()


def test_an_amount_out_of_range_is_named(listener: Client, giving: Room) -> None:
    answer = _give(listener, giving, amount="0.5")
    assert answer.status_code == 422
    assert "A donation is $1.00 to $5,000.00." in answer.content.decode()
    assert not Donation.objects.exists()


def test_the_receipt_is_a_donors(listener: Client, giving: Room) -> None:
    _give(listener, giving)
    donation = Donation.objects.get()
    assert listener.get(f"{donation.get_absolute_url()}receipt/").status_code == 302
    Donation.objects.update(paid_at=clock.now())
    page = listener.get(f"{donation.get_absolute_url()}receipt/").content.decode()
    assert "Music for All (registration 12-345) receives" in page
    assert "no goods or services" in page


def test_finance_takes_a_charity_on(linus: User) -> None:
    fin = in_finance(cast.person("Fin", is_staff=True))
    TOTP.activate(fin, generate_totp_secret())
    client = Client()
    client.force_login(fin)
    form = {"name": "Open Air", "about": "Trees.", "registration": "", "email": "a@b.example", "country": "DE"}
    answer = client.post("/admin/rooms/charity/add/", form)
    charity = Charity.objects.select_related("payee").get()
    assert answer.status_code == 302
    assert (charity.name, charity.payee.display_name, charity.payee.country, charity.payee.user) == (
        "Open Air", "Open Air", "DE", None,
    )  # fmt: skip
    assert client.get(f"/admin/rooms/charity/{charity.id}/change/").status_code == 200
    assert client.post("/admin/rooms/charity/add/", form).status_code == 200  # the name is taken, it says
    assert Charity.objects.count() == 1
