"""Early fraud warnings: kept, shown to finance and, where the settings say so, answered by a refund.

A refund is cheaper than the dispute that mostly follows: no fee, and no mark against the platform at the networks.
"""

from datetime import datetime

import structlog
from django.conf import settings

from payouts.errors import UnknownObjectError
from payouts.gateway import disputes as gateway
from payouts.locks import lock_sale_of_charge
from payouts.models import EarlyFraudWarning, Sale, WarningDecision

log = structlog.get_logger(__name__)


def learn(*, found: gateway.EarlyFraudWarning, now: datetime) -> EarlyFraudWarning:
    """Keep a warning as it is at Stripe now, in the caller's transaction; what to do about it is decided once.

    Raises:
        UnknownObjectError: no sale is known for its charge yet.
    """
    sale = lock_sale_of_charge(found.charge_id)
    if sale is None:
        raise UnknownObjectError(found.charge_id)
    decision, note = _first_thought(sale, found)
    warning, created = EarlyFraudWarning.objects.get_or_create(
        id=found.id,
        defaults={
            "sale": sale, "charge_id": found.charge_id, "fraud_type": found.fraud_type, "actionable": found.actionable,
            "created_at": found.created_at, "received_at": now, "decision": decision, "note": note,
        },
    )  # fmt: skip
    if not created and warning.actionable != found.actionable:
        warning.actionable = found.actionable
        warning.save(update_fields=["actionable"])
    if created:
        log.warning("early_fraud_warning", warning_id=found.id, sale_id=str(sale.id), decision=decision)
    return warning


def _first_thought(sale: Sale, found: gateway.EarlyFraudWarning) -> tuple[WarningDecision, str]:
    if not found.actionable:
        return WarningDecision.WATCHED, "Refunded or disputed before it was heard of."
    most_minor = settings.EARLY_FRAUD_REFUND_MAX.get(sale.currency)
    if most_minor is None:
        return WarningDecision.WATCHED, f"No automatic refunds in {sale.currency}."
    if sale.charge_minor > most_minor:
        return WarningDecision.WATCHED, "More than is refunded automatically."
    return WarningDecision.WAITING, ""
