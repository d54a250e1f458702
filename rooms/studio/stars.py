"""Stars that were given to a creator: each with what holds it, and those that are held as one part of pending."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse

from payouts.models import StarShare
from payouts.models.wallet import CURRENCY
from rooms.models import Room
from rooms.studio.entries import LedgerTransaction, about


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """A payee's part of Stars, and where it stands in the ledger."""

    share: StarShare
    names: dict[str, str]
    transactions: tuple[LedgerTransaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStars:
    """All Stars of a payee that are not free yet."""

    amount_minor: int
    gifts: int
    latest: datetime


def gifts_of(*, payee_id: UUID, room: Room | None = None) -> QuerySet[StarShare]:
    """Every gift of Stars that the payee shares in, or those given in one room, newest first."""
    shares = StarShare.objects.filter(payee_id=payee_id).select_related("spend__star_tip__room")
    if room is not None:
        shares = shares.filter(spend__star_tip__room=room)
    return shares.order_by("-spend__spent_at", "-id")


def gift_of(*, tip_id: UUID, payee_id: UUID) -> Gift | None:
    """One of them with its entries, or None when it is not theirs."""
    share = gifts_of(payee_id=payee_id).filter(spend__subject=f"tip:{tip_id}").first()
    if share is None:
        return None
    sharing = StarShare.objects.filter(spend=share.spend).select_related("payee")
    names = {str(each.payee_id): each.payee.display_name for each in sharing}
    return Gift(share=share, names=names, transactions=about(subject=share.spend.subject, names=names))


def held(*, payee_id: UUID, currency: str) -> HeldStars | None:
    """The Stars in what is pending; None when there are none."""
    if currency != CURRENCY:
        return None
    found = StarShare.objects.filter(payee_id=payee_id, spend__released_at__isnull=True)
    sums = found.aggregate(minor=Sum("amount_minor"), gifts=Count("id"), latest=Max("spend__spent_at"))
    if not sums["gifts"]:
        return None
    return HeldStars(amount_minor=sums["minor"], gifts=sums["gifts"], latest=sums["latest"])


def forecast(*, payee_id: UUID) -> list[tuple[date, str, int, int]]:
    """(day, currency, minor units, gifts) by the day on which their hold ends, as `holds.forecast` has it of sales."""
    waiting = StarShare.objects.filter(payee_id=payee_id, spend__released_at__isnull=True)
    days = waiting.annotate(day=TruncDate("spend__hold_until")).values_list("day")
    return [(day, CURRENCY, minor, gifts) for day, minor, gifts in days.annotate(Sum("amount_minor"), Count("id"))]


def url_of(share: StarShare) -> str:
    """The page that explains a gift."""
    return reverse("studio:star-gift", args=[share.spend.subject.removeprefix("tip:")])
