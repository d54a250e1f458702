"""Where each file lies on the time line, and who spoke when."""

from datetime import UTC, datetime, timedelta

import pytest

from rooms.models import Recording, User
from rooms.recordings import ranges
from rooms.recordings.timeline import Chapter, timeline
from rooms.templatetags.replay import clock_time

BEGAN = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
ADA, GRACE = User(display_name="Ada"), User(display_name="Grace")


def recording(speaker: User, at_s: float, duration_ms: int, *spoke: tuple[int, int]) -> Recording:
    return Recording(
        speaker=speaker,
        began_at=BEGAN + timedelta(seconds=at_s),
        duration_ms=duration_ms,
        spoke=[list(stretch) for stretch in spoke],
    )


def test_files_lie_where_they_began() -> None:
    found = timeline([recording(GRACE, 30.25, 10_000), recording(ADA, 0, 60_000)])

    assert found is not None
    assert [(track.speaker, track.at_ms) for track in found.tracks] == [("Ada", 0), ("Grace", 30_250)]
    assert (found.began_at, found.duration_ms) == (BEGAN, 60_000)
    assert timeline([]) is None


def test_chapters_follow_who_speaks() -> None:
    ada = recording(ADA, 0, 60_000, (0, 10_000), (12_000, 20_000), (40_000, 40_500), (50_000, 60_000))
    grace = recording(GRACE, 20, 30_000, (0, 15_000))

    found = timeline([ada, grace])

    assert found is not None
    assert found.chapters == (
        Chapter(at_ms=0, until_ms=20_000, speaker="Ada"),  # a pause of two seconds is none
        Chapter(at_ms=20_000, until_ms=35_000, speaker="Grace"),
        Chapter(at_ms=50_000, until_ms=60_000, speaker="Ada"),  # half a second at 40 was a cough
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 1000)),
        ("bytes=100-199", (100, 200)),
        ("bytes=900-5000", (900, 1000)),
        ("bytes=-100", (900, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_ranges_are_read_as_rfc_9110_says(header: str, expected: tuple[int, int] | None) -> None:
    assert ranges.span(header, 1000) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=2000-3000", "bytes=-0"])
def test_what_lies_beyond_the_end_is_refused(header: str) -> None:
    with pytest.raises(ranges.UnsatisfiableRangeError):
        ranges.span(header, 1000)


def test_an_answer_is_never_larger_than_a_megabyte() -> None:
    assert ranges.span("bytes=10-", 10**9) == (10, 10 + ranges.AT_MOST)


@pytest.mark.parametrize(("ms", "text"), [(0, "0:00"), (61_999, "1:01"), (3_605_000, "1:00:05")])
def test_times_are_written_for_people(ms: int, text: str) -> None:
    assert clock_time(ms) == text
