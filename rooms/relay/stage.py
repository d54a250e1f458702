"""Who is heard: the loudest few speakers hold the stage's slots, by the audio level they send (RFC 6464)."""

from dataclasses import dataclass, field

from rooms.relay.opus import DTX_BYTES
from rooms.relay.rtp import SILENT_LEVEL, Packet
from rooms.relay.slots import Slot

SLOTS = 4
HOLD_S = 0.4  # a slot stays with its speaker through the pauses between words
MARGIN_DB = 6  # who pushes a talking speaker out has to be clearly louder
SPEAKING_DBOV = 50
SMOOTHING = 0.3
ASSUMED_LEVEL = 30


@dataclass(slots=True)
class Loudness:
    """A smoothed level in dB below overload: 0 is loudest, 127 silent."""

    level: float = float(SILENT_LEVEL)
    heard_at: float = 0.0

    def hear(self, packet: Packet, now: float) -> None:
        """Follow a packet. A publisher that sends no level counts as talking whenever it sends a real frame."""
        guess = ASSUMED_LEVEL if len(packet.payload) > DTX_BYTES else SILENT_LEVEL
        level = guess if packet.level_dbov is None else packet.level_dbov
        self.level += SMOOTHING * (level - self.level)
        self.heard_at = now

    @property
    def is_speaking(self) -> bool:
        return self.level <= SPEAKING_DBOV


@dataclass(slots=True)
class Stage:
    """The slots of one room and the loudness of its speakers, by identity."""

    slots: tuple[Slot, ...] = field(default_factory=lambda: tuple(Slot(index) for index in range(SLOTS)))
    speakers: dict[str, Loudness] = field(default_factory=dict)

    def join(self, identity: str) -> None:
        """A speaker comes on; a slot is taken with the first packet."""
        self.speakers.setdefault(identity, Loudness())

    def leave(self, identity: str) -> None:
        """A speaker goes; its slot is free at once."""
        self.speakers.pop(identity, None)
        slot = self.slot_of(identity)
        if slot is not None:
            slot.release()

    def slot_of(self, identity: str) -> Slot | None:
        """The slot this speaker holds."""
        for slot in self.slots:
            if slot.speaker == identity:
                return slot
        return None

    def slot_for(self, identity: str, packet: Packet, now: float) -> Slot | None:
        """The slot this packet goes out on, taking one over when its speaker has become louder; None: not heard."""
        loudness = self.speakers[identity]
        loudness.hear(packet, now)
        slot = self.slot_of(identity) or self._take(identity, loudness, now)
        if slot is not None and loudness.is_speaking:
            slot.spoke_at = now
        return slot

    def _take(self, identity: str, loudness: Loudness, now: float) -> Slot | None:
        free = next((slot for slot in self.slots if not slot.speaker), None)
        slot = free or (self._weakest(loudness, now) if loudness.is_speaking else None)
        if slot is not None:
            slot.take(identity, now)
        return slot

    def _weakest(self, challenger: Loudness, now: float) -> Slot | None:
        """The slot that the challenger may have: the longest silent, else one whose speaker is clearly quieter."""
        silent = [slot for slot in self.slots if now - slot.spoke_at > HOLD_S]
        if silent:
            return min(silent, key=lambda slot: slot.spoke_at)
        quietest = max(self.slots, key=lambda slot: self.speakers[slot.speaker].level)
        if now - quietest.taken_at < HOLD_S:
            return None
        return quietest if self.speakers[quietest.speaker].level > challenger.level + MARGIN_DB else None

    def speaking(self) -> list[str]:
        """Identities that hold a slot and are heard now, for pages that show who speaks."""
        return [slot.speaker for slot in self.slots if slot.speaker and self.speakers[slot.speaker].is_speaking]
