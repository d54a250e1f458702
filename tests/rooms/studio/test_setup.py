"""Becoming a creator and setting up payouts: what each state says and offers."""

from typing import Any

import pytest
from django.test import Client

from payouts.errors import OnboardingUnavailableError
from payouts.models import Payee, StripeCall, TransfersState
from payouts.payees import operations as payees
from rooms.models import Creator, User
from tests.rooms import cast
from tests.rooms.studio.conftest import words

LINK = "http://127.0.0.1:8010/onboarding/once"


@pytest.fixture
def grete(db: None) -> Creator:
    """A creator without payouts."""
    return cast.creator("Grete Hermann", can_be_paid=False)


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stripe's side of the account link; keeps what it was asked."""
    asked: list[dict[str, Any]] = []

    def onboarding_url(**arguments: Any) -> str:
        asked.append(arguments)
        return LINK

    monkeypatch.setattr(payees, "onboarding_url", onboarding_url)
    return asked


def test_a_listener_opens_a_studio(client: Client, linus: User) -> None:
    client.force_login(linus)
    page = client.get("/studio/start/")
    assert 'value="Linus"' in page.content.decode()
    response = client.post("/studio/start/", {"display_name": "Linus", "handle": "@Linus", "bio": ""})
    assert response["Location"] == "/studio/onboarding/"
    assert Creator.objects.get(user=linus).handle == "linus"


def test_a_taken_handle_is_said_beside_its_field(client: Client, linus: User, ada: Creator) -> None:
    client.force_login(linus)
    response = client.post("/studio/start/", {"display_name": "Linus", "handle": ada.handle, "bio": ""})
    assert response.status_code == 422
    assert "Handle : @ada is taken; choose another." in words(response)
    assert not Creator.objects.filter(user=linus).exists()


def test_a_creator_has_no_second_start(studio: Client) -> None:
    assert studio.get("/studio/start/")["Location"] == "/studio/"


def test_going_to_stripe_makes_a_payee_once(client: Client, grete: Creator, stripe: list[dict[str, Any]]) -> None:
    client.force_login(grete.user)
    for _ in range(2):
        response = client.post("/studio/onboarding/start/", {"country": "DE"})
        assert (response.status_code, response["Location"]) == (303, LINK)
    payee = Payee.objects.get()
    assert (payee.user, payee.country, payee.display_name) == (grete.user, "DE", "Grete Hermann")
    assert StripeCall.objects.count() == 1
    assert [asked["payee_id"] for asked in stripe] == [payee.id, payee.id]
    assert stripe[0]["return_url"] == "http://testserver/studio/onboarding/return/"
    assert stripe[0]["refresh_url"] == "http://testserver/studio/onboarding/refresh/"


def test_a_used_up_link_is_made_anew(client: Client, grete: Creator, stripe: list[dict[str, Any]]) -> None:
    client.force_login(grete.user)
    assert client.get("/studio/onboarding/refresh/")["Location"] == "/studio/onboarding/"
    client.post("/studio/onboarding/start/", {"country": "DE"})
    assert client.get("/studio/onboarding/refresh/")["Location"] == LINK
    assert len(stripe) == 2


def test_an_unknown_country_goes_nowhere(client: Client, grete: Creator, stripe: list[dict[str, Any]]) -> None:
    client.force_login(grete.user)
    response = client.post("/studio/onboarding/start/", {"country": "XX"})
    assert response.status_code == 422
    assert stripe == []
    assert not Payee.objects.exists()


def test_stripe_away_is_said_and_nothing_lost(client: Client, grete: Creator, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**arguments: Any) -> str:
        raise OnboardingUnavailableError(arguments["payee_id"], "Stripe cannot be reached just now.")

    monkeypatch.setattr(payees, "onboarding_url", away)
    client.force_login(grete.user)
    response = client.post("/studio/onboarding/start/", {"country": "DE"}, follow=True)
    assert "Stripe cannot be reached just now." in words(response)
    assert Payee.objects.count() == 1


@pytest.mark.parametrize(
    ("state", "title", "remedy"),
    [
        (TransfersState.NONE, "Not finished yet", "Go on at Stripe"),
        (TransfersState.PENDING, "Stripe is checking", "Look at Stripe's form again"),
        (TransfersState.ACTIVE, "You can be paid", "Change details at Stripe"),
        (TransfersState.RESTRICTED, "Stripe needs something from you", "Answer Stripe's questions"),
    ],
)
def test_each_state_says_where_it_stands_and_what_to_do(
    studio: Client, ada: Creator, state: str, title: str, remedy: str
) -> None:
    Payee.objects.filter(creator=ada).update(transfers_state=state, restriction="identity document missing")
    page = words(studio.get("/studio/onboarding/"))
    assert title in page
    assert remedy in page
    assert ("identity document missing" in page) == (state == TransfersState.RESTRICTED)


@pytest.mark.parametrize("state", [TransfersState.NONE, TransfersState.RESTRICTED])
def test_coming_back_waits_for_stripes_word(studio: Client, ada: Creator, state: str) -> None:
    Payee.objects.filter(creator=ada).update(transfers_state=state)
    page = studio.get("/studio/onboarding/return/").content.decode()
    assert "Waiting for Stripe's word" in page.replace("&#x27;", "'")
    assert 'hx-trigger="every 2s"' in page
    Payee.objects.filter(creator=ada).update(transfers_state=TransfersState.ACTIVE)
    part = studio.get("/studio/onboarding/return/", headers={"HX-Request": "true"}).content.decode()
    assert "You can be paid" in part
    assert "<main" not in part
    assert "hx-trigger" not in part


def test_the_overview_says_what_is_missing(client: Client, grete: Creator) -> None:
    client.force_login(grete.user)
    page = words(client.get("/studio/"))
    assert "Set up payouts to sell tickets" in page
    assert "Pending $0.00" in page
