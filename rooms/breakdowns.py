"""Who gets what of a price, in figures and in words: before paying from the quote, afterwards from the books."""

from dataclasses import dataclass

from rooms.templatetags.ui import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePart:
    """What one receiver gets. `receiver` is creator, platform or processor; `handle` names the creator."""

    receiver: str
    label: str
    amount_minor: int
    handle: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A charge and all its parts, which sum to it. `is_final`: from the processor's real fee."""

    total_minor: int
    currency: str
    policy_slug: str
    policy_version: int
    policy_name: str
    shares: tuple[QuotePart, ...]
    is_final: bool

    @property
    def parts(self) -> list[Part]:
        """For the bar and its list."""
        return [
            Part(label=share.label, amount_minor=share.amount_minor, look=_look(share, position), note=share.note)
            for position, share in enumerate(self.shares, start=1)
        ]


def _look(share: QuotePart, position: int) -> str:
    return str((position - 1) % 4 + 1) if share.receiver == "creator" else share.receiver
