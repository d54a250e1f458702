"""Disputes and early fraud warnings, from Stripe's objects to our facts, and the calls that answer them.

Sources: https://docs.stripe.com/api/disputes, https://docs.stripe.com/api/radar/early_fraud_warnings.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast
from uuid import UUID

import stripe
from stripe.params import DisputeCloseParams, DisputeUpdateParams

from payouts.gateway import facts
from payouts.gateway.amounts import from_stripe
from payouts.gateway.client import client, options
from payouts.gateway.events import inside
from payouts.gateway.failures import translated
from payouts.gateway.reading import id_of, moment, raw_of
from payouts.gateway.requests import Request

Evidence: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(facts.Fact):
    """A dispute or an inquiry about a charge, in presentment currency.

    `balance_transaction_ids` are the movements that it has caused so far; `outbox_id` is the last call of ours that
    changed it.
    """

    amount_minor: int
    currency: str
    charge_id: str
    reason: str
    network_reason_code: str
    status: str
    is_inquiry: bool
    due_by: datetime | None
    created_at: datetime
    balance_transaction_ids: tuple[str, ...]
    outbox_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyFraudWarning(facts.Fact):
    """The card's issuer suspects fraud; `actionable` until a refund or a dispute overtakes it."""

    charge_id: str
    fraud_type: str
    actionable: bool
    created_at: datetime


def _dispute(found: stripe.Dispute) -> Dispute:
    currency = found.currency.upper()
    details = found.payment_method_details
    card = details.card if details and "card" in details else None
    due_by = found.evidence_details.due_by if "due_by" in found.evidence_details else None
    return Dispute(
        id=found.id,
        raw=raw_of(found),
        amount_minor=from_stripe(found.amount, currency),
        currency=currency,
        charge_id=id_of(found.charge),
        reason=found.reason,
        network_reason_code=(card.network_reason_code if card else None) or found.network_reason_code or "",
        status=found.status,
        is_inquiry=found.status.startswith("warning_"),
        due_by=moment(due_by) if due_by else None,
        created_at=moment(found.created),
        balance_transaction_ids=tuple(id_of(each) for each in found.balance_transactions),
        outbox_id=found.metadata["outbox_id"] if "outbox_id" in found.metadata else "",  # noqa: SIM401 (it has no get)
    )


def _warning(found: stripe.radar.EarlyFraudWarning) -> EarlyFraudWarning:
    return EarlyFraudWarning(
        id=found.id,
        raw=raw_of(found),
        charge_id=id_of(found.charge),
        fraud_type=found.fraud_type,
        actionable=found.actionable,
        created_at=moment(found.created),
    )


def dispute_in(raw: bytes) -> Dispute:
    """The dispute of a `charge.dispute.*` event.

    Raises:
        ContradictionError: the event carries something else.
    """
    return _dispute(inside(raw, stripe.Dispute))


def warning_in(raw: bytes) -> EarlyFraudWarning:
    """The warning of a `radar.early_fraud_warning.*` event. Raises ContradictionError as above."""
    return _warning(inside(raw, stripe.radar.EarlyFraudWarning))


def dispute_from_raw(movement: facts.Raw) -> Dispute | None:
    """The dispute inside a stored balance transaction, as it was then, when its source was one."""
    source = movement.get("source")
    if not isinstance(source, dict) or source.get("object") != "dispute":
        return None
    return _dispute(stripe.Dispute.construct_from(source, None))


def dispute(dispute_id: str) -> Dispute:
    """GET /v1/disputes/{id}. Raises StripeUnavailableError, StripeRefusedError."""
    with translated():
        return _dispute(client().v1.disputes.retrieve(dispute_id))


def early_fraud_warning(warning_id: str) -> EarlyFraudWarning:
    """GET /v1/radar/early_fraud_warnings/{id}. Raises as above."""
    with translated():
        return _warning(client().v1.radar.early_fraud_warnings.retrieve(warning_id))


def evidence_body(*, outbox_id: UUID, evidence: Evidence, submit: bool) -> str:
    """Text evidence, kept as a draft at Stripe or sent to the bank.

    Source: https://docs.stripe.com/api/disputes/update
    """
    body = DisputeUpdateParams(
        evidence=cast("stripe.params.DisputeUpdateParamsEvidence", dict(evidence)),
        submit=submit,
        metadata={"outbox_id": str(outbox_id)},
    )
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def acceptance_body() -> str:
    """Accepting takes no parameters. Source: https://docs.stripe.com/api/disputes/close"""
    return json.dumps(DisputeCloseParams())


def update_dispute(dispute_id: str, request: Request) -> Dispute:
    """POST /v1/disputes/{id}. Raises StripeUnavailableError (again, the same) or StripeRefusedError (never)."""
    params = cast("DisputeUpdateParams", json.loads(request.body))
    with translated():
        return _dispute(client().v1.disputes.update(dispute_id, params, options(request)))


def close_dispute(dispute_id: str, request: Request) -> Dispute:
    """POST /v1/disputes/{id}/close. Raises as above."""
    params = cast("DisputeCloseParams", json.loads(request.body))
    with translated():
        return _dispute(client().v1.disputes.close(dispute_id, params, options(request)))
