"""Recordings and the HTTPS stream, decoded by FFmpeg's libraries (PyAV): an independent reader."""

import array
import fractions
import io
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from aiortc.codecs.opus import OpusEncoder
from av import AudioFrame

from rooms.relay import control, ogg, opus, webm
from rooms.relay.recording import MAX_GAP, Recorder, file_name
from rooms.relay.ring import Sent
from rooms.relay.rtp import Packet
from rooms.relay.webm import PRE_SKIP
from rooms.relay.webm_face import SlotFeed
from tests.rooms.relay import tone
from tests.rooms.relay.house import ROOM, House


def opus_packets(hz: float, count: int) -> list[bytes]:
    """Real Opus packets of 20 ms of a tone."""
    encoder = OpusEncoder()
    packets: list[bytes] = []
    for number in range(count):
        frame = AudioFrame(format="s16", layout="stereo", samples=960)
        mono = tone.samples(hz, number * 960, 960)
        frame.planes[0].update(array.array("h", [value for value in mono for _ in range(2)]).tobytes())
        frame.sample_rate, frame.pts = 48_000, number * 960
        frame.time_base = fractions.Fraction(1, 48_000)
        packets += encoder.encode(frame)[0]
    return packets


PACKETS = opus_packets(1000, 100)


def decode(source: Any) -> "array.array[int]":
    """All samples of the first channel."""
    pcm: array.array[int] = array.array("h")
    with av.open(source) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in container.decode(audio=0):
            for out in resampler.resample(frame):
                pcm.frombytes(bytes(out.planes[0])[: out.samples * 2])
    return pcm


def record(folder: Path, packets: list[Packet]) -> Path:
    """A recording of one speaker."""
    recorder = Recorder("salon", folder, lambda: 1_700_000_000.0)
    for packet in packets:
        recorder.on_packet("ada", packet, 0.0)
    recorder.close()
    (file,) = folder.rglob("*.opus")
    return file


def packet(number: int, payload: bytes) -> Packet:
    return Packet(111, False, number, number * 960, 1, payload)  # noqa: FBT003


def test_a_recording_decodes_to_the_tone(tmp_path: Path) -> None:
    file = record(tmp_path, [packet(number, payload) for number, payload in enumerate(PACKETS)])
    pcm = decode(str(file))

    assert abs(len(pcm) - 100 * 960) <= 960
    assert tone.strength(pcm[9600:], 1000) > 0.9
    assert tone.strength(pcm[9600:], 700) < 0.05


def test_time_holds_over_silence_and_loss(tmp_path: Path) -> None:
    early = [packet(number, PACKETS[number]) for number in range(50)]
    late = [packet(number + 100, PACKETS[number]) for number in range(50, 100)]
    pcm = decode(str(record(tmp_path, early + late)))

    assert abs(len(pcm) - 200 * 960) <= 960  # 4 s, with 2 s of nothing in the middle
    assert tone.strength(pcm[40_000:46_000], 1000) > 0.9
    assert tone.strength(pcm[110_000:140_000], 1000) < 0.1
    assert tone.strength(pcm[150_000:180_000], 1000) > 0.9


def test_packets_that_come_late_are_put_in_order(tmp_path: Path) -> None:
    packets = [packet(number, payload) for number, payload in enumerate(PACKETS)]
    shuffled = [*packets[:40], packets[41], packets[42], packets[40], *packets[43:]]

    in_order, mixed = record(tmp_path / "a", packets), record(tmp_path / "b", shuffled)

    assert decode(str(mixed)) == decode(str(in_order))


def test_each_speaker_has_a_file_and_no_name_leaves_the_folder(tmp_path: Path) -> None:
    recorder = Recorder("../../etc", tmp_path, lambda: 1_700_000_000.0)
    for identity in ("ada", "../ada", "a/b\0c"):
        recorder.on_packet(identity, packet(1, PACKETS[0]), 0.0)
    recorder.close()

    files = list(tmp_path.rglob("*.opus"))
    assert len(files) == 3
    assert all(file.is_relative_to(tmp_path) and ".." not in file.parts for file in files)
    assert file_name("ada") == "ada"
    assert file_name("a/b") != file_name("a_b")


def notes(folder: Path) -> list[dict[str, Any]]:
    """What lies beside the files, in the order of their beginning."""
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("*.json"))]


def test_the_note_says_who_since_when_and_when_they_spoke(tmp_path: Path) -> None:
    recorder = Recorder("salon", tmp_path, lambda: 1_700_000_000.0)
    for number, payload in enumerate(PACKETS):
        quiet = 50 <= number < 60
        recorder.on_packet("ada", replace(packet(number, payload), level_dbov=127 if quiet else 20), 0.0)
    begun = {"room": "salon", "identity": "ada", "began_at_s": 1_700_000_000.0, "samples": None, "spoke": None}
    assert notes(tmp_path) == [begun]

    recorder.close()

    whole = {"samples": 96_000 - PRE_SKIP, "spoke": [[0, 96_000]]}  # a pause within speech is no end of it
    assert notes(tmp_path) == [begun | whole]


def test_speech_is_in_stretches_and_silence_is_none(tmp_path: Path) -> None:
    recorder = Recorder("salon", tmp_path, lambda: 1_700_000_000.0)
    for number in range(400):
        loud = number < 50 or number >= 350
        recorder.on_packet("ada", replace(packet(number, PACKETS[number % 100]), level_dbov=20 if loud else 90), 0.0)
    recorder.close()

    (note,) = notes(tmp_path)
    assert note["spoke"] == [[0, 48_000], [336_000, 384_000]]


def test_who_leaves_comes_back_or_pauses_for_long_gets_another_file(tmp_path: Path) -> None:
    moments = itertools.count(1_700_000_000)
    recorder = Recorder("salon", tmp_path, lambda: float(next(moments)))
    for number in range(10):
        recorder.on_packet("ada", packet(number, PACKETS[number]), 0.0)
    recorder.on_packet("ada", replace(packet(3, PACKETS[0]), ssrc=2), 0.0)  # a reconnect: time stamps start anywhere
    recorder.on_gone("ada")
    recorder.on_packet("ada", replace(packet(4, PACKETS[0]), ssrc=3), 0.0)
    late = 5 + MAX_GAP // 960 + 1
    recorder.on_packet("ada", replace(packet(late, PACKETS[0]), ssrc=3), 0.0)
    recorder.close()

    made = notes(tmp_path)
    assert [note["began_at_s"] - 1_700_000_000 for note in made] == [0, 1, 2, 3]
    assert [note["samples"] for note in made] == [9600 - PRE_SKIP, *[960 - PRE_SKIP] * 3]


def test_what_a_killed_relay_left_can_be_measured(tmp_path: Path) -> None:
    file = record(tmp_path, [packet(number, payload) for number, payload in enumerate(PACKETS)])
    whole = file.read_bytes()

    assert ogg.last_granule(whole) == 96_000
    cut = whole[: whole.rfind(b"OggS", 0, whole.rfind(b"OggS"))]
    assert ogg.last_granule(cut + b"OggS\0") == 48_000  # in the middle of a page's header
    assert ogg.last_granule(b"rubbish OggS") == 0


def test_a_full_disk_ends_the_recording_and_not_the_room(tmp_path: Path) -> None:
    (tmp_path / "salon").write_text("a file where the folder should be")
    recorder = Recorder("salon", tmp_path, lambda: 1_700_000_000.0)
    recorder.on_packet("ada", packet(1, PACKETS[0]), 0.0)

    assert recorder.failed
    assert recorder.tracks == {}


async def test_the_host_turns_recording_on_and_off(house: House, tmp_path: Path) -> None:
    house.tell(control.Record(room=ROOM, on=True))  # before anybody is there
    ada, _ = await house.speaker("ada")
    for number, payload in enumerate(PACKETS[:60]):
        ada.speak(sequence=number, timestamp=960 * number, payload=payload, level=10)
    house.pump()
    house.tell(control.Record(room=ROOM, on=False))

    (file,) = tmp_path.rglob("*.opus")
    size = file.stat().st_size
    ada.speak(sequence=60, timestamp=960 * 60, payload=PACKETS[60], level=10)
    house.pump()
    assert file.stat().st_size == size
    assert tone.strength(decode(str(file))[9600:], 1000) > 0.9


def test_the_checksum_is_oggs() -> None:
    """CRC-32 with polynomial 04C11DB7, not reflected, from zero, of the usual check string."""
    assert ogg.checksum(b"123456789") == 0x89A1897F


@pytest.mark.parametrize(
    ("packet_", "samples"),
    [
        (b"\xfc" + bytes(10), 960),  # CELT 20 ms, one frame
        (b"\xfd" + bytes(10), 1920),  # two frames
        (b"\xff\x03" + bytes(10), 2880),  # three frames
        (b"\x00" + bytes(10), 480),  # SILK 10 ms
        (b"\x18" + bytes(10), 2880),  # SILK 60 ms
        (b"\xe0" + bytes(10), 120),  # CELT 2.5 ms
        (b"\x60" + bytes(10), 480),  # hybrid 10 ms
        (b"\xff\x3f" + bytes(10), 0),  # 63 frames of 20 ms are no packet
        (b"\xff", 0),
        (b"", 0),
    ],
)
def test_durations_are_read_from_the_table_of_contents(packet_: bytes, samples: int) -> None:
    """RFC 6716 sections 3.1 and 3.2."""
    assert opus.samples(packet_) == samples


def test_the_https_stream_decodes_to_the_tone_and_fills_silence() -> None:
    feed = SlotFeed(0, "linus")
    stream = webm.header()
    for turn in range(20):
        for number in range(turn * 5, turn * 5 + 5):
            feed.on_sent(0, Sent(number, number * 960, False, PACKETS[number], "ada"), 0.0)  # noqa: FBT003
            feed.on_sent(1, Sent(number, number * 960, False, b"\xfcother", "grace"), 0.0)  # noqa: FBT003
        stream += feed.cluster(100 * (turn + 1))
    for turn in range(20, 30):
        stream += feed.cluster(100 * (turn + 1))

    pcm = decode(io.BytesIO(stream))
    assert tone.strength(pcm[9600:90_000], 1000) > 0.9
    assert len(pcm) > 48_000 * 2.8
    assert max(pcm[110_000:]) < 200
