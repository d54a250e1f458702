"""The relay's load generator: thousands of listening sockets in one process, and packets timed by the kernel."""

import http.client
import select
import socket
import struct
import time
from dataclasses import dataclass, field

from tests.rooms.relay.house import ROOM
from tests.rooms.relay.live import Live
from tests.rooms.relay.peer import Peer, offer

SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@qq")
AT_ONCE = 64
READY_WITHIN_S = 60.0
PAYLOAD = b"\xfc" + bytes(99)  # 40 kbit/s, what a speaker sends
LEVEL = 20
CHECK_EVERY = 125  # packets


@dataclass(slots=True)
class Listeners:
    """Connected listeners. Every `sample`-th socket gets the kernel's receive time on its packets."""

    peers: list[Peer] = field(default_factory=list)
    join_s: list[float] = field(default_factory=list)
    joined_in_s: float = 0.0

    def join(self, live: Live, count: int, *, first: int = 0) -> None:
        """Join `count` listeners over one HTTP connection, with handshakes overlapping; raises AssertionError."""
        client = http.client.HTTPConnection("127.0.0.1", live.http_port)
        tokens = [live.grant(f"listener {first + number}") for number in range(count)]
        body = offer(sends=False, sections=1)
        waiting: dict[int, tuple[Peer, float]] = {}
        poll = select.epoll()
        started = time.monotonic()
        for token in tokens:
            begun = time.monotonic()
            peer = Peer()
            client.request("POST", f"/relay/rooms/{ROOM}/whep", body, _headers(token))
            answer = client.getresponse()
            text = answer.read().decode()
            assert answer.status == 201, text
            peer.begin(text)
            waiting[peer.socket.fileno()] = (peer, begun)
            poll.register(peer.socket, select.EPOLLIN)
            self._advance(poll, waiting, at_most=AT_ONCE)
        self._advance(poll, waiting, at_most=0)
        self.joined_in_s = time.monotonic() - started
        poll.close()
        client.close()

    def _advance(self, poll: "select.epoll", waiting: dict[int, tuple[Peer, float]], *, at_most: int) -> None:
        """Carry handshakes on until at most so many are under way."""
        deadline = time.monotonic() + READY_WITHIN_S
        while len(waiting) > at_most:
            assert time.monotonic() < deadline, f"{len(waiting)} listeners did not get ready"
            for descriptor, _ in poll.poll(1.0):
                peer, begun = waiting[descriptor]
                peer.drain()
                if peer.ready:
                    poll.unregister(descriptor)
                    del waiting[descriptor]
                    self.peers.append(peer)
                    self.join_s.append(time.monotonic() - begun)

    def check_some(self, number: int) -> None:
        """Keep consent alive as browsers do: each listener every 2.5 seconds, spread over the packets of that time."""
        for peer in self.peers[number % CHECK_EVERY :: CHECK_EVERY]:
            peer.check()

    def drain(self) -> int:
        """Read whatever waits on all sockets; how many packets of sound that was."""
        return _drain([peer.socket for peer in self.peers], bytearray(2048))

    def close(self) -> None:
        for peer in self.peers:
            peer.close()


def _headers(token: str) -> dict[str, str]:
    return {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}


@dataclass(slots=True)
class Measured:
    """What arrived: packets over all sockets, and seconds from sending to arrival on the sampled ones."""

    packets: int = 0
    latency_s: list[float] = field(default_factory=list)


def talk(ada: Peer, listeners: Listeners, *, packets: int, sample: int, first: int) -> Measured:
    """Send `packets` at 50 a second and drain all sockets in between; latency by the kernel's clock on both sides."""
    sockets = [peer.socket for peer in listeners.peers]
    timed = sockets[::sample]
    for sock in timed:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    plain = [sock for number, sock in enumerate(sockets) if number % sample]
    measured = Measured()
    sent_at: dict[int, float] = {}
    arrivals: list[tuple[int, float]] = []
    buffer = bytearray(2048)
    begun = time.monotonic()
    for number in range(packets):
        stamp = 960 * (first + number) & 0xFFFFFFFF
        datagram = ada.protected(sequence=(first + number) & 0xFFFF, timestamp=stamp, payload=PAYLOAD, level=LEVEL)
        time.sleep(max(0.0, begun + number * 0.02 - time.monotonic()))
        sent_at[stamp] = time.time()
        ada.send(datagram)
        if number % 100 == 0:
            ada.check()
        listeners.check_some(number)
        while True:
            measured.packets += _drain(plain, buffer) + _drain_timed(timed, arrivals)
            if time.monotonic() >= begun + (number + 1) * 0.02 - 0.002:
                break
    settle = time.monotonic() + 0.5
    while time.monotonic() < settle:
        measured.packets += _drain(plain, buffer) + _drain_timed(timed, arrivals)
    measured.latency_s = _latencies(sent_at, arrivals)
    return measured


def _drain(sockets: list[socket.socket], buffer: bytearray) -> int:
    count = 0
    for sock in sockets:
        try:
            while True:
                if sock.recv_into(buffer) and buffer[0] >> 6 == 2 and buffer[1] & 0x7F == 111:
                    count += 1
        except BlockingIOError:
            continue
    return count


def _drain_timed(sockets: list[socket.socket], arrivals: list[tuple[int, float]]) -> int:
    count = 0
    for sock in sockets:
        try:
            while True:
                data, ancillary, _, _ = sock.recvmsg(2048, 64)
                if data[0] >> 6 != 2 or data[1] & 0x7F != 111:
                    continue
                count += 1
                seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2][:16])
                arrivals.append((int.from_bytes(data[4:8], "big"), seconds + nanoseconds / 1e9))
        except BlockingIOError:
            continue
    return count


def _latencies(sent_at: dict[int, float], arrivals: list[tuple[int, float]]) -> list[float]:
    """The relay adds a constant to timestamps: the first arrival belongs to the first packet sent."""
    if not arrivals:
        return []
    offset = (arrivals[0][0] - next(iter(sent_at))) & 0xFFFFFFFF
    pairs = ((sent_at.get((stamp - offset) & 0xFFFFFFFF), at) for stamp, at in arrivals)
    return sorted(at - sent for sent, at in pairs if sent is not None)
