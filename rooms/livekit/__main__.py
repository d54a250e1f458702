"""`python -m rooms.livekit`: stand between Django and a LiveKit server. Run one of it, in place of `rooms.relay`."""

import asyncio
import contextlib
import signal
import sys
import time

from environs import FileAwareEnv
from redis.asyncio import Redis

from rooms.livekit.engine import Engine
from rooms.livekit.server import Server
from rooms.livekit.settings import complaint
from rooms.relay import log
from rooms.relay.events import ValkeySink
from rooms.relay.reader import BLOCK_MS, ControlReader


def main() -> int:
    """Read the settings, run until SIGTERM, return the exit status."""
    log.configure()
    env = FileAwareEnv(strip_whitespace=True)
    url, key, secret = (env.str(name, "") for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"))
    redis_url = env.str("REDIS_URL", "")
    problem = complaint(url=url, key=key, secret=secret)
    if problem is None and not redis_url:
        problem = "REDIS_URL: the engine reads in Valkey what the site decides"
    if problem is not None:
        log.log.error("settings", problem=problem)
        return 2
    asyncio.run(_serve(redis_url, url, key, secret))
    return 0


async def _serve(redis_url: str, url: str, key: str, secret: str) -> None:
    client: Redis = Redis.from_url(
        redis_url, decode_responses=True, socket_connect_timeout=2, socket_timeout=2 * BLOCK_MS / 1000
    )
    server, events = Server(url, key, secret), ValkeySink(client)
    engine = Engine(server, events)
    reader = ControlReader(client, engine.take, time.time())
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    tasks = [asyncio.create_task(reader.run()), asyncio.create_task(events.run())]
    try:
        await reader.caught_up.wait()
        log.log.info("livekit engine up")
        tasks.append(asyncio.create_task(engine.run()))
        done, _ = await asyncio.wait(
            [*tasks, asyncio.create_task(stopped.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await server.close()
        await client.aclose()
        log.log.info("livekit engine stopped")


if __name__ == "__main__":
    sys.exit(main())
