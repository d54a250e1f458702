"""From the relay's folder into the site's storage: each file once, whatever dies in between."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, storages
from pytest_django import DjangoAssertNumQueries

from rooms.models import Recording, Room, User
from rooms.recordings import intake, operations
from tests.rooms.recordings.conftest import Says
from tests.rooms.relay import tone
from tests.rooms.relay.test_recording import decode

REAL = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)


def take_in(folder: Path, *, after: timedelta = timedelta()) -> int:
    return intake.take_in(folder=folder, real_now=REAL + after)


def test_a_recording_decodes_to_the_tone_that_was_said(
    evening: Room, host: User, folder: Path, says: Says, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    says(host, 1000, at=REAL)

    with django_assert_num_queries(7):
        assert take_in(folder) == 1

    kept = Recording.objects.get()
    assert (kept.room, kept.speaker, kept.began_at) == (evening, host, REAL)
    assert (kept.duration_ms, kept.spoke) == (1993, [[0, 2000]])
    assert kept.expires_at - kept.taken_in_at == timedelta(days=90)
    storage = storages["recordings"]
    assert storage.size(kept.file) == kept.size_bytes
    assert tone.strength(decode(storage.path(kept.file))[9600:], 1000) > 0.9
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_file_still_being_written_waits_and_one_that_a_killed_relay_left_does_not(
    host: User, folder: Path, says: Says
) -> None:
    says(host, 1000, at=REAL, seconds=3, ends=False)
    (file,) = folder.rglob("*.opus")
    os.utime(file, (REAL.timestamp(), REAL.timestamp()))

    assert take_in(folder, after=timedelta(seconds=60)) == 0
    assert take_in(folder, after=timedelta(minutes=5)) == 1

    kept = Recording.objects.get()
    assert 900 <= kept.duration_ms <= 3000
    assert kept.spoke == [[0, kept.duration_ms]]


def test_a_run_that_is_killed_after_its_commit_is_finished_by_the_next(host: User, folder: Path, says: Says) -> None:
    says(host, 1000, at=REAL)
    shutil.copytree(folder, folder.parent / "copy")
    take_in(folder)
    before = Recording.objects.values().get()
    shutil.copytree(folder.parent / "copy", folder, dirs_exist_ok=True)  # as if it had not come to tidying up

    take_in(folder, after=timedelta(seconds=15))

    assert Recording.objects.values().get() == before
    assert storages["recordings"].listdir(str(before["room_id"]))[1] == [Path(before["file"]).name]
    assert list(folder.rglob("*.opus")) == []


def test_a_run_that_is_killed_before_its_commit_leaves_nothing_behind(
    host: User, folder: Path, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(host, 1000, at=REAL)
    save = FileSystemStorage.save

    def full(self: FileSystemStorage, name: str, content: object, max_length: int | None = None) -> str:
        save(self, name, content, max_length)  # type: ignore[arg-type]
        raise OSError("no space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", full)
    assert take_in(folder) == 0
    assert not Recording.objects.exists()
    assert len(list(folder.rglob("*.opus"))) == 1

    monkeypatch.setattr(FileSystemStorage, "save", save)
    assert take_in(folder) == 1
    kept = Recording.objects.get()
    assert storages["recordings"].listdir(str(kept.room_id))[1] == [Path(kept.file).name]


def test_nonsense_is_set_aside_and_stops_nothing(evening: Room, host: User, folder: Path, says: Says) -> None:
    says(host, 1000, at=REAL)
    bad = folder / "another"
    bad.mkdir()
    for name, note in {"a": "{", "b": '{"room": "x"}', "c": "[]"}.items():
        (bad / f"{name}.json").write_text(note)
        (bad / f"{name}.opus").write_bytes(b"OggS")
    stranger = (
        f'{{"room": "{evening.id}", "identity": "user:unknown", "began_at_s": 1, "samples": 48000, "spoke": []}}'
    )
    (bad / "d.json").write_text(stranger)
    (bad / "d.opus").write_bytes(b"OggS")

    assert take_in(folder) == 1

    assert sorted(path.name for path in bad.glob("*.unreadable")) == [f"{name}.unreadable" for name in "abcd"]
    assert take_in(folder) == 0


def test_the_host_deletes_and_the_files_go(
    evening: Room, host: User, listener: User, folder: Path, says: Says
) -> None:
    says(host, 1000, at=REAL)
    take_in(folder)
    kept = Recording.objects.get()

    assert operations.delete(room_id=evening.id, host_id=host.id, real_now=REAL) == 1
    assert operations.remove_files(real_now=REAL) == 1

    assert not storages["recordings"].exists(kept.file)
    kept.refresh_from_db()
    assert (kept.deleted_at, kept.file_removed_at) == (REAL, REAL)
    assert operations.remove_files(real_now=REAL) == 0


def test_what_is_too_old_goes_by_itself(host: User, folder: Path, says: Says) -> None:
    says(host, 1000, at=REAL)
    take_in(folder)

    assert operations.expire(real_now=REAL + timedelta(days=89)) == 0
    assert operations.expire(real_now=REAL + timedelta(days=90)) == 1
    assert operations.remove_files(real_now=REAL + timedelta(days=90)) == 1


def test_a_file_that_cannot_be_removed_now_is_tried_again(
    host: User, folder: Path, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(host, 1000, at=REAL)
    take_in(folder)
    operations.expire(real_now=REAL + timedelta(days=90))

    def away(_self: FileSystemStorage, _name: str) -> None:
        raise OSError("the storage is away")

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", away)
        assert operations.remove_files(real_now=REAL) == 0
    assert operations.remove_files(real_now=REAL) == 1
