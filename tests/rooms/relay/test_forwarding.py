"""A speaker is heard: through real sockets, DTLS and SRTP."""

from itertools import pairwise

from rooms.relay.opus import SILENCE
from tests.rooms.relay.house import House

TALK = b"\xfctalking"


async def test_it_forwards_a_speaker_to_every_listener(house: House) -> None:
    ada, _ = await house.speaker("ada")
    linus, _ = await house.listener("linus")
    fin, _ = await house.listener("fin")

    for step in range(10):
        ada.speak(sequence=100 + step, timestamp=960 * step, payload=TALK + bytes([step]), level=20)
    house.pump()

    heard = linus.packets()
    assert [packet.payload for packet in heard] == [TALK + bytes([step]) for step in range(10)]
    assert len({packet.ssrc for packet in heard}) == 1
    assert {b.sequence - a.sequence for a, b in pairwise(heard)} == {1}
    assert {b.timestamp - a.timestamp for a, b in pairwise(heard)} == {960}
    assert fin.packets() == heard


async def test_a_speaker_hears_the_others_and_silence_for_themselves(house: House) -> None:
    ada, _ = await house.speaker("ada")
    ada_ears, _ = await house.listener("ada")
    grace, _ = await house.speaker("grace")

    ada.speak(sequence=1, timestamp=0, payload=b"\xfcada", level=10)
    grace.speak(sequence=1, timestamp=0, payload=b"\xfcgrace", level=10)
    house.pump()

    assert {packet.payload for packet in ada_ears.packets()} == {SILENCE, b"\xfcgrace"}
