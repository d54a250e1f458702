"""What hosts decide: mutes, removals, rules, guests, the end; as pages see it and as the relay is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis

from config import clock
from rooms.live import leases
from rooms.models import Admission, Attendance, CoHost, Guest, Mail, Room, Standing, Ticket, TicketState, User, Way
from rooms.relay.control import Control, Demote, End, Lease, Mute, Revoke
from rooms.stage import guests
from rooms.stage.reactions import reactions_key
from tests.rooms import cast
from tests.rooms.stage.conftest import Caller

Told = Callable[[], list[Control]]


def muted(message: Control) -> tuple[str, bool]:
    assert isinstance(message, Mute)
    return message.identity, message.muted


def grant(caller: Caller) -> Any:
    return caller.client.post(f"{caller.room.get_absolute_url()}live/grant/")


def test_a_host_mutes_and_unmutes(host: Caller, linus_page: Caller, cohost: Caller, told: Told) -> None:
    identity = linus_page.is_let_in()
    cohost.to(linus_page, "mute")
    you = linus_page.stage()["you"]
    assert (you["is_muted"], you["may_unmute"]) == (True, True)
    host.to(linus_page, "mute")
    host.to(linus_page, "unmute")

    assert [muted(message) for message in told()] == [(identity, True), (identity, False)]
    assert not linus_page.stage()["you"]["is_muted"]


def test_a_cohost_can_be_muted_and_the_host_cannot(host: Caller, cohost: Caller, told: Told) -> None:
    identity = cohost.is_let_in()
    assert host.to(cohost, "mute").status_code == 200
    assert [muted(message) for message in told()] == [(identity, True)]
    assert [person["is_muted"] for person in host.stage()["people"]] == [False, True]

    assert cohost.to(host, "mute").json()["type"] == "/problems/on-stage-by-role"
    assert told() == []


def test_a_speaker_takes_a_mute_back_where_the_host_allows_it(host: Caller, linus_page: Caller, told: Told) -> None:
    host.do(method="patch", speakers_may_unmute=False)
    host.to(linus_page, "mute")
    told()
    refused = linus_page.do("stage/unmute/")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/muted-by-host")
    assert (told(), linus_page.stage()["you"]["may_unmute"]) == ([], False)

    host.do(method="patch", speakers_may_unmute=True)
    assert not linus_page.do("stage/unmute/").json()["you"]["is_muted"]
    assert [type(message) for message in told()] == [Mute]


def test_who_is_removed_is_silenced_and_stays_out(host: Caller, linus_page: Caller, told: Told) -> None:
    identity = linus_page.is_let_in()

    stage = host.to(linus_page, "remove").json()

    [message] = told()
    assert isinstance(message, Revoke)
    assert (message.identity, message.reason) == (identity, "removed")
    assert message.until_s > linus_page.room.ends_at.timestamp()
    assert grant(linus_page).json()["reason"] == "banned"
    assert linus_page.do("stage/raise-hand/").status_code == 403
    assert [person["name"] for person in stage["for_hosts"]["removed"]] == ["Linus"]
    assert "removed you from this room" in linus_page.client.get(host.room.get_absolute_url()).content.decode()
    row = Standing.objects.get(user=linus_page.user)
    assert (row.banned_by_id, row.banned_at is not None) == (host.user.id, True)


def test_who_is_readmitted_gets_a_grant_that_the_revocation_does_not_void(
    host: Caller, linus_page: Caller, told: Told
) -> None:
    host.to(linus_page, "remove")
    [revoked] = told()
    host.to(linus_page, "readmit")

    assert grant(linus_page).status_code == 200

    assert isinstance(revoked, Revoke)
    assert revoked.at_s is not None
    assert Admission.objects.get(user=linus_page.user).last_granted_at.timestamp() > revoked.at_s
    assert Admission.objects.get(user=linus_page.user).revoked_at is None
    leases.renew(now=clock.now(), real_now=clock.real_now())
    assert [type(message) for message in told()] == [Lease]


def test_the_host_ends_the_room_for_everybody(host: Caller, cohost: Caller, linus_page: Caller, told: Told) -> None:
    for somebody in (cohost, linus_page):
        assert somebody.do("stage/end/").json()["type"] == "/problems/not-host"
    assert told() == []

    for _ in range(2):
        assert host.do("stage/end/").json()["is_over"]

    assert told() == [End(room=str(host.room.id))] * 2
    assert grant(linus_page).json()["type"] == "/problems/room-over"
    page = linus_page.client.get(host.room.get_absolute_url()).content.decode()
    assert "Over" in page
    assert "data-live-grant" not in page
    assert leases.renew(now=clock.now(), real_now=clock.real_now()) == []


def test_a_cohost_who_loses_the_role_is_silenced_with_the_next_leases(
    host: Caller, cohost: Caller, told: Told
) -> None:
    identities = [caller.is_let_in() for caller in (host, cohost)]
    leases.renew(now=clock.now(), real_now=clock.real_now())
    [lease] = told()
    assert isinstance(lease, Lease)
    assert lease.speakers == tuple(sorted(identities))

    CoHost.objects.update(accepted_at=None)
    leases.renew(now=clock.now(), real_now=clock.real_now())

    [lease] = told()
    assert isinstance(lease, Lease)
    assert lease.speakers == (identities[0],)


def test_the_host_ends_a_cohosts_role_and_they_are_silenced_at_once(
    host: Caller, cohost: Caller, linus_page: Caller, told: Told
) -> None:
    identity = cohost.is_let_in()
    for somebody in (cohost, linus_page):
        assert somebody.to(cohost, "end-cohosting").json()["type"] == "/problems/not-host"
    assert told() == []

    stage = host.to(cohost, "end-cohosting").json()

    assert [person["name"] for person in stage["people"]] == ["Ada Lovelace"]
    [message] = told()
    assert isinstance(message, Revoke)
    assert message.identity == identity
    assert grant(cohost).json()["reason"] == "no_ticket"


def test_who_lost_the_role_and_is_a_guest_stays_as_a_listener(host: Caller, cohost: Caller, told: Told) -> None:
    identity = cohost.is_let_in()
    host.do("stage/guests/", email=cohost.user.email)

    host.to(cohost, "end-cohosting")

    [message] = told()
    assert isinstance(message, Demote)
    assert message.identity == identity
    assert not cohost.stage()["you"]["may_speak"]


def test_leases_tell_speakers_and_mutes_and_what_is_void(
    host: Caller, linus_page: Caller, barbara_page: Caller, told: Told
) -> None:
    speaker, listener = linus_page.is_let_in(), barbara_page.is_let_in()
    linus_page.do("stage/raise-hand/")
    host.to(linus_page, "invite")
    host.to(linus_page, "mute")
    Ticket.objects.filter(buyer=barbara_page.user).update(state=TicketState.RETURNED)
    told()

    leases.renew(now=clock.now(), real_now=clock.real_now())

    revoke, lease = told()
    assert isinstance(revoke, Revoke)
    assert isinstance(lease, Lease)
    assert revoke.identity == listener
    assert (lease.speakers, lease.muted) == ((speaker,), (speaker,))


def test_rules_are_for_hosts_and_of_known_kinds(host: Caller, linus_page: Caller) -> None:
    assert linus_page.do(method="patch", who_may_speak="everyone").status_code == 403
    refused = host.do(method="patch", who_may_speak="nobody")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/who_may_speak")
    assert Room.objects.get().who_may_speak == "invited"


def test_a_guest_hears_without_a_ticket_until_the_host_withdraws_it(
    host: Caller, page: Callable[[User], Caller], told: Told
) -> None:
    guest = page(cast.person("Margaret Sole"))
    assert grant(guest).status_code == 403

    stage = host.do("stage/guests/", email=" Margaret@Obole.example ").json()
    host.do("stage/guests/", email="margaret@obole.example")

    [invited] = stage["for_hosts"]["guests"]
    assert invited["email"] == "margaret@obole.example"
    assert Mail.objects.get().to_address == "margaret@obole.example"
    assert guest.stage()["you"]["place"] == "audience"
    identity = guest.is_let_in()

    host.do(f"stage/guests/{invited['id']}/", method="delete")

    [message] = told()
    assert isinstance(message, Revoke)
    assert (message.identity, grant(guest).status_code) == (identity, 403)
    assert Guest.objects.get().withdrawn_at is not None


def test_guests_are_the_hosts_and_have_addresses(
    host: Caller, cohost: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cohost.do("stage/guests/", email="a@b.example").json()["type"] == "/problems/not-host"
    assert host.do("stage/guests/", email="nobody").status_code == 400
    monkeypatch.setattr(guests, "GUESTS_MAX", 0)
    assert host.do("stage/guests/", email="a@b.example").json()["type"] == "/problems/guests-full"
    assert (Guest.objects.count(), Mail.objects.count()) == (0, 0)


def test_reactions_are_of_known_kinds(linus_page: Caller, valkey: redis.Redis, evening: Room) -> None:
    assert linus_page.do("reactions/", emoji="🔥").status_code == 204
    assert linus_page.do("reactions/", emoji="💩").status_code == 400

    entries: Any = valkey.xrange(reactions_key(evening.id))
    assert [fields for _, fields in entries] == [{b"emoji": "🔥".encode()}]
    assert valkey.ttl(reactions_key(evening.id)) > 0


def test_a_room_that_opened_and_closed_between_two_leases_is_ended(
    linus_page: Caller, evening: Room, told: Told
) -> None:
    now = clock.real_now()
    Attendance.objects.create(
        session_key="s",
        room=evening,
        user=linus_page.user,
        identity="i",
        way=Way.LISTEN,
        began_at=now,
        last_seen_at=now,
    )

    leases.renew(now=evening.ends_at + timedelta(seconds=1), real_now=now)

    assert told() == [End(room=str(evening.id))]
