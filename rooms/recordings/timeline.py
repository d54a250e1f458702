"""The time line of a replay: every file with its offset from the first, and chapters of who spoke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rooms.models import Recording

SAME_CHAPTER_MS = 5000
SHORTEST_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One file on the time line. Times are in milliseconds."""

    id: UUID
    speaker: str
    at_ms: int
    duration_ms: int
    spoke: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Somebody speaks from `at_ms` on."""

    at_ms: int
    until_ms: int
    speaker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All of a room's recording."""

    began_at: datetime
    duration_ms: int
    tracks: tuple[Track, ...]
    chapters: tuple[Chapter, ...]


def timeline(recordings: Sequence[Recording]) -> Timeline | None:
    """Put recordings in their place; None when there are none. Reads `speaker` of each."""
    if not recordings:
        return None
    began_at = min(recording.began_at for recording in recordings)
    tracks = tuple(_track(recording, began_at) for recording in sorted(recordings, key=lambda each: each.began_at))
    return Timeline(
        began_at=began_at,
        duration_ms=max(track.at_ms + track.duration_ms for track in tracks),
        tracks=tracks,
        chapters=_chapters(tracks),
    )


def _track(recording: Recording, began_at: datetime) -> Track:
    at_ms = round((recording.began_at - began_at).total_seconds() * 1000)
    return Track(
        id=recording.id,
        speaker=recording.speaker.get_full_name(),
        at_ms=at_ms,
        duration_ms=recording.duration_ms,
        spoke=tuple((at_ms + start, at_ms + end) for start, end in recording.spoke),
    )


def _chapters(tracks: Sequence[Track]) -> tuple[Chapter, ...]:
    """Who speaks, in order. Short pauses do not end a chapter; what is shorter than a second is a cough."""
    stretches = sorted((start, end, track.speaker) for track in tracks for start, end in track.spoke)
    chapters: list[Chapter] = []
    for start, end, speaker in stretches:
        if end - start < SHORTEST_MS:
            continue
        last = chapters[-1] if chapters else None
        if last is not None and last.speaker == speaker and start - last.until_ms < SAME_CHAPTER_MS:
            chapters[-1] = Chapter(at_ms=last.at_ms, until_ms=max(last.until_ms, end), speaker=speaker)
        else:
            chapters.append(Chapter(at_ms=start, until_ms=end, speaker=speaker))
    return tuple(chapters)
