"""Answering a dispute: evidence as a draft, then sent; or accepted. Each is a call in the outbox (`disputes.calls`).

One call about a dispute at a time: the next waits until the answer to the one before is recorded, so that an old draft
can never arrive after what was sent.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from payouts.disputes import evidence
from payouts.gateway import disputes as gateway
from payouts.locks import lock_dispute, lock_sale
from payouts.models import CallState, Dispute, EvidenceState, StripeCall
from payouts.models.call import OPEN_STATES
from payouts.models.dispute import UNANSWERED_STATUSES
from payouts.outbox.operations import enqueue

log = structlog.get_logger(__name__)

AUTOMATIC = "automatic"
SAVE, SUBMIT, ACCEPT = "dispute.save_evidence", "dispute.submit_evidence", "dispute.accept"


class NotAnswerableError(Exception):
    """The dispute cannot be answered now; the reason says why and what to do."""

    def __init__(self, dispute_id: str, reason: str) -> None:
        super().__init__(reason)
        self.dispute_id = dispute_id
        self.reason = reason


def subject_of(dispute_id: str) -> str:
    """What the outbox calls a dispute."""
    return f"dispute:{dispute_id}"


@transaction.atomic
def assemble(*, dispute_id: str, now: datetime) -> Dispute:
    """Fill the draft with all that is known, in place of what it holds. Nothing is sent.

    Raises:
        NotAnswerableError: it is decided, or its answer is on its way or sent.
    """
    dispute = _answerable(dispute_id)
    _nothing_on_its_way(dispute)
    dispute.evidence = evidence.gathered(dispute)
    dispute.evidence_state = EvidenceState.DRAFT
    dispute.evidence_assembled_at = now
    dispute.evidence_edited_at, dispute.evidence_edited_by = None, ""
    dispute.save()
    return dispute


@transaction.atomic
def keep_draft(*, dispute_id: str, texts: Mapping[str, str], actor: str, now: datetime) -> Dispute:
    """Keep evidence as finance wrote it, here alone; nothing is done where it says what the draft says already.

    Raises:
        NotAnswerableError: it is decided, or its answer is on its way or sent.
        EvidenceError: Stripe would not take it.
    """
    dispute = _answerable(dispute_id)
    if evidence.checked(texts) != dispute.evidence:
        _write(dispute, texts, actor=actor, now=now)
    return dispute


def kept_at_stripe(dispute: Dispute) -> dict[str, str]:
    """What earlier drafts at Stripe say in fields that this one leaves empty: it would be sent along with this one.

    Stripe keeps the fields that an update leaves out, and lets text be replaced, not emptied.
    Source: https://docs.stripe.com/api/disputes/update
    """
    drafts = StripeCall.objects.filter(subject=subject_of(dispute.id), operation=SAVE).exclude(state=CallState.FAILED)
    before: dict[str, str] = {}
    for body in drafts.order_by("created_at").values_list("body", flat=True):
        before |= json.loads(body)["evidence"]
    return {name: text for name, text in before.items() if text and not dispute.evidence.get(name)}


@transaction.atomic
def save_draft(*, dispute_id: str, texts: Mapping[str, str], actor: str, now: datetime) -> Dispute:
    """Keep evidence as finance wrote it, here and as a draft at Stripe, where the bank does not see it.

    Raises:
        NotAnswerableError: as `assemble`, or the draft before is still on its way.
        EvidenceError: Stripe would not take it.
    """
    dispute = _answerable(dispute_id)
    _nothing_on_its_way(dispute)
    _write(dispute, texts, actor=actor, now=now)
    _enqueue(dispute, SAVE, _body(dispute, submit=False), now=now)
    return dispute


@transaction.atomic
def submit(
    *, dispute_id: str, texts: Mapping[str, str] | None = None, actor: str = AUTOMATIC, now: datetime
) -> Dispute:
    """Send the evidence to the bank: these texts, or the draft, which is assembled now unless somebody edited it.

    Raises:
        NotAnswerableError, EvidenceError: as `save_draft`, or there is nothing to send.
    """
    dispute = _answerable(dispute_id)
    _nothing_on_its_way(dispute)
    if texts is not None:
        dispute = keep_draft(dispute_id=dispute_id, texts=texts, actor=actor, now=now)
    elif dispute.evidence_edited_at is None:
        dispute = assemble(dispute_id=dispute_id, now=now)
    if not dispute.evidence:
        raise NotAnswerableError(dispute_id, "There is no evidence to send: write some, or accept the dispute.")
    dispute.evidence_state = EvidenceState.SENDING
    dispute.evidence_sent_by = actor
    dispute.evidence_failure = ""
    dispute.save()
    _enqueue(dispute, SUBMIT, _body(dispute, submit=True), now=now)
    log.info("dispute.answered", dispute_id=dispute.id, actor=actor)
    return dispute


@transaction.atomic
def accept(*, dispute_id: str, actor: str, now: datetime) -> Dispute:
    """Give in: the dispute is lost, for good. An inquiry that is accepted is closed.

    Raises:
        NotAnswerableError: as `save_draft`.
    """
    dispute = _answerable(dispute_id)
    _nothing_on_its_way(dispute)
    dispute.evidence_state = EvidenceState.CONCEDING
    dispute.evidence_sent_by = actor
    dispute.evidence_failure = ""
    dispute.save()
    _enqueue(dispute, ACCEPT, lambda _: gateway.acceptance_body(), now=now)
    log.info("dispute.accepted", dispute_id=dispute.id, actor=actor)
    return dispute


def answer_due(*, now: datetime) -> list[str]:
    """Assemble the evidence of disputes that have none, and send what finance left until its last hours.

    No dispute is lost by default: `DISPUTE_ANSWER_BEFORE_S` before the bank's date the draft goes out as it is. Each
    in a transaction of its own; one that fails is logged and tried again. The ids of those that were sent.
    """
    waiting = Dispute.objects.filter(status__in=UNANSWERED_STATUSES)
    for dispute_id in _ids(waiting.filter(evidence_state=EvidenceState.MISSING)):
        _try(dispute_id, lambda dispute_id: assemble(dispute_id=dispute_id, now=now))
    if not settings.DISPUTE_ANSWER_BEFORE_S:
        return []
    due = waiting.filter(
        evidence_state=EvidenceState.DRAFT,
        due_by__gt=now,  # later, Stripe takes nothing any more
        due_by__lte=now + timedelta(seconds=settings.DISPUTE_ANSWER_BEFORE_S),
    )
    return [each for each in _ids(due) if _try(each, lambda dispute_id: submit(dispute_id=dispute_id, now=now))]


def _ids(disputes: QuerySet[Dispute]) -> list[str]:
    return list(disputes.order_by("due_by", "id").values_list("id", flat=True))


def _try(dispute_id: str, work: Callable[[str], object]) -> bool:
    """One that cannot be answered now must not keep the others waiting."""
    try:
        work(dispute_id)
    except Exception:
        log.exception("dispute.not_answered", dispute_id=dispute_id)
        return False
    return True


def _answerable(dispute_id: str) -> Dispute:
    """The dispute, locked after its sale."""
    sale_id = Dispute.objects.filter(id=dispute_id).values_list("sale_id", flat=True).first()
    sale = None if sale_id is None else lock_sale(sale_id)
    dispute = None if sale is None else lock_dispute(dispute_id)
    if dispute is None:
        raise NotAnswerableError(dispute_id, f"There is no dispute {dispute_id}.")
    if not dispute.can_be_answered:
        raise NotAnswerableError(dispute_id, _why_not(dispute))
    return dispute


def _nothing_on_its_way(dispute: Dispute) -> None:
    """Of calls about it: an old draft must never arrive after what was sent."""
    if StripeCall.objects.filter(subject=subject_of(dispute.id), state__in=OPEN_STATES).exists():
        raise NotAnswerableError(dispute.id, "The draft saved before is on its way to Stripe. Try again in a minute.")


def _why_not(dispute: Dispute) -> str:
    if dispute.evidence_state in {EvidenceState.SENDING, EvidenceState.CONCEDING}:
        return "An answer is on its way to Stripe."
    if dispute.evidence_state == EvidenceState.SUBMITTED:
        return "The evidence was sent. Banks take it once."
    return f"It is {dispute.get_status_display().lower()}: there is nothing to answer."


def _write(dispute: Dispute, texts: Mapping[str, str], *, actor: str, now: datetime) -> None:
    dispute.evidence = evidence.checked(texts)
    dispute.evidence_state = EvidenceState.DRAFT
    dispute.evidence_assembled_at = dispute.evidence_assembled_at or now
    dispute.evidence_edited_at, dispute.evidence_edited_by = now, actor
    dispute.evidence_failure = ""
    dispute.save()


def _body(dispute: Dispute, *, submit: bool) -> Callable[[UUID], str]:
    """The body, for the id of its call."""
    return lambda call_id: gateway.evidence_body(outbox_id=call_id, evidence=dispute.evidence, submit=submit)


def _enqueue(dispute: Dispute, operation: str, body: Callable[[UUID], str], *, now: datetime) -> None:
    call_id = uuid.uuid4()
    enqueue(
        call_id=call_id,
        operation=operation,
        subject=subject_of(dispute.id),
        target_id=dispute.id,
        body=body(call_id),
        now=now,
    )
