"""Pressing Buy, and the page that follows the ticket."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from config import clock
from payouts import handlers
from payouts.models import Payee, Sale, SaleShare, StripeCircuit, TransfersState
from rooms.models import Creator, Room, Seat, Ticket, TicketState, User
from tests.rooms import cast


def _page(client: Client, ticket: Ticket, query: str = "") -> str:
    return client.get(ticket.get_absolute_url() + query).content.decode().replace("&#x27;", "'")


def test_a_visitor_signs_in_first_and_comes_back_to_the_room(client: Client, evening: Room) -> None:
    answer = client.post(f"{evening.get_absolute_url()}buy/")

    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={evening.get_absolute_url()}")
    assert not Ticket.objects.exists()


def test_buying_takes_a_press_not_a_link(listener: Client, evening: Room) -> None:
    assert listener.get(f"{evening.get_absolute_url()}buy/").status_code == 405
    assert not Ticket.objects.exists()


def test_a_press_from_another_site_buys_nothing(linus: User, evening: Room) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(linus)

    answer = client.post(f"{evening.get_absolute_url()}buy/")

    assert answer.status_code == 403
    assert "Nothing was sent and nothing was charged" in answer.content.decode()
    assert not Ticket.objects.exists()


def test_a_second_press_leads_to_the_same_card_page(listener: Client, held: Ticket) -> None:
    answer = listener.post(f"{held.room.get_absolute_url()}buy/")

    assert (answer.status_code, answer["Location"]) == (303, "https://checkout.example/1")
    assert Ticket.objects.count() == 1


def test_while_stripe_is_away_the_seat_is_held_and_the_page_goes_on_by_itself(listener: Client, evening: Room) -> None:
    answer = listener.post(f"{evening.get_absolute_url()}buy/")

    ticket = Ticket.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, ticket.get_absolute_url())
    page = _page(listener, ticket)
    assert "Your seat is held" in page
    assert "Nothing was charged" in page
    assert f'hx-get="{ticket.get_absolute_url()}state/?from=preparing"' in page
    assert "Card payments are interrupted" not in page
    StripeCircuit.objects.update(silent=4, open_until=clock.real_now() + timedelta(seconds=5))
    assert "Card payments are interrupted" in _page(listener, ticket)

    Sale.objects.update(checkout_url="https://checkout.example/2")

    state = listener.get(f"{ticket.get_absolute_url()}state/?from=preparing", headers={"HX-Request": "true"})
    assert state["HX-Redirect"] == "https://checkout.example/2"


@pytest.mark.parametrize(
    ("hindrance", "heading"),
    [
        ("full", "This room is sold out"),
        ("over", "Tickets are no longer sold"),
        ("payee", "Tickets are not on sale yet"),
    ],
)
def test_each_refusal_says_that_nothing_was_charged(
    listener: Client, evening: Room, hindrance: str, heading: str
) -> None:
    if hindrance == "full":
        Seat.objects.update(taken=True)
    elif hindrance == "over":
        Room.objects.update(starts_at=cast.NOW, ends_at=cast.NOW + timedelta(hours=1))
    else:
        Payee.objects.update(transfers_state=TransfersState.RESTRICTED)

    answer = listener.post(f"{evening.get_absolute_url()}buy/")

    page = answer.content.decode()
    assert answer.status_code == 409
    assert heading in page
    assert "your card was not charged" in page
    assert not Ticket.objects.exists()
    assert not Sale.objects.exists()


def test_the_host_is_sent_to_the_room(client: Client, ada: Creator, evening: Room) -> None:
    client.force_login(ada.user)

    answer = client.post(f"{evening.get_absolute_url()}buy/")

    assert (answer.status_code, answer["Location"]) == (302, evening.get_absolute_url())
    assert not Ticket.objects.exists()


def test_a_held_seat_shows_how_long_and_where_to_pay(listener: Client, held: Ticket) -> None:
    page = _page(listener, held)

    assert "https://checkout.example/1" in page
    assert 'data-countdown-s="' in page
    assert "Nothing was charged" in page
    assert "Give the seat back" in page


def test_whoever_comes_back_without_paying_is_told_so(listener: Client, held: Ticket) -> None:
    page = _page(listener, held, "?from=back")

    assert "You came back without paying" in page
    assert "Your card was not charged" in page


def test_the_page_turns_when_the_webhook_was_processed(listener: Client, held: Ticket) -> None:
    assert "Confirming your payment" in _page(listener, held, "?from=checkout")

    handlers.tell("sale.paid", sale_id=held.sale_id, now=clock.now())

    state = listener.get(f"{held.get_absolute_url()}state/?from=checkout", headers={"HX-Request": "true"})
    text = state.content.decode().replace("&#x27;", "'")
    assert "You're in</h1>" in text
    assert f"<title>You're in: {held.room.title}" in text
    assert "hx-get" in text  # a refund or a cancelled room is told too


def test_giving_the_seat_back_leads_to_a_page_that_says_so(listener: Client, held: Ticket) -> None:
    answer = listener.post(f"{held.get_absolute_url()}cancel/")
    assert answer["Location"] == held.get_absolute_url()
    assert "Giving your seat back" in _page(listener, held)

    handlers.tell("sale.expired", sale_id=held.sale_id, now=clock.now())

    page = _page(listener, held)
    assert "You gave the seat back" in page
    assert "Your card was not charged" in page


def test_giving_a_paid_seat_back_is_refused_with_a_reason(listener: Client, held: Ticket) -> None:
    handlers.tell("sale.paid", sale_id=held.sale_id, now=clock.now())

    answer = listener.post(f"{held.get_absolute_url()}cancel/", follow=True)

    assert "only a held seat that is not paid for can be given back" in answer.content.decode()
    assert Ticket.objects.get().state == TicketState.VALID


def test_a_hold_that_ran_out_says_so(listener: Client, held: Ticket) -> None:
    handlers.tell("sale.expired", sale_id=held.sale_id, now=clock.now())

    page = _page(listener, held, "?from=checkout")

    assert "Your hold ran out" in page
    assert "Your card was not charged" in page
    assert "Hold a seat again" in page


def test_a_payment_that_came_too_late_is_being_returned(listener: Client, held: Ticket) -> None:
    for name in ("sale.expired", "sale.late"):
        handlers.tell(name, sale_id=held.sale_id, now=clock.now())

    page = _page(listener, held, "?from=checkout")

    assert "Your payment came too late" in page
    assert "is being returned" in page


def _late(held: Ticket, **changes: object) -> None:
    """Paid too late; the sale as payouts leaves it."""
    now = clock.now()
    for name in ("sale.expired", "sale.late"):
        handlers.tell(name, sale_id=held.sale_id, now=now)
    ids = {"charge_id": "ch_1", "balance_transaction_id": "txn_1", "refund_id": "re_1"}
    Sale.objects.update(expired_at=now, paid_at=now, posted_at=now, **ids, **changes)


def test_a_payment_that_was_returned_says_when_and_under_which_number(listener: Client, held: Ticket) -> None:
    _late(held, state="returned", returned_at=datetime(2026, 11, 26, 15, 30, tzinfo=UTC))
    handlers.tell("sale.returned", sale_id=held.sale_id, now=clock.now())

    page = " ".join(_page(listener, held, "?from=checkout").split())

    assert "Your payment was returned" in page
    assert " was returned</strong> to your card on" in page
    assert "Thu 26 Nov 2026, 15:30 UTC" in page
    assert '<span class="code">re_1</span>' in page
    assert "is being returned" not in page
    assert "Returned to your card" in listener.get("/tickets/").content.decode()
    answer = listener.get(f"{held.get_absolute_url()}receipt/")
    assert (answer.status_code, answer["Location"]) == (302, held.get_absolute_url())


def test_a_refund_that_the_bank_did_not_take_is_not_called_returned(listener: Client, held: Ticket) -> None:
    reason = "The refund failed: expired or canceled card"
    _late(held, state="parked", refund_failed_at=clock.now(), refund_failure=reason)
    handlers.tell("sale.return_failed", sale_id=held.sale_id, now=clock.now())

    page = _page(listener, held)

    assert "Your refund did not go through" in page
    assert "was returned" not in page
    assert "Refund on hold" in listener.get("/tickets/").content.decode()


def test_a_card_page_that_stripe_refused_says_so(listener: Client, held: Ticket) -> None:
    handlers.tell("sale.expired", sale_id=held.sale_id, now=clock.now())
    Sale.objects.update(failure="Invalid currency")

    page = _page(listener, held)

    assert "The card page could not be opened" in page
    assert "Your card was not charged" in page


def test_the_ticket_of_somebody_else_is_not_there(client: Client, held: Ticket) -> None:
    client.force_login(cast.person("Margaret"))

    for path in ("", "state/", "receipt/"):
        assert client.get(f"{held.get_absolute_url()}{path}").status_code == 404
    assert client.post(f"{held.get_absolute_url()}cancel/").status_code == 404
    assert Ticket.objects.get().state == TicketState.HELD
    assert "There is nothing at this address" in client.get(f"/tickets/{uuid4()}/").content.decode()


def test_my_tickets_are_in_three_groups(listener: Client, held: Ticket) -> None:
    assert "Under way" in listener.get("/tickets/").content.decode()

    handlers.tell("sale.paid", sale_id=held.sale_id, now=clock.now())
    page = listener.get("/tickets/").content.decode()
    assert "Coming up" in page
    assert "Under way" not in page

    Room.objects.update(starts_at=cast.NOW, ends_at=cast.NOW + timedelta(hours=1))
    assert "Earlier" in listener.get("/tickets/").content.decode()


def test_my_tickets_cost_one_query_beside_the_session_and_the_person(
    listener: Client, held: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        listener.get("/tickets/")


def test_who_has_no_tickets_is_shown_the_way(listener: Client) -> None:
    assert "No tickets yet" in listener.get("/tickets/").content.decode()


def test_a_receipt_before_the_fee_is_known_shows_the_quote(listener: Client, held: Ticket) -> None:
    handlers.tell("sale.paid", sale_id=held.sale_id, now=clock.now())

    page = " ".join(listener.get(f"{held.get_absolute_url()}receipt/").content.decode().split())

    assert "Of $10.00, $9.11 goes to Ada Lovelace, $0.30 to Obole and $0.59 to card processing." in page
    assert "has not reported its fee yet" in page


def test_a_receipt_tells_the_real_fee_once_it_is_known(listener: Client, held: Ticket) -> None:
    handlers.tell("sale.paid", sale_id=held.sale_id, now=clock.now())
    Sale.objects.update(
        settlement_currency="USD",
        gross_minor=1000,
        processing_fee_minor=64,
        platform_fee_minor=30,
        processing_recovered_minor=64,
        split_at=clock.now(),
        basis=held.sale.basis | {"formula": []},
    )
    SaleShare.objects.update(amount_minor=906)

    page = " ".join(listener.get(f"{held.get_absolute_url()}receipt/").content.decode().split())

    assert "Of $10.00, $9.06 went to Ada Lovelace, $0.30 to Obole and $0.64 to card processing." in page
    assert "Posted to the ledger" in page
    assert "the quote you saw" not in page


def test_there_is_no_receipt_for_what_was_not_paid(listener: Client, held: Ticket) -> None:
    answer = listener.get(f"{held.get_absolute_url()}receipt/")

    assert (answer.status_code, answer["Location"]) == (302, held.get_absolute_url())


def test_ticket_pages_are_kept_by_no_cache(listener: Client, held: Ticket) -> None:
    assert "no-store" in listener.get(held.get_absolute_url())["Cache-Control"]
