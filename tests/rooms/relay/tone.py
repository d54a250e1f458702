"""Tones: making them, and finding them in what was heard."""

import array
import math
import wave
from pathlib import Path

RATE = 48_000


def samples(hz: float, start: int, count: int, *, amplitude: float = 0.5) -> "array.array[int]":
    """`count` 16-bit samples of a sine from sample number `start`."""
    step = 2 * math.pi * hz / RATE
    return array.array("h", (int(32767 * amplitude * math.sin(step * (start + i))) for i in range(count)))


def strength(pcm: "array.array[int]", hz: float) -> float:
    """The share of the signal's power that lies at a frequency (Goertzel), 0 to about 1; 0 for silence."""
    total = sum(value * value for value in pcm)
    if not pcm or total < len(pcm) * 100:
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * hz / RATE)
    previous = before = 0.0
    for value in pcm:
        previous, before = value + coefficient * previous - before, previous
    power = previous**2 + before**2 - coefficient * previous * before
    return 2 * power / (len(pcm) * total)


def write_wav(path: Path, hz: float, seconds: int) -> Path:
    """A WAV file that loops without a click when the tone's period divides the second."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples(hz, 0, RATE * seconds).tobytes())
    return path
