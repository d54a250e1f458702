"""Ada's room at its start, people in it, and a relay's folder with what they said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from config import clock
from rooms.live import grants, stream
from rooms.models import Creator, Room, Ticket, User
from rooms.relay.recording import Recorder
from rooms.relay.rtp import Packet
from tests.rooms.live.conftest import _relay, evening, opening, paid
from tests.rooms.relay.test_recording import opus_packets

__all__ = ["_relay", "evening", "paid"]

Says = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where the relay writes; what is taken in goes to a folder of the test too."""
    settings.RELAY_RECORDINGS = tmp_path / "recordings"
    location = {"location": str(tmp_path / "replays")}
    settings.STORAGES = {**settings.STORAGES, "recordings": {**settings.STORAGES["recordings"], "OPTIONS": location}}
    return tmp_path / "recordings"


@pytest.fixture(autouse=True)
def _client_of_this_test() -> None:
    stream.client.cache_clear()


def admitted(user: User, room: Room) -> str:
    """The person's identity at the relay, as a grant makes it."""
    return grants.grant(room=room, user=user, now=clock.now(), real_now=clock.real_now()).identity


@pytest.fixture
def says(folder: Path, evening: Room) -> Says:
    """Somebody says a tone in Ada's room: the relay's file of it lies in the folder."""

    def says_(user: User, hz: float, *, at: datetime, seconds: int = 2, ends: bool = True) -> None:
        recorder = Recorder(str(evening.id), folder, at.timestamp)
        identity = admitted(user, evening)
        for number, payload in enumerate(opus_packets(hz, 50 * seconds)):
            packet = Packet(111, False, number, number * 960, 1, payload)  # noqa: FBT003
            recorder.on_packet(identity, replace(packet, level_dbov=20), 0.0)
        if ends:
            recorder.close()
        else:
            recorder.tracks[identity].file.close()  # what a killed process has handed to the kernel

    return says_


@pytest.fixture
def over(evening: Room) -> Callable[[], Room]:
    """Lets the room be over, as the clock sees it."""
    return lambda: opening(evening, starts_in=-timedelta(hours=2))


@pytest.fixture
def host(ada: Creator) -> User:
    """Ada as a person."""
    return ada.user


@pytest.fixture
def listener(linus: User, paid: Ticket) -> User:
    """Linus, who has a ticket."""
    return linus
