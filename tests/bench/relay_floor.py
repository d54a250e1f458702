"""The floor: what encrypting and sending a packet to each listener costs with nothing around it.

Run as a program: reads destination ports from standard input, prints microseconds a packet as JSON.
"""

import json
import sys
import time

from pylibsrtp._binding import ffi

from rooms.relay.fanout import BATCH, Arena, Group, protect_rtp
from rooms.relay.rtp import build
from rooms.relay.sockets import MMSGHDR, open_udp, send_batch
from rooms.relay.srtp import PROFILES, Keys, Stream
from tests.bench.relay_load import PAYLOAD


def main() -> None:
    """Time encryption alone and sending alone, on prepared memory."""
    request = json.loads(sys.stdin.read())
    ports, rounds = request["ports"], request["rounds"]
    sock = open_udp("127.0.0.1", 0)
    group = Group(Arena(), sock.family)
    profile = PROFILES[0]
    keys = Keys.split(profile, bytes(range(2 * (profile.key_length + profile.salt_length))))
    for number, port in enumerate(ports):
        group.add(number, Stream(profile, keys.server, outbound=True), ("127.0.0.1", port))
    protect_s = send_s = 0.0
    for sequence in range(rounds):
        packet = build(payload_type=111, sequence=sequence, timestamp=960 * sequence, ssrc=1, payload=PAYLOAD)
        protect, send = one_round(group, sock.fileno(), packet)
        protect_s += protect
        send_s += send
        time.sleep(0.02)
    count = rounds * len(ports)
    print(json.dumps({"protect_us": protect_s / count * 1e6, "sendmmsg_us": send_s / count * 1e6}))


def one_round(group: Group, fd: int, packet: bytes) -> tuple[float, float]:
    """Seconds of CPU for encrypting and for sending one packet to every row."""
    arena = group._arena
    _, padded, places, iovecs = arena.prepare(packet)
    headers = int(ffi.cast("uintptr_t", group._headers))
    protect_s = send_s = 0.0
    for start in range(0, len(group), BATCH):
        contexts = group._contexts[start : start + BATCH]
        arena.fill(padded, iovecs, len(contexts))
        begun = time.process_time()
        list(map(protect_rtp, contexts, places, arena.lengths))
        between = time.process_time()
        send_batch(fd, headers + start * MMSGHDR.size, len(contexts))
        protect_s += between - begun
        send_s += time.process_time() - between
    return protect_s, send_s


if __name__ == "__main__":
    main()
