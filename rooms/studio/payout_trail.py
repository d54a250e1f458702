"""A payout: its steps to the bank, and what it carried."""

from uuid import UUID

from ledger import accounts
from ledger.models import Entry
from payouts.models import Payout
from payouts.queries import PayoutStep, payout_steps, payouts_of
from rooms.studio.figures import Part, movement_part
from rooms.studio.steps import Step

TITLES = {
    "transferred": "Moved to your Stripe account",
    "sent": "Sent to your bank",
    "paid": "Paid at the bank",
    "failed": "Failed",
    "returned": "Back at Obole",
}
YOURS_AGAIN = "Its amount is yours again and goes out with the next payout."


def payout_of(*, payout_id: UUID, payee_id: UUID) -> Payout | None:
    """A payout of this payee, or None."""
    return payouts_of(payee_id=payee_id).filter(id=payout_id).first()


def carried(payout: Payout) -> list[Part]:
    """What became available since the payout before it, and what was left over then; they sum to its amount.

    A rest that could not be paid out (a currency paid in whole units) is counted against it. Three queries.
    """
    code = accounts.payable(payout.payee_id, "available")
    entries = Entry.objects.filter(account__code=code, currency=payout.currency)
    reserved = entries.filter(transaction__key=f"payout:{payout.id}:reserve").first()
    if reserved is None:
        return []
    earlier = entries.filter(id__lt=reserved.id)
    before = earlier.filter(transaction__kind="payout.reserved").order_by("-id").first()
    since = earlier.filter(id__gt=before.id) if before else earlier
    parts = [movement_part(entry) for entry in since.select_related("transaction").order_by("-id")]
    left_over_minor = payout.amount_minor - sum(part.amount_minor for part in parts)
    if left_over_minor:
        title = "Left over from before" if left_over_minor > 0 else "Kept for the next payout"
        parts.append(Part(title=title, url="", at=reserved.effective_at, amount_minor=left_over_minor, reason=""))
    return parts


def steps_of(payout: Payout) -> list[Step]:
    """Set aside, moved, sent, at the bank; or where it failed and why. The first that has no time is under way."""
    steps = payout_steps(payout)
    now = next((step.name for step in steps if step.at is None), None)
    return [_step(step, payout, is_now=step.name == now) for step in steps]


def _step(step: PayoutStep, payout: Payout, *, is_now: bool) -> Step:
    look = "done" if step.at else "now" if is_now else "todo"
    note = ""
    if step.name == "failed":
        look, note = "failed", payout.failure_reason
    elif step.name == "returned":
        note = YOURS_AGAIN
    elif step.expected_on and not payout.paid_at:
        note = f"Expected at the bank on {step.expected_on.day} {step.expected_on:%b %Y}."
    return Step(title=TITLES.get(step.name, step.label), look=look, at=step.at, note=note, reference=step.reference)
