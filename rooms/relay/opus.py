"""Opus packets from outside: how long one lasts, and how to write silence (RFC 6716 section 3). Nothing is decoded."""

CLOCK_HZ = 48_000
FRAME = 960  # 20 ms
SILENCE = b"\xf8\xff\xfe"  # 20 ms of CELT silence, full band, mono
DTX_BYTES = 8  # a longer packet says more than silence
MAX_SAMPLES = 5760  # 120 ms, the longest packet

_SILK = (480, 960, 1920, 2880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)


def samples(packet: bytes) -> int:
    """The duration of a packet in samples at 48 kHz; 0 for one that is malformed."""
    if not packet:
        return 0
    frames = _frame_count(packet)
    total = frames * _frame_samples(packet[0] >> 3)
    return total if total <= MAX_SAMPLES else 0


def _frame_samples(configuration: int) -> int:
    """Samples of one frame, by the configuration number in the table of contents byte."""
    if configuration < 12:
        return _SILK[configuration % 4]
    if configuration < 16:
        return _HYBRID[configuration % 2]
    return _CELT[configuration % 4]


def _frame_count(packet: bytes) -> int:
    code = packet[0] & 3
    if code < 3:
        return 1 if code == 0 else 2
    return packet[1] & 0x3F if len(packet) > 1 else 0


def concealment(packet: bytes) -> bytes:
    """A packet that makes the decoder conceal one frame as long as those of `packet` (RFC 7845 section 4.1)."""
    return bytes([packet[0] & 0xFC])


def concealed_samples(packet: bytes) -> int:
    """How long what `concealment` returns lasts, in samples."""
    return _frame_samples(packet[0] >> 3)
