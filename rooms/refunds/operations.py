"""A host refunds one of their listeners."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from payouts.errors import RefundRefusedError
from payouts.locks import lock_payee
from payouts.models import Refund, RefundReason, Sale
from payouts.refunds import amounts
from payouts.refunds.operations import ask_refund, check_refundable
from payouts.refunds.queries import refunds_of
from rooms.models import Creator
from rooms.refunds import limits
from rooms.refunds.errors import NotYourSaleError, RefundNotPossibleError


@transaction.atomic
def refund_as_host(
    *,
    sale_id: UUID,
    creator: Creator,
    amount_minor: int | None = None,
    total_minor: int | None = None,
    note: str = "",
    key: str,
    now: datetime,
) -> Refund:
    """Give a listener back `amount_minor` more, up to `total_minor` in all, or all that is left.

    The same `key` is the same refund. Hosts refund within limits of time and of what they have; finance may do more.

    Raises:
        NotYourSaleError: the creator does not host what was sold.
        RefundTooLateError, RefundOverLimitError: beyond the limits.
        RefundNotPossibleError: it cannot be for the sale's sake; its `code` and message say why.
    """
    sale = hosted_sale(sale_id=sale_id, creator=creator)
    present = Refund.objects.filter(key=key).exists()
    if not present:
        _check(sale, creator, amount_minor=amount_minor, total_minor=total_minor, now=now)
    try:
        return ask_refund(
            sale_id=sale_id,
            amount_minor=amount_minor,
            total_minor=total_minor,
            reason=RefundReason.HOST,
            asked_by=f"user:{creator.user_id}",
            key=key,
            note=note,
            left_to_caller=True,
            now=now,
        )
    except RefundRefusedError as refusal:
        raise RefundNotPossibleError(refusal) from refusal


def hosted_sale(*, sale_id: UUID, creator: Creator) -> Sale:
    """A paid sale whose first share, the host's, is this creator's.

    Raises:
        NotYourSaleError: there is none.
    """
    found = Sale.objects.filter(id=sale_id, paid_at__isnull=False, shares__position=0)
    sale = found.filter(shares__payee_id=creator.payee_id).first() if creator.payee_id else None
    if sale is None:
        raise NotYourSaleError(sale_id=sale_id)
    return sale


def _check(sale: Sale, creator: Creator, *, amount_minor: int | None, total_minor: int | None, now: datetime) -> None:
    """The payee's lock, before the sale's, lets no two refunds count the same money."""
    if creator.payee_id is None:
        raise NotYourSaleError(sale_id=sale.id)
    lock_payee(creator.payee_id)
    try:
        check_refundable(sale=sale)
        left = amounts.left_minor(sale=sale, refunds=refunds_of(sale_id=sale.id))
        amount = amounts.amount_of(sale=sale, left=left, wanted_minor=amount_minor, wanted_total_minor=total_minor)
    except RefundRefusedError as refusal:
        raise RefundNotPossibleError(refusal) from refusal
    limits.check(sale=sale, payee_id=creator.payee_id, amount_minor=amount, now=now)
