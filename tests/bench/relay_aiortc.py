"""aiortc's MediaRelay under the same measure: a server process that relays one tone to some listeners."""

import asyncio
import json
import os
import subprocess
import sys

import aiortc
import psutil
from aiortc.contrib.media import MediaBlackhole, MediaRelay

from tests.processes import ROOT
from tests.rooms.relay.test_aiortc import ToneTrack

NO_ICE = aiortc.RTCConfiguration(iceServers=[])


async def serve() -> None:
    """Answer offers that come as JSON lines on standard input; the first publishes, the others listen."""
    relay = MediaRelay()
    connections: list[aiortc.RTCPeerConnection] = []
    source: asyncio.Future[aiortc.MediaStreamTrack] = asyncio.get_running_loop().create_future()
    while text := await asyncio.to_thread(sys.stdin.readline):
        connection = aiortc.RTCPeerConnection(NO_ICE)
        connections.append(connection)
        if len(connections) == 1:
            connection.on("track", source.set_result)
            await connection.setRemoteDescription(aiortc.RTCSessionDescription(**json.loads(text)))
        else:
            await connection.setRemoteDescription(aiortc.RTCSessionDescription(**json.loads(text)))
            connection.addTrack(relay.subscribe(await source))
        await connection.setLocalDescription(await connection.createAnswer())
        description = connection.localDescription
        print(json.dumps({"sdp": description.sdp, "type": description.type}), flush=True)
    for connection in connections:
        await connection.close()


async def _load(server: "subprocess.Popen[str]", listeners: int, seconds: float) -> float:
    """Connect, let it run, and return CPU seconds of the server in that time."""
    assert server.stdin is not None
    assert server.stdout is not None
    connections = []
    for number in range(listeners + 1):
        connection = aiortc.RTCPeerConnection(NO_ICE)
        connections.append(connection)
        if number == 0:
            connection.addTransceiver(ToneTrack(1000), direction="sendonly")
        else:
            connection.addTransceiver("audio", direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        description = connection.localDescription
        server.stdin.write(json.dumps({"sdp": description.sdp, "type": description.type}) + "\n")
        server.stdin.flush()
        answer = json.loads(await asyncio.to_thread(server.stdout.readline))
        await connection.setRemoteDescription(aiortc.RTCSessionDescription(**answer))
        if number:
            sink = MediaBlackhole()
            sink.addTrack(connection.getReceivers()[0].track)
            await sink.start()
    await asyncio.sleep(2.0)  # past the handshakes: the measure is of what goes on for ever
    process = psutil.Process(server.pid)
    before = process.cpu_times()
    await asyncio.sleep(seconds)
    after = process.cpu_times()
    for connection in connections:
        await connection.close()
    return float(after.user + after.system - before.user - before.system)


def measure(listeners: int, seconds: float, core: int) -> dict[str, float]:
    """Microseconds of CPU a packet a listener, and listeners a core."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.relay_aiortc"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - one thread, nothing locked
    ) as server:
        spent = asyncio.run(_load(server, listeners, seconds))
        assert server.stdin is not None
        server.stdin.close()
        server.wait(timeout=30)
    return {
        "listeners": listeners,
        "us_per_packet": spent / (seconds * 50 * listeners) * 1e6,
        "listeners_per_core": listeners / (spent / seconds),
    }


if __name__ == "__main__":
    asyncio.run(serve())
