"""What payouts itself knows in favour of a disputed sale: the receipt, and where it was sent."""

from ledger.currencies import major
from payouts.disputes.evidence import Texts, contributes
from payouts.models import Dispute


@contributes
def receipt(dispute: Dispute) -> Texts:
    """The charge and what it was for."""
    sale = dispute.sale
    lines = [
        "Receipt",
        f"Sold: {sale.title}",
        f"Charged: {major(sale.charge_minor, sale.currency)} {sale.currency}",
        f"Paid: {sale.paid_at:%Y-%m-%d %H:%M:%S} UTC" if sale.paid_at else "",
        f"Charge: {sale.charge_id}",
        f"Purchase: {sale.id}",
        f"Buyer: {sale.buyer_email}",
    ]
    if sale.reversed_minor:
        lines.append(f"Given back before: {major(sale.reversed_minor, sale.currency)} {sale.currency}")
    return {"customer_email_address": sale.buyer_email, "uncategorized_text": "\n".join(filter(None, lines))}
