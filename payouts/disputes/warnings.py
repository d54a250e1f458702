"""Early fraud warnings: kept, shown to finance and, where the settings say so, answered by a refund.

A refund is cheaper than the dispute that mostly follows: no fee, and no mark against the platform at the networks.
"""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from payouts.errors import RefundRefusedError, SaleNotPaidError, UnknownObjectError
from payouts.gateway import disputes as gateway
from payouts.locks import lock_sale, lock_sale_of_charge
from payouts.models import EarlyFraudWarning, RefundReason, Sale, WarningDecision
from payouts.refunds.operations import ask_refund

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


def decide_due(*, now: datetime) -> int:
    """Refund what the settings say, each in a transaction of its own; how many were asked for.

    A payment that is not confirmed to its end waits for the next time.
    """
    due = EarlyFraudWarning.objects.filter(decision=WarningDecision.WAITING)
    return sum(_decide(warning_id, now=now) for warning_id in list(due.order_by("id").values_list("id", flat=True)))


@transaction.atomic
def _decide(warning_id: str, *, now: datetime) -> bool:
    warning = EarlyFraudWarning.objects.get(id=warning_id)
    lock_sale(warning.sale_id)
    warning.refresh_from_db()
    if warning.decision != WarningDecision.WAITING:
        return False
    try:
        ask_refund(
            sale_id=warning.sale_id,
            reason=RefundReason.FRAUDULENT,
            asked_by="early fraud warning",
            key=f"early_fraud_warning:{warning.id}",
            note=f"Early fraud warning {warning.id}",
            now=now,
        )
    except SaleNotPaidError as error:
        log.info("early_fraud_warning.waits", warning_id=warning.id, reason=str(error))
        return False
    except RefundRefusedError as error:
        warning.decision, warning.note = WarningDecision.NOT_REFUNDABLE, str(error)
    else:
        warning.decision = WarningDecision.REFUNDED
    warning.save(update_fields=["decision", "note"])
    return warning.decision == WarningDecision.REFUNDED
