"""Who may hear and speak in a room."""

import pytest
from django.contrib.auth.models import AnonymousUser

from payouts import handlers
from rooms.access import WORDS, Access, Reason, decide
from rooms.models import CoHost, Creator, Guest, Place, Room, Standing, User
from rooms.scheduling.operations import CoHostSpec
from rooms.tickets.operations import buy_ticket
from tests.rooms import cast
from tests.rooms.cast import NOW


def _seen(access: Access) -> tuple[bool, bool, Reason]:
    return access.may_hear, access.may_publish, access.reason


def test_the_host_and_the_cohosts_who_accepted_speak(ada: Creator, grace: Creator) -> None:
    room = cast.room(ada, cohosts=[CoHostSpec(creator_id=grace.id)])
    assert _seen(decide(room=room, user=ada.user, now=NOW)) == (True, True, Reason.HOST)
    assert _seen(decide(room=room, user=grace.user, now=NOW)) == (False, False, Reason.NO_TICKET)

    CoHost.objects.update(accepted_at=NOW)

    assert _seen(decide(room=room, user=grace.user, now=NOW)) == (True, True, Reason.COHOST)


def test_a_ticket_opens_the_room_once_it_is_paid(evening: Room, linus: User) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    assert _seen(decide(room=evening, user=linus, now=NOW)) == (False, False, Reason.NO_TICKET)

    handlers.tell("sale.paid", sale_id=ticket.sale_id, now=NOW)

    access = decide(room=evening, user=linus, now=NOW)
    assert (_seen(access), access.ticket) == ((True, False, Reason.TICKET), ticket)


def test_a_ticket_that_was_given_up_or_came_too_late_opens_nothing(evening: Room, linus: User) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    for name in ("sale.expired", "sale.late"):
        handlers.tell(name, sale_id=ticket.sale_id, now=NOW)
        assert _seen(decide(room=evening, user=linus, now=NOW)) == (False, False, Reason.NO_TICKET)


def test_a_ticket_opens_its_own_room_alone(ada: Creator, evening: Room, linus: User) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    handlers.tell("sale.paid", sale_id=ticket.sale_id, now=NOW)

    assert _seen(decide(room=cast.room(ada), user=linus, now=NOW)) == (False, False, Reason.NO_TICKET)


def test_staff_hear_and_do_not_speak(evening: Room, db: None) -> None:
    fin = cast.person("Fin", is_staff=True)

    assert _seen(decide(room=evening, user=fin, now=NOW)) == (True, False, Reason.STAFF)


def test_visitors_hear_nothing(evening: Room) -> None:
    assert _seen(decide(room=evening, user=AnonymousUser(), now=NOW)) == (False, False, Reason.SIGNED_OUT)


def test_a_cancelled_room_is_closed_to_everybody(ada: Creator, evening: Room) -> None:
    Room.objects.update(cancelled_at=NOW)
    evening = Room.objects.select_related("creator__user").get()

    for user in (ada.user, cast.person("Fin", is_staff=True)):
        assert _seen(decide(room=evening, user=user, now=NOW)) == (False, False, Reason.ROOM_CANCELLED)


def test_a_guest_hears_by_the_address_of_their_account_until_it_is_withdrawn(
    ada: Creator, evening: Room, linus: User
) -> None:
    guest = Guest.objects.create(room=evening, email="LINUS@obole.example", invited_by=ada.user, invited_at=NOW)
    assert _seen(decide(room=evening, user=linus, now=NOW)) == (True, False, Reason.GUEST)

    Guest.objects.filter(id=guest.id).update(withdrawn_at=NOW)
    assert _seen(decide(room=evening, user=linus, now=NOW)) == (False, False, Reason.NO_TICKET)


def test_hosts_bring_up_and_put_out_whoever_hears(ada: Creator, evening: Room) -> None:
    fin = cast.person("Fin", is_staff=True)
    standing = Standing.objects.create(room=evening, user=fin, place=Place.SPEAKER, since=NOW)
    assert _seen(decide(room=evening, user=fin, now=NOW)) == (True, True, Reason.STAFF)

    Standing.objects.filter(id=standing.id).update(place=Place.AUDIENCE, banned_at=NOW, banned_by=ada.user)
    assert _seen(decide(room=evening, user=fin, now=NOW)) == (False, False, Reason.BANNED)


def test_a_place_on_stage_opens_no_door(evening: Room, linus: User) -> None:
    Standing.objects.create(room=evening, user=linus, place=Place.SPEAKER, since=NOW)

    assert _seen(decide(room=evening, user=linus, now=NOW)) == (False, False, Reason.NO_TICKET)


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)


@pytest.mark.parametrize(("paid", "queries"), [(True, 3), (False, 3)])
def test_it_costs_three_queries(
    evening: Room, linus: User, *, paid: bool, queries: int, django_assert_num_queries: object
) -> None:
    ticket = buy_ticket(room_id=evening.id, buyer_id=linus.id, now=NOW)
    if paid:
        handlers.tell("sale.paid", sale_id=ticket.sale_id, now=NOW)

    with django_assert_num_queries(queries):  # type: ignore[operator]
        decide(room=evening, user=linus, now=NOW)
