"""One relay worker: its socket, timers, Valkey connections and HTTP server, from start to stop."""

import asyncio
import contextlib
import datetime as dt
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette

from rooms.relay import ingress, ticks
from rooms.relay.access import Access
from rooms.relay.answer import Place
from rooms.relay.certificate import Identity
from rooms.relay.control import Record
from rooms.relay.dtls import make_context
from rooms.relay.events import Sink, ValkeySink
from rooms.relay.fanout import Arena
from rooms.relay.governor import SAMPLE_S, Governor
from rooms.relay.http import make_app
from rooms.relay.joins import Joins
from rooms.relay.log import log
from rooms.relay.memory import Collector
from rooms.relay.metrics import Metrics
from rooms.relay.reader import BLOCK_MS, ControlReader
from rooms.relay.recording import Recorder
from rooms.relay.relay import Relay
from rooms.relay.room import Outlet, Room
from rooms.relay.session import HttpsSession, RtcSession
from rooms.relay.settings import Settings
from rooms.relay.sockets import open_udp
from rooms.relay.store import Store, ValkeyStore
from rooms.relay.stun import Address

DATAGRAMS_A_TURN = 64  # so that HTTP and timers get their share of the loop under load
MAX_DATAGRAM = 2048
READ_TIMEOUT_S = 2 * BLOCK_MS / 1000  # longer than a blocking read, which else times out whenever nothing was said


class Worker:
    """Everything of one process. `store` and `events` can be put in by tests that run without Valkey."""

    def __init__(self, settings: Settings, *, store: Store, events: Sink) -> None:
        self.settings = settings
        self.events = events
        self.socket = open_udp(settings.bind_ip, settings.udp_port)
        port = settings.public_udp_port or self.socket.getsockname()[1]
        self.metrics = Metrics()
        outlet = Outlet(self.socket.fileno(), self.socket.family, Arena(), self.metrics)
        self.recording: set[str] = set()
        self.relay = Relay(outlet, self._send, events, on_room=self._follow_recording)
        self.access = Access(self.relay, time.time, self.record)
        self.governor = Governor(settings.max_listeners, settings.max_cpu_share)
        self.collector = Collector(time.monotonic())
        identity = Identity.generate(dt.datetime.now(dt.UTC))
        self.joins = Joins(
            relay=self.relay,
            access=self.access,
            governor=self.governor,
            store=store,
            dtls=make_context(identity),
            place=Place(settings.public_ip, port, identity.fingerprint),
            keys=settings.grant_keys,
            issuer=settings.issuer,
            lease_s=settings.lease_s,
            clock=time.monotonic,
            wall=time.time,
        )
        self.app = make_app(self.joins, self.gauges, origins=settings.site_origins, ice_servers=settings.ice_servers)
        self.server = _server(self.app, settings)

    def record(self, message: Record) -> None:
        """Begin or end recording a room; one that is not live yet begins with its first session."""
        if message.on:
            self.recording.add(message.room)
        else:
            self.recording.discard(message.room)
        room = self.relay.rooms.get(message.room)
        if room is not None:
            self._follow_recording(room)

    def _follow_recording(self, room: Room) -> None:
        recorder = next((tap for tap in room.taps.values() if isinstance(tap, Recorder)), None)
        if room.id in self.recording and recorder is None:
            recorder = Recorder(room.id, self.settings.recordings, time.time)
            room.taps[recorder] = recorder
        elif room.id not in self.recording and recorder is not None:
            del room.taps[recorder]
            recorder.close()

    def gauges(self) -> dict[str, float]:
        """What /metrics shows of the present."""
        rooms = self.relay.rooms.values()
        return {
            "rooms": len(rooms),
            "sessions": len(self.relay.sessions),
            "publishers": sum(len(room.publishers) for room in rooms),
            "listeners": sum(len(room.listeners) for room in rooms),
            "listeners_over_https": sum(isinstance(each, HttpsSession) for each in self.relay.sessions.values()),
            "listener_loss": _mean_loss(session for room in rooms for session in room.listeners),
            "cpu_share": self.governor.cpu_share,
            "timer_lag_seconds": self.governor.lag_s,
        }

    async def run(self, *, extra: Sequence[asyncio.Task[None]] = ()) -> None:
        """Serve until `stop` is called, or one of the `extra` tasks fails."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.socket, self._readable)
        tasks = [*self._timers(), *extra]
        log.info("relay up", udp_port=self.joins.place.port, http_port=self.settings.http_port)
        serving = asyncio.create_task(self.server.serve())
        try:
            done, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.stop()
            await serving
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            loop.remove_reader(self.socket)
            self.socket.close()
            log.info("relay stopped")

    def stop(self) -> None:
        """Tell everybody that the relay is going down, then let the HTTP server end."""
        self.relay.closing(self.relay.sessions.values(), "relay-stopped", time.monotonic())
        self.server.should_exit = True

    def _timers(self) -> list[asyncio.Task[None]]:
        timers: list[tuple[float, Callable[[float], None]]] = [
            (ticks.FAST_S, lambda now: ticks.fast(self.relay, now)),
            (ticks.HEARTBEAT_S, lambda now: ticks.heartbeat(self.relay, now)),
            (0.5, self.relay.expire),
            (SAMPLE_S, self.governor.sample),
            (ticks.SLOW_S, lambda _now: ticks.slow(self.relay)),
            (60.0, lambda _now: self.access.forget()),
            (1.0, self._tidy),
        ]
        return [asyncio.create_task(_every(period, call)) for period, call in timers]

    def _tidy(self, now: float) -> None:
        sent_at = max((room.sent_at for room in self.relay.rooms.values()), default=0.0)
        self.collector.tidy(now, sent_at=sent_at)

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_A_TURN):
            try:
                datagram, source = self.socket.recvfrom(MAX_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                log.warning("udp receive", error=error.errno)
                return
            try:
                ingress.receive(self.relay, datagram, source[:2], time.monotonic())
            except Exception:  # noqa: BLE001 - one datagram must not silence everybody; logged with its trace
                log.exception("datagram")

    def _send(self, datagram: bytes, address: Address) -> None:
        try:
            self.socket.sendto(datagram, address)
        except OSError:
            # A full buffer or an address that cannot be reached: UDP promises nothing, peers ask again.
            self.metrics.counters.packets_unsent += 1


def _mean_loss(listeners: Iterable[RtcSession]) -> float:
    """The share of packets that listeners' last reports call lost, before NACK brings them again."""
    fractions = [session.loss_fraction / 256 for session in listeners]
    return sum(fractions) / len(fractions) if fractions else 0.0


async def _every(period_s: float, call: Callable[[float], None]) -> None:
    while True:
        await asyncio.sleep(period_s)
        try:
            call(time.monotonic())
        except Exception:  # noqa: BLE001 - logged with its trace
            # One bad session must not stop the timers of all others.
            log.exception("timer")


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handlers, which would end the process before sessions are closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Starlette, settings: Settings) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
    )


async def serve(settings: Settings) -> None:
    """Run one worker against Valkey, until SIGTERM or SIGINT."""
    client: Redis = Redis.from_url(
        settings.redis_url, decode_responses=True, socket_connect_timeout=2, socket_timeout=READ_TIMEOUT_S
    )
    try:
        await _serve(settings, client)
    finally:
        await client.aclose()


async def _serve(settings: Settings, client: Redis) -> None:
    events = ValkeySink(client)
    worker = Worker(settings, store=ValkeyStore(client), events=events)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    Collector.take_over()
    reader = ControlReader(client, lambda message: worker.access.apply(message, time.monotonic()), time.time())
    reading = asyncio.create_task(reader.run())
    # Nobody comes in before what was revoked earlier is known.
    await reader.caught_up.wait()
    await worker.run(extra=[reading, asyncio.create_task(events.run())])
