"""How a dispute is shown: when it must be answered, what happened to it, what it moved."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.directory import actor_names
from ledger.labels import labels_of
from ledger.lookups import actor_shown
from ledger.queries import transactions_of
from payouts.admin.parts import EMPTY, badge, link, money, table, wrapped
from payouts.disputes.answering import AUTOMATIC
from payouts.disputes.evidence import labelled
from payouts.models import BalanceTransaction, Dispute, DisputeStatus, EvidenceState
from payouts.models.dispute import UNANSWERED_STATUSES

STATUS_COLOURS = {
    DisputeStatus.WARNING_NEEDS_RESPONSE: "warning",
    DisputeStatus.WARNING_UNDER_REVIEW: "info",
    DisputeStatus.WARNING_CLOSED: "default",
    DisputeStatus.NEEDS_RESPONSE: "danger",
    DisputeStatus.UNDER_REVIEW: "info",
    DisputeStatus.APPEAL_NEEDS_RESPONSE: "danger",
    DisputeStatus.APPEAL_UNDER_REVIEW: "info",
    DisputeStatus.WON: "success",
    DisputeStatus.LOST: "default",
    DisputeStatus.PREVENTED: "default",
}
EVIDENCE_COLOURS = {
    EvidenceState.MISSING: "danger",
    EvidenceState.DRAFT: "warning",
    EvidenceState.SENDING: "info",
    EvidenceState.SUBMITTED: "success",
    EvidenceState.CONCEDING: "info",
    EvidenceState.CONCEDED: "default",
}
SOON = timedelta(days=2)


def due(dispute: Dispute, *, now: datetime) -> SafeString | str:
    """By when the bank wants our answer: what is late or due soon stands out; nothing once it is answered."""
    if dispute.due_by is None or dispute.status not in UNANSWERED_STATUSES:
        return EMPTY
    if dispute.due_by <= now:
        return badge("late", f"Late by {_span(now - dispute.due_by)}", {"late": "danger"})
    left = f"{_span(dispute.due_by - now)} left"
    if dispute.due_by - now <= SOON:
        return badge("soon", left, {"soon": "warning"})
    return format_html('{} <span class="opacity-60">({})</span>', left, f"{dispute.due_by:%Y-%m-%d %H:%M}")


def _span(length: timedelta) -> str:
    """In days, and when it gets close in hours."""
    hours = int(length.total_seconds()) // 3600
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hour{'' if hours == 1 else 's'}"


def timeline(dispute: Dispute, movements: list[BalanceTransaction]) -> SafeString:
    """What happened, in order, with who did it."""
    names = actor_names([dispute.evidence_edited_by, dispute.evidence_sent_by])
    steps: list[tuple[datetime | None, object]] = [
        (dispute.opened_at, "Opened by the bank"),
        *((movement.created_at, _moved(movement)) for movement in movements),
        (dispute.evidence_assembled_at, "Evidence assembled"),
        (dispute.evidence_edited_at, _by("Evidence written", dispute.evidence_edited_by, names)),
        (dispute.evidence_sent_at, _by("Evidence sent", dispute.evidence_sent_by, names)),
        (dispute.closed_at, f"Closed: {dispute.get_status_display().lower()}"),
        (dispute.booked_at, f"Outcome in the ledger: {money(dispute.lost_minor, dispute.currency)} lost"),
    ]
    known = sorted(((at, what) for at, what in steps if at is not None), key=lambda step: step[0])
    return table(("when (UTC)", "what"), ((f"{at:%Y-%m-%d %H:%M:%S}", what) for at, what in known))


def _by(what: str, actor: str, names: Mapping[str, str]) -> SafeString | str:
    """With who did it, by name."""
    if actor == AUTOMATIC:
        return f"{what}, by itself"
    return format_html("{} by {}", what, actor_shown(actor, names)) if actor else what


def _moved(movement: BalanceTransaction) -> SafeString:
    what = "Taken" if movement.amount_minor < 0 else "Given back"
    amount = money(abs(movement.amount_minor), movement.currency)
    fee = money(abs(movement.fee_minor), movement.currency)
    opened = link("payouts_balancetransaction_change", movement.id, movement.id)
    return format_html("{}: {} and a fee of {} · {}", what, amount, fee, opened)


def entries(dispute: Dispute) -> SafeString | str:
    """What the disputes of the sale have moved, from the ledger."""
    lines = [line for line in transactions_of(subject=dispute.ledger_subject) if line.kind.startswith("dispute.")]
    if not lines:
        return "Nothing has moved yet."
    labels = labels_of(line.account for line in lines)
    rows = (
        (
            f"{line.effective_at:%Y-%m-%d %H:%M}",
            line.kind.removeprefix("dispute."),
            wrapped(labels[line.account], title=line.account),
            money(line.amount_minor, line.currency) if line.amount_minor > 0 else "",
            money(-line.amount_minor, line.currency) if line.amount_minor < 0 else "",
        )
        for line in lines
    )
    return table(("when (UTC)", "what", "account", "debit", "credit"), rows)


def payees(dispute: Dispute) -> SafeString | str:
    """Whose money is set aside, and who bore what in the end."""
    rows = [
        (
            link("payouts_payee_change", share.payee.display_name, share.payee_id),
            money(share.reserved_minor, dispute.settlement_currency),
            money(share.charged_minor, dispute.settlement_currency),
        )
        for share in dispute.shares.select_related("payee").order_by("position")
    ]
    return table(("payee", "reserved now", "charged"), rows) if rows else "Nobody's money is reserved."


def sent(dispute: Dispute) -> SafeString | str:
    """The evidence as it was, or will be, sent."""
    rows = [
        (label, format_html('<span style="white-space:pre-wrap;overflow-wrap:anywhere">{}</span>', text))
        for label, text in labelled(dispute.evidence)
    ]
    return table(("field", "text"), rows) if rows else "None."
