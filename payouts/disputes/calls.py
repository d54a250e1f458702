"""The calls that answer a dispute: save evidence, send it, accept."""

from datetime import datetime
from typing import ClassVar

from payouts.disputes import answering
from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import disputes as gateway
from payouts.gateway.requests import Request
from payouts.locks import lock_dispute, lock_sale_of_charge
from payouts.models import Dispute, EvidenceState, StripeCall
from payouts.models.dispute import CLOSED_STATUSES
from payouts.outbox.registry import Operation, register

FAILURE_MAX = 500


def _locked(call: StripeCall) -> Dispute:
    charge_id = Dispute.objects.values_list("charge_id", flat=True).get(id=call.target_id)
    lock_sale_of_charge(charge_id)
    dispute = lock_dispute(call.target_id)
    if dispute is None:
        raise ContradictionError("the dispute of this call is gone", object_id=str(call.id))
    return dispute


class _Evidence(Operation[gateway.Dispute]):
    """POST /v1/disputes/{id}"""

    def send(self, *, call: StripeCall, request: Request) -> gateway.Dispute:
        """Change the dispute."""
        return gateway.update_dispute(call.target_id, request)

    def find(self, *, call: StripeCall) -> gateway.Dispute | None:
        """The dispute, if an earlier attempt was the last call that changed it: one call at a time."""
        found = gateway.dispute(call.target_id)
        return found if found.outbox_id == str(call.id) else None


@register
class SaveEvidence(_Evidence):
    """A draft, which the bank does not see."""

    name: ClassVar[str] = answering.SAVE

    def done(self, *, call: StripeCall, result: gateway.Dispute, now: datetime) -> None:
        """Stripe keeps it; nothing here depends on that."""

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Finance sees why; the draft here stands."""
        _fail(_locked(call), error, back_to=None)


@register
class SubmitEvidence(_Evidence):
    """The answer to the bank."""

    name: ClassVar[str] = answering.SUBMIT

    def done(self, *, call: StripeCall, result: gateway.Dispute, now: datetime) -> None:
        """It is with the bank; the status follows with the event."""
        dispute = _locked(call)
        dispute.evidence_state = EvidenceState.SUBMITTED
        dispute.evidence_sent_at = now
        dispute.save(update_fields=["evidence_state", "evidence_sent_at"])

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """A draft again, with the reason, to be mended and sent anew."""
        _fail(_locked(call), error, back_to=EvidenceState.DRAFT)


@register
class AcceptDispute(Operation[gateway.Dispute]):
    """POST /v1/disputes/{id}/close"""

    name: ClassVar[str] = answering.ACCEPT

    def send(self, *, call: StripeCall, request: Request) -> gateway.Dispute:
        """Give in; a dispute that is decided already says how."""
        try:
            return gateway.close_dispute(call.target_id, request)
        except StripeRefusedError:
            found = gateway.dispute(call.target_id)
            if found.status not in CLOSED_STATUSES:
                raise
            return found

    def find(self, *, call: StripeCall) -> gateway.Dispute | None:
        """The dispute, if it is closed."""
        found = gateway.dispute(call.target_id)
        return found if found.status in CLOSED_STATUSES else None

    def done(self, *, call: StripeCall, result: gateway.Dispute, now: datetime) -> None:
        """Accepted, and lost; how it was closed is learned from Stripe, as always."""
        dispute = _locked(call)
        dispute.evidence_state = EvidenceState.CONCEDED
        dispute.save(update_fields=["evidence_state"])

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """It is open as before."""
        dispute = _locked(call)
        back_to = EvidenceState.DRAFT if dispute.evidence_assembled_at else EvidenceState.MISSING
        _fail(dispute, error, back_to=back_to)


def _fail(dispute: Dispute, error: StripeRefusedError, *, back_to: EvidenceState | None) -> None:
    if back_to is not None:
        dispute.evidence_state = back_to
    dispute.evidence_failure = error.message[:FAILURE_MAX]
    dispute.save(update_fields=["evidence_state", "evidence_failure"])
