"""The cast, and clients that are signed in as them."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from config import clock
from rooms.models import Creator, Room, User
from tests.rooms import cast


@pytest.fixture
def ada(db: None) -> Creator:
    """Ada hosts."""
    return cast.creator("Ada Lovelace")


@pytest.fixture
def linus(db: None) -> User:
    """Linus listens."""
    return cast.person("Linus")


@pytest.fixture
def evening(ada: Creator) -> Room:
    """Ada's room: three seats at 10.00, tomorrow by the clock that the API reads."""
    now = clock.now()
    return cast.room(ada, now=now, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=1, hours=1))


@pytest.fixture
def visitor() -> APIClient:
    """Nobody is signed in."""
    return APIClient()


@pytest.fixture
def listener(linus: User) -> APIClient:
    """Linus is signed in."""
    client = APIClient()
    client.force_login(linus)
    return client
