"""WHIP and WHEP as RFC 9725 has them, and every refusal with its reason."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt
import pytest

from rooms.relay import control
from rooms.relay.problems import Unavailable
from rooms.relay.relay import SETUP_S
from rooms.relay.session import HttpsSession
from rooms.relay.sources import source_of
from rooms.relay.store import MemoryStore
from tests.rooms.relay.house import KEY, ORIGIN, ROOM, House, grant
from tests.rooms.relay.peer import offer

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
RESTART = "a=ice-ufrag:newfrag\r\na=ice-pwd:newpasswordnewpasswordnew\r\n"


def problem(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    assert document["detail"]
    return response.status_code, document["type"].removeprefix("/problems/relay/")


async def test_whip_creates_a_session(house: House) -> None:
    """RFC 9725 section 4.2: 201, the answer, Location, ETag."""
    response = await house.post("whip", grant("ada", speak=True), offer(sends=True))

    assert response.status_code == 201
    assert response.headers["content-type"] == "application/sdp"
    assert response.headers["location"].startswith("/relay/sessions/")
    assert response.headers["etag"].startswith('"')
    assert response.headers["resume-token"]
    assert "a=recvonly" in response.text


async def test_ice_servers_are_told(tmp_path: Path) -> None:
    """RFC 9725 section 4.6."""
    house = House(tmp_path, ice_servers=("stun:stun.test", "turn:turn.test"))
    response = await house.post("whip", grant("ada", speak=True), offer(sends=True))

    assert response.headers.get_list("link") == [
        '<stun:stun.test>; rel="ice-server"',
        '<turn:turn.test>; rel="ice-server"',
    ]
    await house.close()


REFUSALS: dict[str, tuple[str, Callable[[], str], str, tuple[int, str]]] = {
    "a listener's grant to speak": ("whip", lambda: grant("fin"), offer(sends=True), (403, "not-allowed")),
    "a grant that hears nothing": ("whep", lambda: grant("fin", hear=False), offer(sends=False), (403, "not-allowed")),
    "no SDP": ("whip", lambda: grant("fin", speak=True), "v=1", (400, "bad-offer")),
    "a speaker who sends nothing": (
        "whip",
        lambda: grant("fin", speak=True),
        offer(sends=False),
        (422, "unusable-offer"),
    ),
    "a listener who receives nothing": ("whep", lambda: grant("fin"), offer(sends=True), (422, "unusable-offer")),
    "another room": ("whep", lambda: grant("fin", room="cellar"), offer(sends=False), (401, "grant-room")),
    "forged": (
        "whep",
        lambda: grant("fin", key="another key, of more than thirty-two bytes"),
        offer(sends=False),
        (401, "grant-forged"),
    ),
    "rubbish": ("whep", lambda: "rubbish", offer(sends=False), (401, "grant-malformed")),
    "expired": (
        "whep",
        lambda: grant("fin", now=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=200)),
        offer(sends=False),
        (401, "grant-expired"),
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_it_refuses_with_a_reason_and_makes_no_session(house: House, case: str) -> None:
    way, token, body, expected = REFUSALS[case]

    assert problem(await house.post(way, token(), body)) == expected
    assert house.relay.sessions == {}
    assert len(house.relay.ice) == 0


async def test_no_token_no_session(house: House) -> None:
    response = await house.http.post(f"/relay/rooms/{ROOM}/whep", content=offer(sends=False), headers=SDP)

    assert problem(response) == (401, "grant-missing")
    assert response.headers["www-authenticate"].startswith("Bearer ")


async def test_a_grant_is_used_once(house: House) -> None:
    token = grant("linus")
    assert (await house.post("whep", token, offer(sends=False))).status_code == 201

    assert problem(await house.post("whep", token, offer(sends=False))) == (401, "grant-spent")
    assert len(house.relay.sessions) == 1


async def test_a_broken_offer_does_not_use_the_grant_up(house: House) -> None:
    token = grant("linus")
    await house.post("whep", token, "v=0\r\nrubbish")

    assert (await house.post("whep", token, offer(sends=False))).status_code == 201


async def test_it_takes_sdp_only_and_not_too_much(house: House) -> None:
    headers = {"Authorization": f"Bearer {grant('linus')}"}
    address = f"/relay/rooms/{ROOM}/whep"

    assert problem(await house.http.post(address, json={}, headers=headers)) == (415, "media-type")
    large = await house.http.post(address, content=b"v" * 70_000, headers=headers | SDP)
    assert problem(large) == (413, "too-large")


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_endpoints_and_sessions_keep_other_methods_for_later(house: House, method: str) -> None:
    """RFC 9725 sections 4.2 and 4.3."""
    _, made = await house.listener("linus")
    for address in (f"/relay/rooms/{ROOM}/whep", made.headers["location"]):
        assert (await house.http.request(method, address)).status_code == 405


async def test_options_tell_what_an_endpoint_takes(house: House) -> None:
    response = await house.http.options(f"/relay/rooms/{ROOM}/whip")

    assert (response.status_code, response.headers["accept-post"]) == (204, "application/sdp")


async def test_pages_of_the_site_may_call_and_read_the_headers(house: House) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    address = f"/relay/rooms/{ROOM}/whep"

    allowed = await house.http.options(address, headers=asked)
    refused = await house.http.options(address, headers=asked | {"Origin": "http://elsewhere.test"})
    made = await house.http.post(
        address,
        content=offer(sends=False),
        headers=SDP | {"Origin": ORIGIN, "Authorization": f"Bearer {grant('linus')}"},
    )

    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in refused.headers
    assert {"Location", "ETag", "Resume-Token"} <= set(made.headers["access-control-expose-headers"].split(", "))


async def test_ice_restarts_with_new_credentials_and_the_same_keys(house: House) -> None:
    """RFC 9725 section 4.3.3."""
    linus, made = await house.listener("linus")
    ada, _ = await house.speaker("ada")
    location, etag = made.headers["location"], made.headers["etag"]

    answer = await house.http.patch(location, content=RESTART, headers=FRAGMENT | {"If-Match": "*"})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/trickle-ice-sdpfrag")
    assert answer.headers["etag"] != etag
    new = dict(
        line[2:].split(":", 1) for line in answer.text.split("\r\n") if line.startswith("a=ice-") and ":" in line
    )
    old_password = linus.remote_password
    linus.check()
    house.pump()
    assert house.relay.by_ufrag.get(linus.remote_ufrag) is None  # the old credentials are dead
    linus.ufrag, linus.remote_ufrag, linus.remote_password = "newfrag", new["ice-ufrag"], new["ice-pwd"]
    assert linus.remote_password != old_password
    linus.check()
    ada.speak(sequence=1, timestamp=0, payload=b"\xfcstill here", level=5)
    house.pump()
    assert [packet.payload for packet in linus.packets()] == [b"\xfcstill here"]
    assert house.metrics.ice_restarts == 1


async def test_patch_checks_the_entity_tag(house: House) -> None:
    _, made = await house.listener("linus")
    location, etag = made.headers["location"], made.headers["etag"]

    async def patch(**headers: str) -> httpx.Response:
        body = "a=end-of-candidates\r\n"
        return await house.http.patch(location, content=body, headers=FRAGMENT | headers)

    assert (await patch(**{"If-Match": etag})).status_code == 204
    assert problem(await patch(**{"If-Match": '"another"'})) == (412, "if-match")
    assert problem(await patch()) == (428, "if-match-missing")


async def test_delete_ends_the_session_and_its_address_says_so(house: House) -> None:
    linus, made = await house.listener("linus")
    location = made.headers["location"]

    assert (await house.http.delete(location)).status_code == 200

    assert house.relay.sessions == {}
    assert house.relay.rooms == {}
    gone = await house.http.get(f"{location}/state")
    assert problem(gone) == (410, "session-ended")
    assert gone.json()["reason"] == "left"
    assert problem(await house.http.delete("/relay/sessions/unknown")) == (404, "no-such-session")
    assert linus.ready


async def test_the_state_page_counts_and_hands_out_a_resume_token(house: House) -> None:
    ada, _ = await house.speaker("ada")
    _, made = await house.listener("linus")
    for step in range(5):
        ada.speak(sequence=step, timestamp=960 * step, payload=b"\xfctalking", level=10)
    house.pump()

    state = (await house.http.get(f"{made.headers['location']}/state")).json()

    resume = state.pop("resume")
    assert state == {
        "state": "live",
        "muted": False,
        "listeners": 1,
        "speaking": ["ada"],
        "slots": [source_of("ada"), 0, 0, 0],
    }
    claims = jwt.decode(resume, options={"verify_signature": False})
    assert claims["gen"] == made.headers["location"].rpartition("/")[2]


async def test_a_resume_token_takes_the_place_of_its_session(house: House) -> None:
    _, made = await house.listener("linus")

    again = await house.post("whep", made.headers["resume-token"], offer(sends=False))

    assert again.status_code == 201
    assert len(house.relay.sessions) == 1
    assert house.metrics.resumes == 1


async def test_a_resume_token_of_a_seat_that_moved_is_refused(tmp_path: Path) -> None:
    store = MemoryStore()
    before = House(tmp_path, store=store)
    _, first = await before.listener("linus")
    _, second = await before.listener("linus")
    await before.close()
    after = House(tmp_path, store=store)  # the relay was started again: it remembers nothing itself

    refused = await after.post("whep", first.headers["resume-token"], offer(sends=False))
    welcome = await after.post("whep", second.headers["resume-token"], offer(sends=False))

    assert problem(refused) == (410, "session-ended")
    assert refused.json()["reason"] == "moved"
    assert welcome.status_code == 201
    await after.close()


async def test_a_resume_token_cannot_outlive_the_lease(house: House) -> None:
    _, made = await house.listener("linus")
    house.relay.expire(time.monotonic() + 61)

    refused = await house.post("whep", made.headers["resume-token"], offer(sends=False))

    assert problem(refused) == (410, "session-ended")
    assert refused.json()["reason"] == "lease"


async def test_when_grants_cannot_be_checked_nobody_gets_in(tmp_path: Path) -> None:
    class Away(MemoryStore):
        async def spend(self, *, jti: str, life_s: int, seat: str, generation: str) -> bool:
            raise Unavailable

    house = House(tmp_path, store=Away())
    response = await house.post("whep", grant("linus"), offer(sends=False))

    assert problem(response) == (503, "unavailable")
    assert house.relay.sessions == {}
    await house.close()


async def test_a_full_relay_says_when_to_come_back_and_leaves_the_grant_unspent(tmp_path: Path) -> None:
    house = House(tmp_path, max_listeners=1)
    await house.listener("linus")
    token = grant("fin")

    busy = await house.post("whep", token, offer(sends=False))

    assert problem(busy) == (503, "busy")
    assert busy.headers["retry-after"] == "5"
    house.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60))
    assert (await house.post("whep", token, offer(sends=False))).status_code == 201
    await house.close()


async def test_health_and_metrics(house: House) -> None:
    await house.listener("linus")

    assert (await house.http.get("/healthz")).json() == {"status": "ok"}
    text = (await house.http.get("/metrics")).text
    assert "\nrelay_listeners 1\n" in text
    assert "\nrelay_joins_total 1\n" in text
    assert "\nrelay_join_seconds_count 1\n" in text
    assert "127.0.0.1" not in text
    assert "linus" not in text
    assert KEY not in text


async def test_a_listener_over_https_is_gone_when_nobody_reads(house: House) -> None:
    made = await house.http.post(f"/relay/rooms/{ROOM}/webm", headers={"Authorization": f"Bearer {grant('linus')}"})
    assert made.status_code == 201
    house.relay.expire(time.monotonic() + SETUP_S - 1)
    assert len(house.relay.sessions) == 1

    house.relay.expire(time.monotonic() + SETUP_S + 1)

    assert house.relay.sessions == {}
    assert problem(await house.http.get(f"{made.headers['location']}/0")) == (410, "session-ended")


async def test_a_stream_over_https_ends_with_the_access(house: House) -> None:
    made = await house.http.post(f"/relay/rooms/{ROOM}/webm", headers={"Authorization": f"Bearer {grant('linus')}"})
    reading = asyncio.create_task(house.http.get(f"{made.headers['location']}/1"))
    (session,) = house.relay.sessions.values()
    while not house.relay.rooms[ROOM].taps:
        await asyncio.sleep(0)

    assert isinstance(session, HttpsSession)
    assert list(session.streams) == [1]
    house.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60))
    stream = await asyncio.wait_for(reading, 10)

    assert stream.headers["content-type"] == "audio/webm"
    assert stream.content.startswith(bytes.fromhex("1a45dfa3"))
    assert session.streams == {}


async def test_a_slot_over_https_has_one_reader_whoever_knows_the_address(house: House) -> None:
    made = await house.http.post(f"/relay/rooms/{ROOM}/webm", headers={"Authorization": f"Bearer {grant('linus')}"})
    address = f"{made.headers['location']}/0"
    first = asyncio.create_task(house.http.get(address))
    (session,) = house.relay.sessions.values()
    assert isinstance(session, HttpsSession)
    while not session.streams:
        await asyncio.sleep(0)
    reader = session.streams[0]

    second = asyncio.create_task(house.http.get(address))
    await asyncio.wait_for(first, 10)  # ends: the second took its place

    assert session.streams[0] is not reader
    assert len(house.relay.rooms[ROOM].taps) == 1
    house.tell(control.End(room=ROOM))
    await asyncio.wait_for(second, 10)


async def test_a_revocation_that_comes_while_the_grant_is_spent_keeps_everybody_out(tmp_path: Path) -> None:
    class Slow(MemoryStore):
        async def spend(self, *, jti: str, life_s: int, seat: str, generation: str) -> bool:
            house.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60))
            return await MemoryStore.spend(self, jti=jti, life_s=life_s, seat=seat, generation=generation)

    house = House(tmp_path, store=Slow())
    headers = {"Authorization": f"Bearer {grant('linus')}"}

    assert problem(await house.http.post(f"/relay/rooms/{ROOM}/webm", headers=headers)) == (403, "revoked")
    house.tell(control.Readmit(room=ROOM, identity="linus"))
    assert problem(await house.post("whep", grant("linus"), offer(sends=False))) == (403, "revoked")
    assert house.relay.sessions == {}
    await house.close()


async def test_presence_counts_listeners_of_both_ways(house: House) -> None:
    _, made = await house.listener("linus")
    await house.http.post(f"/relay/rooms/{ROOM}/webm", headers={"Authorization": f"Bearer {grant('fin')}"})
    await house.speaker("ada")

    assert (await house.http.get(f"{made.headers['location']}/state")).json()["listeners"] == 2
    metrics = (await house.http.get("/metrics")).text
    assert "\nrelay_listeners 1\n" in metrics
    assert "\nrelay_listeners_over_https 1\n" in metrics
