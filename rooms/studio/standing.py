"""What stands beside a sale in a list and on its page: what went back of it, and whether its payment is disputed."""

from collections.abc import Iterable
from dataclasses import dataclass

from payouts.models import Dispute, DisputeStatus, Sale


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A pill, its words, and what they mean for the payee."""

    pill: str
    words: str
    meaning: str


OPEN = Badge(
    pill="pill-bad",
    words="Disputed",
    meaning="The listener's bank took the payment back and decides. Your part is reserved until then.",
)
WON = Badge(pill="pill-good", words="Dispute won", meaning="The bank gave the payment back.")
LOST = Badge(pill="pill-bad", words="Dispute lost", meaning="The bank gave the disputed money to the listener.")
PREVENTED = Badge(
    pill="pill", words="Dispute prevented", meaning="The listener got the payment back before it came to a dispute."
)
ASKED = Badge(
    pill="pill-wait", words="The bank asks", meaning="No money has moved. A refund now keeps it from being disputed."
)


def badge_of(disputes: Iterable[Dispute]) -> Badge | None:
    """The state of the latest dispute of a sale that still matters; an inquiry that was closed does not."""
    for dispute in sorted(disputes, key=lambda each: (each.opened_at, each.id), reverse=True):
        if dispute.is_inquiry:
            if dispute.is_open:
                return ASKED
            continue
        ended = {DisputeStatus.WON: WON, DisputeStatus.LOST: LOST, DisputeStatus.PREVENTED: PREVENTED}
        return ended.get(DisputeStatus(dispute.status), OPEN)
    return None


def refunded(sale: Sale, disputes: Iterable[Dispute]) -> str:
    """How much was refunded, beside what a lost dispute took: "", "part", "all", or "lost" when that took the rest."""
    lost_minor = sum((each.lost_minor or 0) - each.unbacked_minor for each in disputes)
    by_refund_minor = sale.reversed_minor - lost_minor
    if by_refund_minor == sale.charge_minor:
        return "all"
    if sale.reversed_minor == sale.charge_minor:
        return "lost"
    return "part" if by_refund_minor > 0 else ""
