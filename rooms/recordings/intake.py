"""Takes in what the relay has recorded: from its folder into the site's storage, each file once, nothing lost.

The folder is the queue. A file whose note says that it is whole is taken at once, one that a killed relay left
when it has not changed for a while. The row comes first in the transaction, so that of two workers one waits and
then sees that it is done; the relay's file goes only after the commit.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction

from rooms.models import Admission, Recording
from rooms.recordings.operations import STORAGE
from rooms.relay.ogg import last_granule
from rooms.relay.opus import CLOCK_HZ
from rooms.relay.webm import PRE_SKIP

log = structlog.get_logger(__name__)

STALE_AFTER_S: Final = 120.0
"""The relay writes a page a second while somebody speaks, and ends the file after ten seconds of nothing."""
LONGEST_PAGE: Final = 65_307  # RFC 3533 section 6
NAMES: Final = UUID("6f2b3a6e-5d0c-4d0a-9a51-0b01e0b01e00")
A_MILLISECOND: Final = CLOCK_HZ // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that is whole, or as whole as it will get."""

    path: Path
    room: UUID
    identity: str
    began_at: datetime
    duration_ms: int
    spoke: list[list[int]]

    @property
    def source(self) -> str:
        """The relay's name of it."""
        return f"{self.path.parent.name}/{self.path.name}"


def take_in(*, folder: Path, real_now: datetime) -> int:
    """Take in all that is ready; how many files. A file that cannot be read is set aside, not tried for ever."""
    count = 0
    for note in sorted(folder.glob("*/*.json")):
        try:
            found = _read(note, real_now=real_now)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("recording.unreadable", note=note.name, error=str(error)[:200])
            note.replace(note.with_suffix(".unreadable"))
            continue
        if found is not None:
            try:
                count += _take(found, real_now=real_now)
            except OSError as error:
                # A full disk, a storage that is away: the file stays where it is, and its turn comes again.
                log.warning("recording.waits", source=found.source, error=str(error)[:200])
    return count


def _read(note_path: Path, *, real_now: datetime) -> Found | None:
    """What there is to take, None while the relay may still be writing."""
    note = json.loads(note_path.read_text())
    path = note_path.with_suffix(".opus")
    if not path.exists():
        note_path.unlink(missing_ok=True)  # a run that was killed between its commit and here
        return None
    samples, spoke = note["samples"], note["spoke"] or []
    if samples is None:
        if real_now.timestamp() - path.stat().st_mtime < STALE_AFTER_S:
            return None
        samples = max(0, last_granule(_tail(path)) - PRE_SKIP)
        spoke = [[0, samples]]
    return Found(
        path=path,
        room=UUID(note["room"]),
        identity=str(note["identity"]),
        began_at=datetime.fromtimestamp(float(note["began_at_s"]), UTC),
        duration_ms=int(samples) // A_MILLISECOND,
        spoke=[[int(start) // A_MILLISECOND, int(end) // A_MILLISECOND] for start, end in spoke],
    )


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2 * LONGEST_PAGE))
        return file.read()


def _take(found: Found, *, real_now: datetime) -> int:
    admission = Admission.objects.filter(room_id=found.room, identity=found.identity).first()
    if admission is None:
        log.warning("recording.unknown_identity", room=str(found.room), identity=found.identity)
        found.path.with_suffix(".json").replace(found.path.with_suffix(".unreadable"))
        return 0
    if found.duration_ms > 0:
        _store(found, admission, real_now=real_now)
    _forget([found.path, found.path.with_suffix(".json")])
    return int(found.duration_ms > 0)


@transaction.atomic
def _store(found: Found, admission: Admission, *, real_now: datetime) -> None:
    recording_id = uuid5(NAMES, found.source)
    facts = {
        "id": recording_id,
        "room_id": found.room,
        "speaker_id": admission.user_id,
        "identity": found.identity,
        "file": f"{found.room}/{recording_id}.opus",
        "began_at": found.began_at,
        "duration_ms": found.duration_ms,
        "size_bytes": found.path.stat().st_size,
        "spoke": found.spoke,
        "taken_in_at": real_now,
        "expires_at": real_now + timedelta(days=settings.RECORDING_KEEP_DAYS),
    }
    recording, is_new = Recording.objects.get_or_create(source=found.source, defaults=facts)
    if not is_new:
        return  # its file was kept before its row was committed; the run was killed before it could tidy up
    storage = storages[STORAGE]
    storage.delete(recording.file)  # of a run that was killed before its commit
    with found.path.open("rb") as file:
        saved = storage.save(recording.file, File(file))
    if saved != recording.file:
        raise OSError(f"the storage kept {recording.file} as {saved}")


def _forget(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
