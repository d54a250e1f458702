"""aiortc as an independent peer: it publishes a tone, another hears it, through the relay as a real program."""

import array
import asyncio
import contextlib
import fractions
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiortc
import httpx
import pytest
from av import AudioFrame

from rooms.relay import control
from tests.rooms.relay import tone
from tests.rooms.relay.house import ROOM
from tests.rooms.relay.live import Live


class ToneTrack(aiortc.MediaStreamTrack):
    """A sine in real time."""

    kind = "audio"

    def __init__(self, hz: float) -> None:
        super().__init__()
        self._hz = hz
        self._at = 0
        self._started = time.monotonic()

    async def recv(self) -> AudioFrame:
        due = self._started + self._at / tone.RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(tone.samples(self._hz, self._at, 960).tobytes())
        frame.pts, frame.sample_rate = self._at, tone.RATE
        frame.time_base = fractions.Fraction(1, tone.RATE)
        self._at += 960
        return frame


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with Live(tmp_path) as running:
        yield running


@contextlib.asynccontextmanager
async def connected(
    live: Live, way: str, token: str, track: ToneTrack | None = None, *, sections: int = 1
) -> AsyncIterator[aiortc.RTCPeerConnection]:
    """A peer connection through WHIP or WHEP, closed at the end. A listener hears a voice for each section."""
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    if track is not None:
        connection.addTransceiver(track, direction="sendonly")
    else:
        for _ in range(sections):
            connection.addTransceiver("audio", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{live.url}/relay/rooms/{ROOM}/{way}",
            content=connection.localDescription.sdp,
            headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 201, answer.text
    await connection.setRemoteDescription(aiortc.RTCSessionDescription(sdp=answer.text, type="answer"))
    try:
        yield connection
    finally:
        await connection.close()


async def heard(connection: aiortc.RTCPeerConnection, frames: int, *, section: int = 0) -> "array.array[int]":
    """Left-channel samples of the next frames."""
    track = connection.getReceivers()[section].track
    pcm: array.array[int] = array.array("h")
    for _ in range(frames):
        frame = await asyncio.wait_for(track.recv(), 10)
        assert isinstance(frame, AudioFrame)
        pcm.frombytes(bytes(frame.planes[0])[: frame.samples * 4])
    return pcm[::2]


async def frames_until_silence(connection: aiortc.RTCPeerConnection, *, section: int = 0) -> int:
    """How many more frames of 20 ms come before none comes."""
    track = connection.getReceivers()[section].track
    count = 0
    with contextlib.suppress(TimeoutError):
        while True:
            await asyncio.wait_for(track.recv(), 0.5)
            count += 1
    return count


async def test_aiortc_publishes_a_tone_and_aiortc_hears_it(live: Live) -> None:
    speaking = connected(live, "whip", live.grant("ada", speak=True), ToneTrack(1000))
    async with speaking, connected(live, "whep", live.grant("linus")) as listening:
        await heard(listening, 25)  # past the start
        pcm = await heard(listening, 25)

    assert tone.strength(pcm, 1000) > 0.9
    assert tone.strength(pcm, 1400) < 0.05


async def test_a_refund_silences_aiortc(live: Live) -> None:
    speaking = connected(live, "whip", live.grant("ada", speak=True), ToneTrack(1000))
    async with speaking, connected(live, "whep", live.grant("linus")) as listening:
        await heard(listening, 25)
        live.tell(control.Revoke(room=ROOM, identity="linus", until_s=time.time() + 60, reason="refunded"))
        frames_after = await frames_until_silence(listening)
        assert live.metric("listeners") == 0

    assert frames_after < 50  # a second of sound


async def test_aiortc_is_refused_promoted_muted_and_taken_off(live: Live) -> None:
    """Promotion is a new grant and a second session; a mute ends the sound and not the session."""
    async with httpx.AsyncClient() as client:
        refused = await client.post(
            f"{live.url}/relay/rooms/{ROOM}/whip",
            content="v=0",
            headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {live.grant('linus')}"},
        )
    assert refused.status_code == 403

    ada = connected(live, "whip", live.grant("ada", speak=True), ToneTrack(1000))
    async with ada, connected(live, "whep", live.grant("fin"), sections=2) as listening:
        await heard(listening, 25)
        async with connected(live, "whip", live.grant("linus", speak=True), ToneTrack(1500)):
            await heard(listening, 25, section=1)
            assert tone.strength(await heard(listening, 25, section=1), 1500) > 0.9
            assert tone.strength(await heard(listening, 25), 1000) > 0.9

            live.tell(control.Mute(room=ROOM, identity="linus", muted=True))
            await frames_until_silence(listening, section=1)
            assert live.metric("publishers") == 2
            live.tell(control.Mute(room=ROOM, identity="linus", muted=False))
            await heard(listening, 25, section=1)

            live.tell(control.Demote(room=ROOM, identity="linus", at_s=time.time()))
            await frames_until_silence(listening, section=1)
            assert live.metric("publishers") == 1
            assert tone.strength(await heard(listening, 25), 1000) > 0.9
