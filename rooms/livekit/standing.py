"""What Django has said of one room, and what follows for each participant that LiveKit lists. Pure."""

from dataclasses import dataclass, field
from enum import Enum

from rooms.livekit.tokens import identity_of
from rooms.relay.control import Demote, Lease, Mute, Revoke


class Verdict(Enum):
    """What is to be done with a participant."""

    KEEP = "keep"
    MUTE = "mute"
    UNMUTE = "unmute"
    REMOVE = "remove"


@dataclass(slots=True)
class Standing:
    """One room, by identity. All times are Unix seconds of Django's clock, as in the messages."""

    leased_until: float = 0.0
    ended: bool = False
    revoked: dict[str, Revoke] = field(default_factory=dict)
    demoted: dict[str, float] = field(default_factory=dict)
    muted: dict[str, float] = field(default_factory=dict)
    unmuted: dict[str, float] = field(default_factory=dict)
    allowed: frozenset[str] | None = None
    speakers: frozenset[str] | None = None
    listed_at: float = 0.0

    def lease(self, message: Lease) -> None:
        """The room goes on; the lists in it heal what was lost of single messages."""
        self.leased_until = max(self.leased_until, message.until_s)
        self.ended = False
        self.allowed = None if message.identities is None else frozenset(message.identities)
        self.speakers = None if message.speakers is None else frozenset(message.speakers)
        self.listed_at = message.at_s
        if message.muted is None:
            return
        for identity in set(message.muted) - self.muted.keys():
            if self.unmuted.get(identity, 0.0) <= message.at_s:
                self.mute(Mute(room=message.room, identity=identity, muted=True, at_s=message.at_s))
        for identity in self.muted.keys() - set(message.muted):
            if self.muted[identity] <= message.at_s:
                self.mute(Mute(room=message.room, identity=identity, muted=False, at_s=message.at_s))

    def mute(self, message: Mute) -> None:
        """Muted, or to be heard again."""
        to, away = (self.muted, self.unmuted) if message.muted else (self.unmuted, self.muted)
        away.pop(message.identity, None)
        to[message.identity] = message.at_s

    def demote(self, message: Demote) -> None:
        """Off the stage, whatever was granted before."""
        self.demoted[message.identity] = message.at_s

    def forget(self, now: float) -> None:
        """Drop what cannot matter any more."""
        self.revoked = {identity: each for identity, each in self.revoked.items() if each.until_s > now}

    def verdict(self, name: str, *, granted_at: float, now: float) -> Verdict:
        """For one participant. What was granted after a decision is a newer decision."""
        identity, speaks = identity_of(name)
        if self.ended or now >= self.leased_until or self._is_revoked(identity, granted_at, now):
            return Verdict.REMOVE
        if self._is_missing(self.allowed, identity, granted_at):
            return Verdict.REMOVE
        if not speaks:
            return Verdict.KEEP
        if granted_at <= self.demoted.get(identity, 0.0) or self._is_missing(self.speakers, identity, granted_at):
            return Verdict.REMOVE
        if identity in self.muted:
            return Verdict.MUTE
        return Verdict.UNMUTE if identity in self.unmuted else Verdict.KEEP

    def _is_missing(self, listed: frozenset[str] | None, identity: str, granted_at: float) -> bool:
        """Whether a list leaves this identity out that was let in before the list was made."""
        return listed is not None and identity not in listed and granted_at <= self.listed_at

    def _is_revoked(self, identity: str, granted_at: float, now: float) -> bool:
        revocation = self.revoked.get(identity)
        if revocation is None or revocation.until_s <= now:
            return False
        return revocation.at_s is None or granted_at <= revocation.at_s
