"""`python -m tests.bench.relay`: what one relay process on one core carries, beside the floor, aiortc and Janus.

The relay runs on the first core as a program of its own, the load generator on the second. Figures are of the relay's
CPU time alone, as the kernel counts it; latency is from the speaker's send to the kernel's time of arrival, so the
generator's own lateness is no part of it. aiortc's MediaRelay and Janus's VideoRoom are measured the same way.
`--undisturbed` gives relay and generator precedence over all other programs (SCHED_FIFO, needs root).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.bench import relay_janus
from tests.bench.relay_aiortc import measure as measure_aiortc
from tests.bench.relay_load import Listeners, talk
from tests.processes import ROOT, wait_until
from tests.rooms.relay.house import ROOM
from tests.rooms.relay.live import Live
from tests.rooms.relay.peer import Peer, offer

FLOOR_ROUNDS = 100
AIORTC_LISTENERS = 10
JANUS_LISTENERS = 200


def main() -> None:
    """Measure, and print a table and a JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, nargs="*", default=[500, 1000, 2000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--without-aiortc", action="store_true")
    parser.add_argument("--without-janus", action="store_true")
    parser.add_argument("--undisturbed", action="store_true")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    if arguments.undisturbed:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))  # what we start inherits it
    results = [measure(count, arguments.seconds, cores[0]) for count in arguments.listeners]
    for result in results:
        print(line(result))
    report: dict[str, object] = {"relay": results}
    if not arguments.without_aiortc:
        report["aiortc"] = measure_aiortc(AIORTC_LISTENERS, arguments.seconds, cores[0])
    if not arguments.without_janus:
        if relay_janus.is_there():
            report["janus"] = relay_janus.measure(JANUS_LISTENERS, arguments.seconds, cores[0])
        else:
            print("Janus is left out: it needs root, and `apt-get install janus`")
    print(json.dumps(report))


def measure(count: int, seconds: float, core: int) -> dict[str, float]:
    """One relay with `count` listeners of one speaker."""
    environment = {"RELAY_MAX_LISTENERS": str(count), "RELAY_MAX_CPU_SHARE": "9", "RELAY_LEASE_S": "600"}
    with tempfile.TemporaryDirectory() as folder, Live(Path(folder), **environment) as live:
        assert live.program is not None
        process = psutil.Process(live.program.process.pid)
        process.cpu_affinity([core])
        ada = speaker(live)
        warm = Listeners()
        warm.join(live, 20, first=10**6)
        resident, cpu = process.memory_info().rss, cpu_s(process)
        listeners = Listeners()
        listeners.join(live, count - 20)
        join_cpu_s = (cpu_s(process) - cpu) / (count - 20)
        listeners.peers += warm.peers
        packets = int(seconds * 50)
        talk(ada, listeners, packets=50, sample=10, first=1)
        # After the first packets, which make libsrtp allocate each listener's stream.
        memory = (process.memory_info().rss - resident) / (count - 20)
        cpu, begun = cpu_s(process), time.monotonic()
        measured = talk(ada, listeners, packets=packets, sample=max(1, count // 200), first=51)
        spent, wall = cpu_s(process) - cpu, time.monotonic() - begun
        floor = measure_floor(listeners, core)
        unread = measure_floor(listeners, core, read=False)
        listeners.close()
        quantiles = statistics.quantiles(measured.latency_s, n=100)
        return {
            "listeners": count,
            "us_per_packet": spent / (packets * count) * 1e6,
            "floor_us": floor["protect_us"] + floor["sendmmsg_us"],
            "floor_protect_us": floor["protect_us"],
            "floor_sendmmsg_us": floor["sendmmsg_us"],
            "floor_sendmmsg_unread_us": unread["sendmmsg_us"],
            "cpu_share": spent / wall,
            "listeners_per_core": count / (spent / (packets * 0.02)),
            "latency_ms_p50": quantiles[49] * 1000,
            "latency_ms_p99": quantiles[98] * 1000,
            "arrived_share": measured.packets / (packets * count),
            "joins_per_cpu_s": 1 / join_cpu_s,
            "joins_per_s_here": (count - 20) / listeners.joined_in_s,
            "join_ms_p95": sorted(listeners.join_s)[int(len(listeners.join_s) * 0.95)] * 1000,
            "memory_kb_per_listener": memory / 1024,
        }


def speaker(live: Live) -> Peer:
    """A connected speaker."""
    answer = httpx.post(
        f"{live.url}/relay/rooms/{ROOM}/whip",
        content=offer(sends=True),
        headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {live.grant('ada', speak=True)}"},
    )
    assert answer.status_code == 201, answer.text
    peer = Peer()
    peer.begin(answer.text)

    def ready() -> bool:
        peer.drain()
        return peer.ready

    wait_until(ready, what="the speaker", within_s=10)
    return peer


def measure_floor(listeners: Listeners, core: int, *, read: bool = True) -> dict[str, float]:
    """Encryption plus sendmmsg alone, to the same sockets, on the relay's core.

    The sockets are read meanwhile as they are from the relay: what is read on the other core costs the sender more,
    which `read=False` shows.
    """
    ports = [peer.address[1] for peer in listeners.peers]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.relay_floor"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - one thread, nothing locked
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps({"ports": ports, "rounds": FLOOR_ROUNDS}))
    child.stdin.close()
    child.stdin = None
    while read and child.poll() is None:
        listeners.drain()
    output, _ = child.communicate()
    listeners.drain()
    result: dict[str, float] = json.loads(output)
    return result


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds of a process so far, user and system."""
    times = process.cpu_times()
    return float(times.user + times.system)


def line(result: dict[str, float]) -> str:
    """One result for people."""
    return (
        f"{result['listeners']:.0f} listeners: {result['us_per_packet']:.2f} µs a packet a listener"
        f" (floor {result['floor_us']:.2f}), {result['cpu_share']:.0%} of a core,"
        f" latency p50 {result['latency_ms_p50']:.2f} p99 {result['latency_ms_p99']:.2f} ms,"
        f" {result['arrived_share']:.2%} arrived, join {1000 / result['joins_per_cpu_s']:.2f} ms CPU"
        f" ({result['joins_per_cpu_s']:.0f} a second of CPU), {result['memory_kb_per_listener']:.0f} KB a listener"
    )


if __name__ == "__main__":
    main()
