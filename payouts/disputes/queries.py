"""What others may ask about disputes."""

from uuid import UUID

from django.db.models import QuerySet

from payouts.models import OPEN_CHARGEBACKS, Dispute, DisputeStatus


def open_dispute_of(sale_id: UUID) -> Dispute | None:
    """The chargeback of a sale that nobody has decided yet, or None; an inquiry is none. One query.

    While there is one the sale cannot be refunded: the bank holds the money already.
    """
    return Dispute.objects.filter(sale_id=sale_id, status__in=OPEN_CHARGEBACKS).order_by("opened_at", "id").first()


def is_charged_back(*, sale_id: UUID) -> bool:
    """Whether a bank holds a sale's money, or has taken it for good. One query."""
    taken = (*OPEN_CHARGEBACKS, DisputeStatus.LOST)
    return Dispute.objects.filter(sale_id=sale_id, status__in=taken).exists()


def disputes_of(*, sale_id: UUID) -> QuerySet[Dispute]:
    """Every dispute and inquiry of a sale, the first one first."""
    return Dispute.objects.filter(sale_id=sale_id).order_by("opened_at", "id")
