"""Write a sale down, whatever channel will bring its money; each channel's own module asks for the money."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ledger import fees
from payouts.errors import UnknownPayeeError
from payouts.models import Payee, Sale, SaleChannel, SaleShare
from payouts.sales.pricing import formula_data, pack_split, predicted
from payouts.sales.shares import ShareSpec


def write_sale(
    *,
    channel: SaleChannel,
    product: str,
    subject: str,
    title: str,
    buyer_id: UUID | None,
    buyer_email: str,
    price_minor: int,
    currency: str,
    shares: Sequence[ShareSpec],
    policy_slug: str,
    hold_until: datetime,
    session_expires_at: datetime | None = None,
    payment_method_id: str = "",
    invoice_id: str = "",
    wallet_minor: int | None = None,
    now: datetime,
) -> Sale:
    """Write an open sale and its shares in the caller's transaction, priced under the policy in force.

    Of the last ids the channel needs its own: when the session ends (checkout), which card (card), which invoice
    (invoice). `charge_minor` of the sale is what the buyer is to pay. With `wallet_minor` the sale fills the
    buyer's wallet with so many Stars and has no shares.

    Raises:
        UnknownPayeeError: a share is nobody's.
        ValueError: no shares, a weight below 1, or a price that is not positive.
        KeyError: no such policy is in force.
    """
    _check(price_minor, shares, wallet_minor)
    sale_id = uuid.uuid4()
    policy = fees.latest(policy_slug, now.date())
    tie_offset = fees.tie_offset(f"sale:{sale_id}")
    if wallet_minor is None:
        split, fee_minor = predicted(
            policy=policy, price_minor=price_minor, currency=currency, shares=shares, tie_offset=tie_offset
        )
    else:
        split = pack_split(price_minor=price_minor, wallet_minor=wallet_minor)
        fee_minor = fees.predict_processing_fee(price_minor, currency)
    sale = Sale.objects.create(
        id=sale_id,
        channel=channel,
        product=product,
        subject=subject,
        title=title,
        buyer_id=buyer_id,
        buyer_email=buyer_email,
        price_minor=price_minor,
        wallet_minor=wallet_minor,
        charge_minor=split.charge_minor,
        currency=currency,
        policy_slug=policy.slug,
        policy_version=policy.version,
        tie_offset=tie_offset,
        basis={
            "policy": policy.as_data(),
            "predicted_processing_fee_minor": fee_minor,
            "predicted_formula": formula_data(split),
        },
        hold_until=hold_until,
        session_expires_at=session_expires_at,
        payment_method_id=payment_method_id,
        invoice_id=invoice_id,
        opened_at=now,
    )
    SaleShare.objects.bulk_create(
        SaleShare(sale=sale, payee_id=share.payee_id, weight=share.weight, position=position)
        for position, share in enumerate(shares)
    )
    return sale


def _check(price_minor: int, shares: Sequence[ShareSpec], wallet_minor: int | None) -> None:
    if price_minor <= 0 or any(share.weight < 1 for share in shares) or bool(shares) == (wallet_minor is not None):
        raise ValueError("a sale has a positive price, and shares with positive weights or a wallet to fill")
    wanted = {share.payee_id for share in shares}
    unknown = wanted - set(Payee.objects.filter(id__in=wanted).values_list("id", flat=True))
    if unknown:
        raise UnknownPayeeError(unknown)
