"""The cast as fixtures."""

import pytest

from rooms.models import Creator, Room, User
from tests.rooms import cast


@pytest.fixture
def ada(db: None) -> Creator:
    """Ada hosts."""
    return cast.creator("Ada Lovelace")


@pytest.fixture
def grace(db: None) -> Creator:
    """Grace co-hosts."""
    return cast.creator("Grace Hopper")


@pytest.fixture
def linus(db: None) -> User:
    """Linus listens."""
    return cast.person("Linus")


@pytest.fixture
def evening(ada: Creator) -> Room:
    """Ada's room: three seats at 10.00, in a week."""
    return cast.room(ada)
