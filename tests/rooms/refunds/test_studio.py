"""A host refunds a listener from the sale's page, and cancels a room; the figures stay right."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from config import clock
from payouts.models import Refund, RefundReason, RefundState, Sale, SaleState
from payouts.queries import earnings
from payouts.refunds.queries import stuck_refunds
from rooms.models import Creator, Room, RoomCancellation, Ticket, Tip, User
from rooms.refunds.cancelling import cancel_room, carry_on
from rooms.refunds.cost import cost_of_cancelling
from rooms.refunds.errors import NotYourSaleError, RefundNotPossibleError, RefundOverLimitError, RefundTooLateError
from rooms.refunds.operations import refund_as_host
from rooms.refunds.progress import progress_of
from rooms.studio import holds
from rooms.studio.figures import parts_of
from rooms.studio.refund_form import RefundForm
from tests.rooms import cast
from tests.rooms.refunds.conftest import paid_ticket, refund_posted, stripe_says


@pytest.fixture(autouse=True)
def _stripe_is_away(settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"


@pytest.fixture
def room(ada: Creator) -> Room:
    """Ada's room is tomorrow."""
    now = clock.now()
    return cast.room(ada, now=now, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=1, hours=1))


@pytest.fixture
def sale(room: Room, linus: User) -> Sale:
    """Linus paid for a seat, and it is in the ledger."""
    return paid_ticket(room, linus, now=clock.now()).sale


@pytest.fixture
def studio(ada: Creator) -> Client:
    """Ada is signed in."""
    client = Client()
    client.force_login(ada.user)
    return client


def test_the_form_says_what_it_takes_from_whom_and_two_clicks_are_one_refund(studio: Client, sale: Sale) -> None:
    page = studio.get(f"/studio/sales/{sale.id}/refund/").content.decode()
    assert "$9.11" in page
    assert 'value="10.00"' in page
    cost = studio.get(f"/studio/sales/{sale.id}/refund/cost/?amount=3.33").content.decode()
    assert "$3.03" in cost
    assert "$0.10" in cost
    for _ in range(2):
        answer = studio.post(f"/studio/sales/{sale.id}/refund/", {"amount": "4.00", "note": "Late start", "key": "k"})
        assert (answer.status_code, answer["Location"]) == (302, f"/studio/sales/{sale.id}/")
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.state, refund.note) == (400, RefundState.ASKED, "Late start")
    assert refund.reason == RefundReason.HOST
    trail = studio.get(f"/studio/sales/{sale.id}/").content.decode()
    assert "Being asked for" in trail
    assert "Asked for by you" in trail


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("10.01", "$10.01 is more than is left of this payment. Refund at most $10.00."),
        ("0", "Refund an amount above zero, at most $10.00."),
        ("-1", "Refund an amount above zero, at most $10.00."),
        ("1.005", "USD has at most 2 digits after the point. Write it such as 10.00."),
        ("3,33", "“3,33” is no amount. Write digits and a point alone, such as 10.00."),
        ("1e3", "“1e3” is no amount."),
        ("", "Type how much goes back, at most $10.00."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(studio: Client, sale: Sale, typed: str, words: str) -> None:
    answer = studio.post(f"/studio/sales/{sale.id}/refund/", {"amount": typed, "note": "Late start", "key": "k"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(words) == 3  # on top, beside the field, and in the preview
    assert not typed or f'value="{typed}"' in page
    assert 'value="Late start"' in page
    assert not Refund.objects.exists()
    preview = studio.get(f"/studio/sales/{sale.id}/refund/cost/", {"amount": typed}).content.decode()
    assert f"<strong>How much:</strong> {words}" in preview
    assert "<dl" not in preview


@pytest.mark.parametrize(
    ("currency", "typed", "words"),
    [
        ("JPY", "500.5", "JPY has no digits after the point. Write it such as 1000."),
        ("KWD", "0.2345", "KWD has at most 3 digits after the point. Write it such as 1.000."),
        ("KWD", "0.333", "KWD goes back in steps of 0.010. Write it such as 0.330."),
        ("KWD", "0.33", ""),
        ("JPY", "333", ""),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, typed: str, words: str) -> None:
    sale = Sale(currency=currency, charge_minor=1000, price_minor=1000)
    form = RefundForm({"amount": typed, "key": "k"}, sale=sale, left_minor=1000)
    assert form.errors.get("amount", [""]) == [words]


def test_the_preview_says_that_it_is_more_than_the_host_has(studio: Client, sale: Sale, settings: Settings) -> None:
    settings.CREATOR_REFUND_SHARE_PERCENT = 50
    preview = studio.get(f"/studio/sales/{sale.id}/refund/cost/", {"amount": "6"}).content.decode()
    assert "This refund takes $5.47 from you, and you have $4.55 for refunds now." in preview
    assert "you have" not in studio.get(f"/studio/sales/{sale.id}/refund/cost/", {"amount": "4"}).content.decode()


def test_two_clicks_on_all_that_is_left_are_one_refund(studio: Client, sale: Sale) -> None:
    for _ in range(2):
        answer = studio.post(f"/studio/sales/{sale.id}/refund/", {"amount": "10.00", "note": "", "key": "k"})
        assert answer.status_code == 302
    assert Refund.objects.get().amount_minor == 1000
    refused = studio.post(f"/studio/sales/{sale.id}/refund/", {"amount": "10.00", "note": "", "key": "another"})
    assert "has gone back or is on its way" in refused.content.decode()


def test_each_refund_shows_its_parts_and_every_figure_follows(studio: Client, sale: Sale, ada: Creator) -> None:
    refund_posted(sale, 333)
    page = studio.get(f"/studio/sales/{sale.id}/").content.decode()
    for figure in ("$3.33", "$3.03", "$6.08", "Part refunded", "refund:re_1", "Card fee lost, borne by Obole"):
        assert figure in page
    assert ada.payee_id is not None
    assert earnings(payee_id=ada.payee_id)[0].pending_minor == 608
    assert sum(part.amount_minor for part in parts_of(stage="pending", payee_id=ada.payee_id, currency="USD")) == 608
    assert [minor for _, _, minor, _ in holds.forecast(payee_id=ada.payee_id)] == [608]
    refund_posted(sale, 667, refund_id="re_2")
    assert parts_of(stage="pending", payee_id=ada.payee_id, currency="USD") == []
    assert "Refunded" in studio.get("/studio/sales/").content.decode()
    statement = studio.get(f"/studio/statements/{clock.now():%Y-%m}.csv").content.decode()
    assert "-3.03" in statement
    assert "-6.08" in statement


def test_a_host_refunds_within_limits(sale: Sale, ada: Creator, settings: Settings, linus: User) -> None:
    now = clock.now()
    with pytest.raises(NotYourSaleError):
        refund_as_host(sale_id=sale.id, creator=cast.creator("Grace Hopper"), key="1", now=now)
    with pytest.raises(RefundTooLateError, match="finance team"):
        refund_as_host(sale_id=sale.id, creator=ada, key="1", now=now + timedelta(days=32))
    settings.CREATOR_REFUND_SHARE_PERCENT = 50
    with pytest.raises(RefundOverLimitError, match=r"\$9\.11 from you, and you have \$4\.55"):
        refund_as_host(sale_id=sale.id, creator=ada, key="1", now=now)
    assert refund_as_host(sale_id=sale.id, creator=ada, amount_minor=400, key="2", now=now).amount_minor == 400
    with pytest.raises(RefundOverLimitError):  # what is under way counts as taken
        refund_as_host(sale_id=sale.id, creator=ada, amount_minor=200, key="3", now=now)
    settings.CREATOR_REFUND_SHARE_PERCENT = 100
    with pytest.raises(RefundNotPossibleError, match=r"6\.00 USD is left") as refused:
        refund_as_host(sale_id=sale.id, creator=ada, amount_minor=601, key="3", now=now)
    assert (refused.value.code, refused.value.left_minor) == ("over-the-rest", 600)


def test_a_sale_of_somebody_else_is_not_there(studio: Client, linus: User) -> None:
    grace = cast.creator("Grace Hopper")
    theirs = paid_ticket(cast.room(grace), linus).sale
    assert studio.get(f"/studio/sales/{theirs.id}/refund/").status_code == 404
    assert studio.post(f"/studio/sales/{theirs.id}/refund/", {"amount": "1", "key": "k"}).status_code == 404


def test_cancelling_says_what_it_costs_and_shows_how_far_it_is(
    studio: Client, sale: Sale, room: Room, linus: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page = studio.get(f"/studio/rooms/{room.slug}/cancel/").content.decode()
    assert "1 listener" in page
    assert "$10.00" in page
    assert "$9.11" in page
    assert "$0.59" in page
    unsure = studio.post(f"/studio/rooms/{room.slug}/cancel/", {"reason": "Ill"})
    assert unsure.status_code == 422
    assert "cannot be opened again" in unsure.content.decode()
    answer = studio.post(f"/studio/rooms/{room.slug}/cancel/", {"reason": "Ill", "sure": "on"}, follow=True)
    assert "Cancelled, refunding" in answer.content.decode()
    assert "0 of 1" in answer.content.decode()
    listener = Client()
    listener.force_login(linus)
    ticket = Ticket.objects.get()
    assert "This room was cancelled" in listener.get(ticket.get_absolute_url()).content.decode()
    seen = listener.get(room.get_absolute_url()).content.decode()
    assert "Every paid ticket is being refunded" in seen
    assert "Your ticket says where your" in seen
    carry_on(room_id=room.id, now=clock.now())
    carry_on(room_id=room.id, now=clock.now())
    assert Refund.objects.get().key == f"room_cancelled:{room.id}:{sale.id}"
    stripe_says(sale, 1000)
    carry_on(room_id=room.id, now=clock.now())
    with django_assert_max_num_queries(8):
        part = studio.get(f"/studio/rooms/{room.slug}/refunds/").content.decode()
    assert "everybody is refunded" in part
    assert "hx-get" not in part
    assert RoomCancellation.objects.get().finished_at is not None
    assert "cancelled this room" in listener.get(ticket.get_absolute_url()).content.decode()
    seen = listener.get(room.get_absolute_url()).content.decode()
    assert "Every paid ticket was refunded." in seen
    assert "went back to your card" in seen
    assert "You pay" not in seen
    assert studio.get(f"/studio/rooms/{room.slug}/cancel/").status_code == 302


def test_what_cancelling_costs_leaves_out_what_went_back_and_is_on_its_way(
    studio: Client, sale: Sale, room: Room, ada: Creator, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    others = [paid_ticket(room, cast.person(name), now=clock.now()).sale for name in ("Margaret", "Alan")]
    refund_posted(sale, 333)
    refund_as_host(sale_id=others[0].id, creator=ada, amount_minor=400, key="k", now=clock.now())
    giver = cast.person("Edith")
    for number, reversed_minor in enumerate([0, 100, 500]):
        tip = tip_of(giver, number=number, reversed_minor=reversed_minor)
        Tip.objects.create(buyer=giver, sale=tip, creator=ada, room=room, opened_at=clock.now(), paid_at=clock.now())
    with django_assert_num_queries(7):
        cost = cost_of_cancelling(room=room)
    # 59 of each fee: 20 went with 333, 24 go with 400, so 39, 35 and 59 are still to be lost.
    assert (cost.buyers, cost.listeners_get_minor) == (3, 667 + 600 + 1000)
    assert cost.fees_lost == ((39 + 35 + 59, "USD"),)
    assert cost.mine == ((608 + 547 + 911, "USD"),)
    assert [(each.words, each.amounts) for each in cost.stays] == [("2 tips", ((900, "USD"),))]
    page = studio.get(f"/studio/rooms/{room.slug}/cancel/").content.decode()
    assert "given in this room stay where they are" in page
    assert "$1.33" in page


def tip_of(giver: User, *, number: int, reversed_minor: int) -> Sale:
    """A paid sale of 5.00 as a row."""
    return Sale.objects.create(
        product="tip", subject=f"tip:{number}", title="Tip", buyer=giver, buyer_email=giver.email,
        price_minor=500, charge_minor=500, currency="USD", policy_slug="clubhouse", policy_version=1, tie_offset=0,
        basis={}, state=SaleState.PAID, charge_id=f"ch_{number}", payment_intent_id=f"pi_{number}",
        opened_at=clock.now(), paid_at=clock.now(), session_expires_at=clock.now(), hold_until=clock.now(),
        reversed_minor=reversed_minor,
    )  # fmt: skip


def test_a_refund_that_fails_stands_out_until_finance_has_made_another(sale: Sale, room: Room, ada: Creator) -> None:
    cancel_room(room_id=room.id, user_id=ada.user_id, reason="", now=clock.now(), real_now=clock.real_now())
    carry_on(room_id=room.id, now=clock.now())
    stripe_says(sale, 1000, now=clock.now())
    stripe_says(sale, 1000, failure="The refund failed: expired or canceled card", now=clock.now())
    stuck = progress_of(room_id=room.id)
    assert (stuck.refunded, stuck.stuck, stuck.is_over) == (0, 1, True)
    assert stuck_refunds().count() == 1
    stripe_says(sale, 1000, refund_id="re_2", now=clock.now())
    done = progress_of(room_id=room.id)
    assert (done.refunded, done.stuck, done.is_over) == (1, 0, True)
    assert not stuck_refunds().exists()


def test_only_the_host_cancels(sale: Sale, room: Room) -> None:
    client = Client()
    client.force_login(cast.creator("Grace Hopper").user)
    assert client.get(f"/studio/rooms/{room.slug}/cancel/").status_code == 404
    assert client.post(f"/studio/rooms/{room.slug}/cancel/", {"sure": "on"}).status_code == 404
    assert client.get(f"/studio/rooms/{room.slug}/refunds/").status_code == 404
