"""Whatever arrives on the port or in an offer: no crash, no session stolen or lost, nothing that grows.

Inputs are real messages, mutated, and noise, all from one seed that a failure prints. The short profile runs some
thousands; the soak profile a million.
"""

import contextlib
import gc
import random
import resource
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rooms.relay import ingress, rtcp, rtp
from rooms.relay.answer import accept_listen, accept_publish
from rooms.relay.dtls import DtlsError, Handshake
from rooms.relay.problems import Refusal
from rooms.relay.sdp import parse_fragment, parse_offer
from rooms.relay.store import MemoryStore
from tests.rooms.relay.house import House
from tests.rooms.relay.peer import CONTEXT, IDENTITY, OPUS, Peer, offer

SHORT, LONG = 20_000, 1_000_000
INTERESTING = (0, 1, 3, 0x7F, 0x80, 0xFF)
Mutation = Callable[[random.Random, bytearray], None]


def seeded(seed: int) -> random.Random:
    """Inputs that a seed makes again."""
    return random.Random(seed)  # noqa: S311 - not for secrets


def fresh_seed() -> int:
    """A new seed for each long run; assertions print it."""
    return secrets.randbits(32)


def flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def set_interesting(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice(INTERESTING)


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data) + 1) :]


def grow(chance: random.Random, data: bytearray) -> None:
    data += chance.randbytes(chance.randrange(200))


def remove(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data) + 1)
    del data[start : start + chance.randrange(20)]


def repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data) + 1)
    data[start:start] = data[start : start + chance.randrange(60)]


MUTATIONS: tuple[Mutation, ...] = (flip, flip, set_interesting, set_interesting, cut, grow, remove, repeat)


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    """One input: noise now and then, else a real message with one to four mutations."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(1400))
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        chance.choice(MUTATIONS)(chance, data)
    return bytes(data[:2000])


def resident_bytes() -> int:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def hammer(house: House, rounds: int, seed: int) -> None:
    chance = seeded(seed)
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    stranger = ("127.0.0.1", 9)
    seeds = wire_messages(ada, linus)
    house.pump()  # the checks among them arrive from their own addresses first: from then on a copy is a replay
    sources = [ada.address, linus.address, stranger]
    sizes = []
    for number in range(rounds):
        datagram = mutated(chance, seeds)
        ingress.receive(house.relay, datagram, chance.choice(sources), time.monotonic())
        if number % 1000 == 0:
            drain(house)
        if number % 100_000 == 50_000:
            gc.collect()
            sizes.append(resident_bytes())
    drain(house)

    assert {session.identity for session in house.relay.sessions.values()} == {"ada", "linus"}
    assert set(house.relay.by_address) == {ada.address, linus.address}, seed
    assert await still_heard(house, ada, linus), seed
    if len(sizes) > 2:
        assert sizes[-1] - sizes[1] < 4_000_000, sizes


def wire_messages(ada: Peer, linus: Peer) -> list[bytes]:
    """Real messages of every kind."""
    assert linus.srtp is not None
    plain = rtcp.build(rtcp.ReceiverReport(linus.ssrc)) + rtcp.build(rtcp.Nack(linus.ssrc, 1, (1, 2, 3)))
    return [
        ada.check(),
        linus.check(nominate=False),
        *(ada.protected(sequence=40_000 + n, timestamp=n * 960, payload=b"\xfcfuzz", level=3) for n in range(8)),
        linus.srtp.outbound.protect_rtcp(plain),
        b"\x16\xfe\xfd" + bytes(8) + b"\x00\x20\x01" + bytes(31),
        b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28",
        rtp.build(payload_type=OPUS, sequence=1, timestamp=1, ssrc=1, payload=b"in the clear"),
        plain,
    ]


def drain(house: House) -> None:
    """Empty the peers' sockets, unread."""
    for peer in house.peers:
        with contextlib.suppress(BlockingIOError):
            while True:
                peer.socket.recv(2048)


async def still_heard(house: House, ada: Peer, linus: Peer) -> bool:
    """Whether audio still flows after all that."""
    linus.check()
    ada.check()
    house.pump()
    linus.received.clear()
    ada.speak(sequence=50_000, timestamp=7, payload=b"\xfcafter the storm", level=1)
    house.pump()
    return [packet.payload for packet in linus.packets()] == [b"\xfcafter the storm"]


async def test_the_port_takes_whatever_comes(house: House) -> None:
    await hammer(house, SHORT, seed=20_261_121)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_port_takes_a_million_inputs(house: House) -> None:
    await hammer(house, LONG, seed=fresh_seed())


def fuzz_handshakes(house: House, rounds: int, seed: int) -> None:
    """Mutated datagrams in the middle of handshakes: the handshake fails or goes on, nothing else happens."""
    chance = seeded(seed)
    server_context = house.worker.joins.dtls
    fingerprint = house.worker.joins.place.fingerprint
    for _ in range(rounds):
        server = Handshake(server_context, IDENTITY.fingerprint, server=True)
        client = Handshake(CONTEXT, fingerprint, server=False)
        hello = client.start()
        with contextlib.suppress(DtlsError):
            for datagram in hello:
                server.receive(mutated(chance, [datagram]))
                for answer in server.receive(datagram):
                    for reply in client.receive(answer):
                        server.receive(mutated(chance, [reply]))
        assert server.keys is None or server.keys.profile.key_length == 16


async def test_handshakes_take_whatever_comes(house: House) -> None:
    fuzz_handshakes(house, 300, seed=20_261_121)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_handshakes_take_whatever_comes_for_long(house: House) -> None:
    fuzz_handshakes(house, 50_000, seed=fresh_seed())


def fuzz_offers(rounds: int, seed: int) -> int:
    """Mutated offers are refused with a reason, or answered; how many were accepted."""
    chance = seeded(seed)
    restart = b"a=ice-ufrag:abcd\r\na=ice-pwd:x\r\n"
    seeds = [offer(sends=True).encode(), offer(sends=False, sections=4).encode(), restart]
    accepted = 0
    for _ in range(rounds):
        body = mutated(chance, seeds)
        with contextlib.suppress(Refusal):
            parse_fragment(body)
        with contextlib.suppress(Refusal):
            parsed = parse_offer(body)
            for accept in (accept_publish, lambda o: accept_listen(o, 4)):
                with contextlib.suppress(Refusal):
                    accept(parsed)
                    accepted += 1
    return accepted


def test_offers_are_refused_or_answered() -> None:
    assert 0 < fuzz_offers(SHORT, seed=20_261_121) < SHORT


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_offers_are_refused_or_answered() -> None:
    assert 0 < fuzz_offers(LONG, seed=fresh_seed()) < LONG


def fuzz_plain(rounds: int, seed: int) -> int:
    """RTP and RTCP behind the keys, as an authenticated peer could send them."""
    chance = seeded(seed)
    level = b"\xbe\xde\x00\x01\x10\x80\x00\x00"
    seeds = [
        b"\x90\x6f\x00\x01" + bytes(8) + level + b"opus",
        rtcp.build(rtcp.SenderReport(1, 2, 3, 4, 5, (rtcp.Report(1),))) + rtcp.build(rtcp.Bye((1,))),
        rtcp.build(rtcp.Nack(1, 2, (1, 5, 40))),
    ]
    parsed = 0
    for _ in range(rounds):
        data = mutated(chance, seeds)
        with contextlib.suppress(rtp.RtpError):
            packet = rtp.parse(data, 1)
            assert len(packet.payload) <= len(data)
            parsed += 1
        with contextlib.suppress(rtcp.RtcpError):
            parsed += len(rtcp.parse(data)) > 0
    return parsed


def test_rtp_and_rtcp_are_refused_or_read() -> None:
    assert 0 < fuzz_plain(SHORT, seed=20_261_121) < 2 * SHORT


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_packets_are_refused_or_read() -> None:
    assert 0 < fuzz_plain(LONG, seed=fresh_seed()) < 2 * LONG


def forget_doubles(house: House) -> None:
    """What the doubles of Valkey remember is not the relay's memory."""
    house.events.events.clear()
    store = house.worker.joins.store
    assert isinstance(store, MemoryStore)
    store.spent.clear()
    store.seats.clear()


async def come_and_go(house: House, rounds: int) -> None:
    """Joins and leaves, with audio in between, leave no memory behind."""
    house.worker.governor.max_listeners = 10**6
    ada, _ = await house.speaker("ada")
    sizes = []
    for number in range(rounds):
        peer, response = await house.listener(f"listener {number}")
        ada.speak(sequence=number & 0xFFFF, timestamp=960 * number, payload=b"\xfctalking", level=3)
        ada.check()
        house.pump()
        assert len(peer.packets()) == 1
        await house.http.delete(response.headers["location"])
        peer.close()
        house.peers.remove(peer)
        if number % max(1, rounds // 10) == 0:
            forget_doubles(house)
            ada.stun_replies.clear()
            gc.collect()
            sizes.append(resident_bytes())

    assert len(house.relay.sessions) == 1
    assert len(house.relay.by_address) == 1
    assert len(house.relay.ice) == 1
    assert house.relay.unready == set()
    if rounds >= 1000:
        assert sizes[-1] - sizes[2] < 4_000_000, sizes


async def test_joins_and_leaves_leave_nothing_behind(house: House) -> None:
    await come_and_go(house, 60)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_ten_thousand_joins_and_leaves_leave_nothing_behind(house: House) -> None:
    await come_and_go(house, 10_000)
