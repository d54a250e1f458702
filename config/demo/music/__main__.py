"""`python -m config.demo.music`: plays for as long as the demo runs, and joins again whenever the line is lost."""

import logging
import os
import signal
import struct
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import django
import httpx
from django.db import close_old_connections

TUNE: Final = Path(__file__).with_name("theremin.frames")
"""A tune of ours in Opus at 28 kbit/s: packets of 20 ms, each after its length in two bytes."""
FRAME_S: Final = 0.02
JOIN_AGAIN_S: Final = 2.0


def main() -> None:
    """Play until ended."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    packets = list(frames(TUNE.read_bytes()))
    try:
        while True:
            _play(cycle(packets))
            time.sleep(JOIN_AGAIN_S)  # between two tries: the room may be over, or the relay starting
    except KeyboardInterrupt:
        return


def frames(data: bytes) -> Iterator[bytes]:
    """The Opus packets of a file of ours."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("!H", data, at)
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


def _play(packets: Iterator[bytes]) -> None:
    from config.demo.music.publisher import LineLostError, Publisher  # noqa: PLC0415 (after setup)
    from config.demo.music.seat import seat_on_stage  # noqa: PLC0415
    from rooms.live.errors import NoGrantError  # noqa: PLC0415
    from rooms.relay.dtls import DtlsError  # noqa: PLC0415

    voice = Publisher()
    close_old_connections()
    try:
        seat = seat_on_stage()
        voice.join(relay_url=seat.relay_url, room=seat.room, token=seat.token)
        due_s = time.monotonic()
        for packet in packets:
            voice.send(packet)
            due_s += FRAME_S
            time.sleep(max(0.0, due_s - time.monotonic()))
    except (LineLostError, DtlsError, NoGrantError, httpx.HTTPError, OSError) as error:
        logging.getLogger("config.demo.music").info("joins again: %s", error)
    finally:
        voice.close()


if __name__ == "__main__":
    main()
