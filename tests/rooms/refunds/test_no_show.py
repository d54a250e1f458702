"""A room that nobody came to speak in refunds its buyers by itself, and no other room ever does."""

import runpy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries, Settings

from config import clock
from ledger.accounts import payable
from payouts.models import Refund, RefundReason, Sale, SaleState
from payouts.refunds import operations
from payouts.runs.operations import release_due, settle_due
from rooms.live import listening
from rooms.models import (
    Admission,
    CancelledBecause,
    Creator,
    Mail,
    Room,
    RoomCancellation,
    RoomWatch,
    Ticket,
    TicketState,
    User,
)
from rooms.purchases import refund_policy
from rooms.refunds import cancelling, no_show, silence
from rooms.refunds.errors import RoomAlreadyOverError, SomebodySpokeError
from rooms.refunds.progress import progress_of
from rooms.relay.events import Event, Joined, Left, OnStage, Watched
from tests.payouts.field.books import balance
from tests.rooms import cast
from tests.rooms.cast import NOW
from tests.rooms.refunds.conftest import paid_ticket, refund_posted, stripe_says

STARTS = NOW + timedelta(days=7)
ENDS = STARTS + timedelta(hours=1)
GRACE = timedelta(hours=2)
DUE = ENDS + GRACE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _live_audio(settings: Settings) -> None:
    settings.RELAY_URL = "http://relay.test:8030"
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"


@pytest.fixture
def tickets(room: Room, linus: User) -> list[Ticket]:
    """Linus and Margaret have paid, in the ledger."""
    return [paid_ticket(room, linus), paid_ticket(room, cast.person("Margaret"))]


def watched(room: Room, *, begin_s: float = -600, end_s: float = 3600, every_s: float = 60) -> list[Event]:
    """The relay looks at an empty room, from ten minutes before its start to its end."""
    start = STARTS.timestamp()
    looks = range(int((end_s - begin_s) / every_s) + 1)
    return [Watched(room=str(room.id), speakers=0, at_s=start + begin_s + n * every_s) for n in looks]


def staff(name: str = "Fin", **fields: bool) -> User:
    user = cast.person(name, is_staff=True, **({"is_superuser": True} | fields))
    TOTP.activate(user, generate_totp_secret())
    return user


def signed_in(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


def words(client: Client, url: str) -> str:
    """What a page says, without its markup."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    return " ".join(strip_tags(answer.content.decode()).split())


def cancel_due(*, late: timedelta = timedelta(0)) -> list[Any]:
    return no_show.cancel_no_shows(now=DUE + late, real_now=DUE + late)


def test_nobody_came_so_everybody_is_refunded_once_by_the_cancellations_own_way(
    room: Room, tickets: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening.store(watched(room), now=ENDS)
    assert cancel_due(late=-timedelta(seconds=1)) == []  # news may still come
    assert cancel_due() == [room.id]
    assert cancel_due() == []  # the job runs twice
    called_off = RoomCancellation.objects.get()
    assert (called_off.because, called_off.asked_by, called_off.started_at) == (CancelledBecause.NO_SHOW, None, DUE)
    asked = operations.ask_refund

    def ask_and_die(**about: Any) -> Refund:
        made = asked(**about)
        monkeypatch.setattr(cancelling, "ask_refund", asked)
        raise KeyboardInterrupt(made.id)

    monkeypatch.setattr(cancelling, "ask_refund", ask_and_die)
    with pytest.raises(KeyboardInterrupt):  # the worker is told to stop after the first
        cancelling.carry_on(room_id=room.id, now=DUE)
    assert Refund.objects.count() == 1
    for _ in range(2):
        cancelling.carry_on(room_id=room.id, now=DUE)
    assert sorted(Refund.objects.values_list("key", flat=True)) == sorted(
        f"room_cancelled:{room.id}:{ticket.sale_id}" for ticket in tickets
    )
    assert set(Refund.objects.values_list("reason", "asked_by", "note", "amount_minor")) == {
        (RefundReason.NO_SHOW, "system", "Nobody came to speak", 1000)
    }
    for number, ticket in enumerate(tickets):
        stripe_says(ticket.sale, 1000, refund_id=f"re_{number}", now=DUE)
    cancelling.carry_on(room_id=room.id, now=DUE)
    assert set(Ticket.objects.values_list("state", flat=True)) == {TicketState.REFUNDED}
    assert (progress_of(room_id=room.id).refunded, progress_of(room_id=room.id).is_over) == (2, True)
    letters = {to: " ".join(text.split()) for to, text in Mail.objects.values_list("to_address", "text")}
    assert "2 listeners get all of their money back" in letters["ada@obole.example"]
    assert "Nobody came to speak in the room." in letters["linus@obole.example"]
    assert Mail.objects.count() == 3


@pytest.mark.parametrize(
    "voice",
    [
        lambda room, at_s: Joined(room=room, identity="user:unknown", session="s", way="publish", at_s=at_s),
        lambda room, at_s: Left(
            room=room, identity="user:ada", session="s", way="publish", at_s=at_s, seconds=0.2, reason="left"
        ),
        lambda room, at_s: Watched(room=room, speakers=1, at_s=at_s),
        lambda room, at_s: OnStage(room=room, slots=("", "user:ada"), at_s=at_s),
    ],
    ids=["joined", "left", "watched", "on a slot"],
)
def test_any_sign_of_a_voice_keeps_the_money_where_it_is(
    room: Room, ada: Creator, tickets: list[Ticket], voice: Callable[[str, float], Event]
) -> None:
    Admission.objects.create(
        room=room, user=ada.user, identity="user:ada", reason="host", first_granted_at=STARTS, last_granted_at=STARTS
    )
    # Known before or after the looks, it counts.
    listening.store([*watched(room), voice(str(room.id), STARTS.timestamp() - 300)], now=ENDS)
    listening.store(watched(room), now=ENDS)
    assert cancel_due() == []
    with pytest.raises(RoomAlreadyOverError):
        cancelling.cancel_room(room_id=room.id, user_id=ada.user_id, reason="", now=DUE, real_now=DUE)
    with pytest.raises(SomebodySpokeError):
        no_show.cancel_as_finance(room_id=room.id, user_id=ada.user_id, now=DUE, real_now=DUE)
    assert not silence.due_rooms(now=DUE).exists()
    assert not RoomCancellation.objects.exists()
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    "missing",
    [
        lambda room: [],
        lambda room: watched(room, begin_s=120),
        lambda room: watched(room, end_s=3480),
        lambda room: watched(room, end_s=1000) + watched(room, begin_s=1100),
    ],
    ids=["all of it", "the beginning", "the end", "a restart of 100 s"],
)
def test_what_the_relay_did_not_see_is_for_a_person_to_decide(
    room: Room, ada: Creator, tickets: list[Ticket], missing: Callable[[Room], list[Event]]
) -> None:
    for event in missing(room):  # one by one: what is known is put together
        listening.store([event], now=ENDS)
    assert cancel_due() == []
    assert list(silence.due_rooms(now=DUE)) == [room]
    found = silence.of_room(room, now=DUE, real_now=DUE)
    assert found is not None
    assert (found.is_sure, found.buyers) == (False, 2)
    made = no_show.cancel_as_finance(room_id=room.id, user_id=ada.user_id, now=DUE, real_now=DUE)
    assert (made.because, made.asked_by_id) == (CancelledBecause.NO_SHOW, ada.user_id)


def test_facts_that_come_late_are_waited_for(room: Room, ada: Creator, tickets: list[Ticket]) -> None:
    looks = watched(room)
    listening.store(looks[:30], now=STARTS)
    assert cancel_due() == []  # what it told is not read yet
    listening.store(looks[30:], now=DUE)
    listening.store(looks[20:25], now=DUE)  # told again, it opens no gap
    assert RoomWatch.objects.get().longest_gap_s == 60
    assert cancel_due(late=timedelta(hours=1)) == [room.id]


def test_a_clock_that_jumped_over_the_room_proves_nothing(room: Room, tickets: list[Ticket]) -> None:
    listening.store(watched(room, end_s=300), now=STARTS)
    real_now = STARTS + timedelta(seconds=310)
    assert no_show.cancel_no_shows(now=DUE, real_now=real_now) == []
    assert no_show.cancel_no_shows(now=DUE, real_now=DUE) == []


def test_rooms_that_nobody_paid_for_or_without_live_audio_are_left_alone(
    room: Room, linus: User, settings: Settings
) -> None:
    listening.store(watched(room), now=ENDS)
    assert cancel_due() == []
    paid_ticket(room, linus)
    settings.RELAY_URL = ""
    assert cancel_due() == []
    assert silence.of_room(room, now=DUE, real_now=DUE) is None


def test_a_room_that_its_host_ended_is_over_then(
    room: Room, tickets: list[Ticket], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    room.ended_at = STARTS + timedelta(minutes=5)
    room.save()
    listening.store(watched(room, end_s=300), now=ENDS)
    at = room.ended_at + GRACE
    with django_assert_num_queries(4):
        found = silence.of_room(room, now=at, real_now=at)
    assert found == silence.Silence(is_sure=True, refunds_at=at, buyers=2)
    assert no_show.cancel_no_shows(now=at, real_now=at) == [room.id]


def test_shares_that_were_released_already_go_back_too(room: Room, ada: Creator, tickets: list[Ticket]) -> None:
    later = ENDS + timedelta(days=3)
    settle_due(now=later)
    release_due(now=later)
    assert ada.payee_id is not None
    assert balance(payable(ada.payee_id, "available")) == -2 * 911  # credit is negative
    listening.store(watched(room), now=later)
    assert no_show.cancel_no_shows(now=later, real_now=later) == [room.id]
    cancelling.carry_on(room_id=room.id, now=later)
    for number, ticket in enumerate(tickets):
        stripe_says(ticket.sale, 1000, refund_id=f"re_{number}", now=later)
        refund_posted(ticket.sale, 1000, refund_id=f"re_{number}")
    assert balance(payable(ada.payee_id, "available")) == 0
    assert balance(payable(ada.payee_id, "pending")) == 0
    assert set(Sale.objects.values_list("state", "reversed_minor")) == {(SaleState.RELEASED, 1000)}


def test_every_page_says_what_happened_and_why(
    room: Room, ada: Creator, linus: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = {"now": ENDS}
    monkeypatch.setattr(clock, "now", lambda **_: at["now"])
    monkeypatch.setattr(clock, "real_now", lambda: at["now"])
    ticket = paid_ticket(room, linus)
    listening.store(watched(room), now=ENDS)
    studio, listener, fin = (signed_in(who) for who in (ada.user, linus, staff()))
    page = f"/studio/rooms/{room.slug}/"
    assert "1 buyer gets all of their money back, by itself" in words(studio, page)
    assert "is over. You cancel it because nobody came" in words(studio, f"{page}cancel/")
    desk, change = reverse("admin:rooms_room_changelist"), reverse("admin:rooms_room_change", args=[room.id])
    assert "refunds its buyers by itself at 8 Jun 2026, 15:00 UTC" in words(fin, change)
    assert room.title not in words(fin, f"{desk}?silent=yes")  # not due yet

    RoomWatch.objects.update(longest_gap_s=100)
    at["now"] = DUE
    assert "it did not look all the time. So nothing goes back by itself" in words(studio, page)
    assert room.title in words(fin, f"{desk}?silent=yes")
    ask = reverse("admin:rooms_room_nobody_came", args=[room.id])
    assert "Ask the host before you decide" in words(fin, ask)
    assert signed_in(staff("Tim", is_superuser=False)).post(ask).status_code == 403
    assert fin.post(ask).status_code == 302

    assert "Nobody came to speak, refunding" in words(studio, page)
    assert "Nobody came to speak (Fin): 0 of 1 refunded" in words(fin, change)
    assert "This room stayed silent until its end" in words(listener, ticket.get_absolute_url())
    cancelling.carry_on(room_id=room.id, now=DUE)
    stripe_says(ticket.sale, 1000, now=DUE)
    assert "so your ticket was refunded by itself" in words(listener, ticket.get_absolute_url())
    assert "Nobody came to speak in this room. Every paid ticket was refunded." in words(
        listener, room.get_absolute_url()
    )
    answer = listener.get(f"/api/v1/rooms/{room.slug}/").json()
    assert (answer["cancelled_because"], answer["cancelled_at"]) == ("no_show", "2026-06-08T15:00:00Z")
    assert fin.post(ask).status_code == 302  # asked again, it changes nothing
    assert RoomCancellation.objects.count() == Refund.objects.count() == 1


def test_the_policy_that_is_shown_promises_it_and_old_purchases_keep_theirs() -> None:
    old, new = refund_policy.in_force(date(2026, 11, 25)), refund_policy.in_force(date(2026, 11, 26))
    assert "If nobody came to speak, ask the host or us" in old.text("ticket")
    assert "or nobody comes to speak in it, all of your money comes back by itself" in new.text("ticket")
    assert old.text("tip") == new.text("tip")
    assert [refund_policy.version(each.version) for each in (old, new)] == [old, new]


@pytest.mark.parametrize("seconds", ["0", "899", "604801"])
def test_a_grace_that_cannot_be_is_refused_at_the_start(
    seconds: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("NO_SHOW_REFUND_AFTER_S", seconds)
    with pytest.raises(ValueError, match=f"{seconds}; set it to seconds from 900"):
        runpy.run_path(str(settings.BASE_DIR / "config" / "settings.py"))
