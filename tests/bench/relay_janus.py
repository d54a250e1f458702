"""Janus VideoRoom, as Debian packages it, under the same measure: one speaker, many listeners, one core.

Janus offers no loopback address, so it runs in a network namespace made for the measurement, with an address of its
own; our peers speak to it there. Needs root, `apt-get install janus`, `unshare` and `ip`; left out where one lacks.
"""

import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from tests.bench.relay_load import Listeners, talk
from tests.processes import ROOT, wait_until
from tests.rooms.relay.peer import Peer, offer

ADDRESS = "192.0.2.1"  # TEST-NET-1; it exists in the namespace alone
PORT = 8088
ROOM = 1
FOLDERS = "/usr/lib/x86_64-linux-gnu/janus"
NAMESPACE = (
    "ip link set lo up && ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
    f" && ip addr add {ADDRESS}/24 dev v0 && exec {{command}}"
)
CONFIG = f"""
general: {{
  plugins_folder = "{FOLDERS}/plugins"; transports_folder = "{FOLDERS}/transports";
  events_folder = "{FOLDERS}/events"; loggers_folder = "{FOLDERS}/loggers";
  debug_level = 2; session_timeout = 0; event_loops = 1;
}}
nat: {{ ice_lite = true; ice_enforce_list = "v0"; }}
media: {{ rtp_port_range = "20000-60000"; }}
plugins: {{ disable = "%s"; }}
transports: {{ disable = "%s"; }}
"""
HTTP = f"""
general: {{ json = "compact"; base_path = "/janus"; http = true; port = {PORT}; ip = "127.0.0.1"; https = false; }}
admin: {{ admin_http = false; }}
"""
ROOMS = f'room-{ROOM}: {{ description = "bench"; publishers = 1; audiocodec = "opus"; videocodec = "vp8"; }}\n'


def is_there() -> bool:
    """Whether it can be measured here."""
    return os.geteuid() == 0 and all(shutil.which(name) for name in ("janus", "unshare", "ip"))


def measure(listeners: int, seconds: float, core: int) -> dict[str, float]:
    """Microseconds of Janus's CPU a packet a listener, and latencies."""
    inner = f"{sys.executable} -m tests.bench.relay_janus {listeners} {seconds} {core}"
    command = ["unshare", "--net", "sh", "-c", NAMESPACE.format(command=inner)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main(listeners: int, seconds: float, core: int) -> None:
    """Inside the namespace."""
    with tempfile.TemporaryDirectory() as folder:
        _configure(Path(folder))
        command = ["janus", "--configs-folder", folder, "--log-file", f"{folder}/log", "--disable-stdout"]
        with subprocess.Popen(command, stdout=sys.stderr, stdin=subprocess.DEVNULL) as janus:
            try:
                print(json.dumps(_measure(psutil.Process(janus.pid), listeners, seconds, core)))
            finally:
                janus.terminate()


def _configure(folder: Path) -> None:
    plugins = [path.name for path in Path(FOLDERS, "plugins").glob("*.so") if "videoroom" not in path.name]
    transports = [path.name for path in Path(FOLDERS, "transports").glob("*.so") if "http" not in path.name]
    (folder / "janus.jcfg").write_text(CONFIG % (",".join(plugins), ",".join(transports)))
    (folder / "janus.transport.http.jcfg").write_text(HTTP)
    (folder / "janus.plugin.videoroom.jcfg").write_text(ROOMS)


def _measure(janus: psutil.Process, count: int, seconds: float, core: int) -> dict[str, float]:
    api = Api()
    wait_until(api.is_up, what="Janus", within_s=20)
    janus.cpu_affinity([core])
    for thread in janus.threads():
        os.sched_setaffinity(thread.id, {core})
    ada, feed = api.publish()
    listeners = Listeners(peers=[api.subscribe(feed) for _ in range(count)])
    talk(ada, listeners, packets=50, sample=10, first=1)
    packets = int(seconds * 50)
    before, begun = _cpu_s(janus), time.monotonic()
    measured = talk(ada, listeners, packets=packets, sample=max(1, count // 200), first=51)
    spent, wall = _cpu_s(janus) - before, time.monotonic() - begun
    quantiles = statistics.quantiles(measured.latency_s, n=100)
    return {
        "listeners": count,
        "us_per_packet": spent / (packets * count) * 1e6,
        "cpu_share": spent / wall,
        "latency_ms_p50": quantiles[49] * 1000,
        "latency_ms_p99": quantiles[98] * 1000,
        "arrived_share": measured.packets / (packets * count),
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Api:
    """Janus's HTTP API, as much as a VideoRoom needs. Source: Janus's documentation, "RESTful, WebSockets, … API"."""

    def __init__(self) -> None:
        self._session = 0

    def is_up(self) -> bool:
        """Whether it answers; opens the session."""
        try:
            self._session = self._post("", janus="create")["data"]["id"]
        except OSError:
            return False
        return True

    def publish(self) -> tuple[Peer, int]:
        """A connected speaker, and the id under which it is subscribed to."""
        handle = self._attach()
        joined = self._message(handle, {"request": "join", "ptype": "publisher", "room": ROOM})
        peer = Peer(ip=ADDRESS)
        source = f"a=ssrc:{peer.ssrc} cname:bench\r\n"
        jsep = {"type": "offer", "sdp": offer(sends=True, setup="active", extra=source)}
        answer = self._message(handle, {"request": "publish", "audiocodec": "opus"}, jsep)
        return self._connected(peer, answer["jsep"]["sdp"]), joined["plugindata"]["data"]["id"]

    def subscribe(self, feed: int) -> Peer:
        """A connected listener: Janus offers, we answer."""
        handle = self._attach()
        request = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": feed}]}
        sdp = self._message(handle, request)["jsep"]["sdp"]
        jsep = {"type": "answer", "sdp": offer(sends=False, setup="active")}
        self._message(handle, {"request": "start"}, jsep)
        return self._connected(Peer(ip=ADDRESS), sdp)

    @staticmethod
    def _connected(peer: Peer, sdp: str) -> Peer:
        peer.begin(sdp)
        end_s = time.monotonic() + 10
        while not peer.ready:
            assert time.monotonic() < end_s, "a peer of Janus did not get ready"
            if select.select([peer.socket], [], [], 0.02)[0]:
                peer.drain()
            else:
                peer.nudge()
        return peer

    def _attach(self) -> int:
        answer = self._post(f"/{self._session}", janus="attach", plugin="janus.plugin.videoroom")
        return int(answer["data"]["id"])

    def _message(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        """Send a message; the event that answers it, whatever else is told in between."""
        more = {"jsep": jsep} if jsep else {}
        self._post(f"/{self._session}/{handle}", janus="message", body=body, **more)
        while True:
            for event in self._get(f"/{self._session}?maxev=10"):
                if event.get("janus") == "event" and event.get("sender") == handle:
                    assert "error" not in event["plugindata"]["data"], event
                    return event

    def _post(self, path: str, **fields: Any) -> dict[str, Any]:
        body = json.dumps(fields | {"transaction": "bench"}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}/janus{path}", body)
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def _get(self, path: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/janus{path}", timeout=40) as answer:
            found = json.load(answer)
        return found if isinstance(found, list) else [found]


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
