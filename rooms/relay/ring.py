"""The recent packets of a stage slot: one ring answers the NACKs of every listener."""

from dataclasses import dataclass

RING_PACKETS = 256  # five seconds at 20 ms; a power of two, so that a slot of the ring follows from the sequence


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet as the slot sent it, all but its payload type, which differs between listeners."""

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    speaker: str


class Ring:
    """Recent packets by sequence number."""

    __slots__ = ("_packets",)

    def __init__(self) -> None:
        self._packets: list[Sent | None] = [None] * RING_PACKETS

    def put(self, packet: Sent) -> None:
        """Remember a packet, forgetting the one 256 before it."""
        self._packets[packet.sequence % RING_PACKETS] = packet

    def get(self, sequence: int) -> Sent | None:
        """The packet with this sequence number, None when it was never sent or is too old."""
        packet = self._packets[sequence % RING_PACKETS]
        return packet if packet is not None and packet.sequence == sequence else None
