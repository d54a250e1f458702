"""The relay as a program: start, stop, Valkey, workers, and what it writes to its log."""

import asyncio
import functools
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from rooms.relay import control, settings
from rooms.relay.problems import Unavailable
from rooms.relay.store import ValkeyStore
from tests.processes import Program, answers, free_port, wait_until
from tests.rooms.relay.house import KEY, ROOM
from tests.rooms.relay.live import Live
from tests.rooms.relay.peer import Peer, offer


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with Live(tmp_path) as running:
        yield running


def post(live: Live, way: str, token: str) -> httpx.Response:
    return httpx.post(
        f"{live.url}/relay/rooms/{ROOM}/{way}",
        content=offer(sends=way == "whip"),
        headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"},
    )


def connect(live: Live, way: str, identity: str) -> tuple[Peer, httpx.Response]:
    """A ready peer in the running relay."""
    answer = post(live, way, live.grant(identity, speak=way == "whip"))
    assert answer.status_code == 201, answer.text
    peer = Peer()
    peer.begin(answer.text)

    def ready() -> bool:
        peer.drain()
        return peer.ready

    wait_until(ready, what="keys", within_s=10)
    return peer, answer


def test_grants_stay_spent_over_a_restart(live: Live) -> None:
    token = live.grant("linus")
    assert post(live, "whep", token).status_code == 201
    live.kill()
    live.start()

    refused = post(live, "whep", token)

    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/relay/grant-spent")


def test_what_was_revoked_while_it_was_down_stays_revoked(live: Live) -> None:
    live.kill()
    live.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 600, reason="refunded"))
    live.start()

    assert post(live, "whep", live.grant("linus")).status_code == 403
    assert post(live, "whep", live.grant("fin")).status_code == 201


def test_it_tells_who_came_and_who_went(live: Live) -> None:
    peer, _ = connect(live, "whep", "linus")
    live.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 600, reason="refunded"))
    wait_until(lambda: bool(live.told("left")), what="the event", within_s=10)
    peer.close()

    joined, left = json.loads(live.told("joined")[0]), json.loads(live.told("left")[0])
    assert (joined["identity"], left["identity"], left["reason"]) == ("linus", "linus", "refunded")
    assert joined["session"] == left["session"]


def test_it_stops_on_sigterm_and_says_so_to_everybody(live: Live) -> None:
    peer, _ = connect(live, "whep", "linus")
    assert live.program is not None
    live.program.process.send_signal(signal.SIGTERM)

    assert live.program.process.wait(timeout=20) == 0
    assert json.loads(live.told("left")[0])["reason"] == "relay-stopped"
    peer.close()


def test_its_log_names_no_address_and_no_token(live: Live) -> None:
    peer, answer = connect(live, "whep", "linus")
    peer.send(b"\x16\xfe\xfd rubbish")
    assert live.program is not None
    live.program.process.send_signal(signal.SIGTERM)
    live.program.process.wait(timeout=20)

    lines = [json.loads(line) for line in live.program.output.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["relay up", "relay stopped"]
    text = live.program.output.read_text()
    assert str(peer.address[1]) not in text
    assert answer.headers["location"].rpartition("/")[2] not in text
    assert KEY not in text
    peer.close()


def test_a_broken_message_in_the_stream_stops_nothing(live: Live) -> None:
    peer, _ = connect(live, "whep", "linus")
    with live.valkey() as client:
        client.xadd(control.STREAM, {"kind": "nonsense"})
    live.tell(control.End(room=ROOM))

    wait_until(lambda: live.metric("sessions") == 0, what="the end of the room", within_s=10)
    peer.close()


def test_two_workers_have_ports_of_their_own_and_one_that_dies_is_started_again(tmp_path: Path) -> None:
    udp, http = free_port(), free_port()
    with Live(tmp_path) as live:
        environment = live._environment | {
            "RELAY_WORKERS": "2",
            "RELAY_UDP_PORT": str(udp),
            "RELAY_HTTP_PORT": str(http),
        }
        with Program("relay-workers", "-m", "rooms.relay", environment=environment) as both:
            for port in (http, http + 1):
                address = f"http://127.0.0.1:{port}/healthz"
                both.wait_until(functools.partial(answers, address), what=address)
            children = Path(f"/proc/{both.process.pid}/task/{both.process.pid}/children")
            before = set(children.read_text().split())
            os.kill(int(min(before)), signal.SIGKILL)
            both.wait_until(lambda: len(set(children.read_text().split()) - before) == 1, what="another worker")
            for port in (http, http + 1):
                address = f"http://127.0.0.1:{port}/healthz"
                both.wait_until(functools.partial(answers, address), what=address)

            both.process.kill()  # the supervisor alone, and with no chance to tell its workers

            for port in (http, http + 1):
                address = f"http://127.0.0.1:{port}/healthz"
                wait_until(lambda address=address: not answers(address), what=f"the end of {address}")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"RELAY_PUBLIC_IP": ""}, "RELAY_PUBLIC_IP"),
        ({"RELAY_PUBLIC_IP": "relay.test"}, "RELAY_PUBLIC_IP"),
        ({"RELAY_GRANT_KEY": "short"}, "RELAY_GRANT_KEY"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
    ],
)
def test_it_refuses_to_start_without_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    good = {"RELAY_PUBLIC_IP": "192.0.2.1", "RELAY_GRANT_KEY": KEY, "REDIS_URL": "redis://localhost"}
    for name, value in (good | changes).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(settings.SettingsError, match=named):
        settings.read()


def test_the_key_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    monkeypatch.setenv("RELAY_GRANT_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("RELAY_PUBLIC_IP", "2001:db8::1")
    monkeypatch.setenv("REDIS_URL", "redis://localhost")

    read = settings.read()

    assert read.grant_keys == {"obole": KEY}
    assert read.bind_ip == "::"
    assert read.of_worker(2).udp_port == read.udp_port + 2


async def test_of_many_who_spend_one_grant_at_once_one_succeeds(live: Live) -> None:
    client: Redis = Redis.from_url(live.redis_url, decode_responses=True)
    store = ValkeyStore(client)

    spent = await asyncio.gather(
        *(store.spend(jti="one", life_s=60, seat="s", generation=f"g{number}") for number in range(20))
    )

    assert sum(spent) == 1
    assert await store.holder(seat="s") == f"g{spent.index(True)}"
    await store.claim(seat="s", generation="later")
    assert await store.holder(seat="s") == "later"
    await client.aclose()


async def test_without_valkey_the_store_lets_nobody_in(tmp_path: Path) -> None:
    client: Redis = Redis.from_url(f"unix://{tmp_path}/nothing.sock")
    store = ValkeyStore(client)

    with pytest.raises(Unavailable):
        await store.spend(jti="one", life_s=60, seat="s", generation="g")
    with pytest.raises(Unavailable):
        await store.holder(seat="s")
    with pytest.raises(Unavailable):
        await store.claim(seat="s", generation="g")
    await client.aclose()
