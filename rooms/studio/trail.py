"""Explain this cent: where every part of a sale went, from its stored split and the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payouts.disputes.queries import disputes_of
from payouts.models import TOO_LATE, BalanceTransaction, Payout, Sale, SaleShare, SaleState
from payouts.refunds.queries import refunds_of
from payouts.sales.queries import Explanation, explain_sale
from rooms.conversions import rate_words
from rooms.currencies import money_text
from rooms.studio import disputes, holds
from rooms.studio.entries import LedgerTransaction, grouped
from rooms.studio.refund_lines import RefundLine, refund_lines
from rooms.studio.refundable import why_not
from rooms.studio.standing import Badge, badge_of, refunded
from rooms.studio.steps import Step
from rooms.studio.who_got_what import WhoGotWhat, who_got_what
from rooms.studio.words import formula_words


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaLine:
    """One step of the stored formula, in words."""

    label: str
    words: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A sale as one of its payees may see it; amounts are in `currency`, that of settlement once the fee is known.

    `mine_minor` and `who` are empty until then; `given_minor` of `mine_minor` went back. `why_no_refund` tells the
    host why it cannot be refunded now.
    """

    sale: Sale
    currency: str
    mine_minor: int | None
    who: WhoGotWhat
    formula: tuple[FormulaLine, ...]
    policy_title: str
    platform_words: str
    processing_words: str
    predicted_fee_minor: int
    rate_words: str
    steps: tuple[Step, ...]
    transactions: tuple[LedgerTransaction, ...]
    payout: Payout | None
    refunds: tuple[RefundLine, ...]
    refunded: str
    dispute: Badge | None
    given_minor: int
    is_host: bool
    why_no_refund: str

    @property
    def left_minor(self) -> int:
        """What is left of the share."""
        return (self.mine_minor or 0) - self.given_minor


def trail_of(*, sale_id: UUID, payee_id: UUID, now: datetime) -> Trail | None:
    """The trail of a paid sale that this payee shares in, or None when there is none."""
    shares = list(SaleShare.objects.filter(sale_id=sale_id, sale__paid_at__isnull=False).select_related("payee"))
    mine = next((share for share in shares if share.payee_id == payee_id), None)
    if mine is None:
        return None
    found = explain_sale(sale_id=sale_id)
    names = {str(share.payee_id): share.payee.display_name for share in shares}
    payout = _payout(found, payee_id)
    disputed, refunds = list(disputes_of(sale_id=sale_id)), refunds_of(sale_id=sale_id)
    return Trail(
        sale=found.sale,
        currency=found.currency,
        mine_minor=mine.amount_minor,
        who=who_got_what(sale=found.sale, shares=shares, payee_id=payee_id),
        formula=_formula(found, names),
        policy_title=found.policy_title,
        platform_words=_platform_words(found),
        processing_words=processing_words(found.sale),
        predicted_fee_minor=found.sale.basis["predicted_processing_fee_minor"],
        rate_words=_rate_words(found),
        steps=(*_steps(found.sale, found.balance_transaction, payout), *disputes.steps_of(disputed)),
        transactions=grouped(found.entries, names=names),
        payout=payout,
        refunds=refund_lines(refunds, found.entries, names=names, people=_people(shares, mine), now=now),
        refunded=refunded(found.sale, disputed),
        dispute=badge_of(disputed),
        given_minor=mine.given_minor,
        is_host=mine.position == 0,
        why_no_refund=why_not(sale=found.sale, refunds=refunds, now=now) if mine.position == 0 else "",
    )


def _people(shares: Sequence[SaleShare], mine: SaleShare) -> dict[str, str]:
    """Who shares in it, by user."""
    names = {str(share.payee.user_id): share.payee.display_name for share in shares}
    return names | {str(mine.payee.user_id): "you"}


def _payout(found: Explanation, payee_id: UUID) -> Payout | None:
    carried = next((carried for carried in found.carried_by if carried.payee_id == payee_id), None)
    return Payout.objects.get(id=carried.payout_id) if carried else None


def _rate_words(found: Explanation) -> str:
    movement = found.balance_transaction
    return "" if movement is None else rate_words(found.sale, movement.exchange_rate)


def _formula(found: Explanation, names: Mapping[str, str]) -> tuple[FormulaLine, ...]:
    return tuple(
        FormulaLine(
            label=names.get(line.label.removeprefix("Payee "), line.label),
            words=formula_words(line.formula, found.currency),
            amount_minor=line.amount_minor,
        )
        for line in found.formula
    )


def _platform_words(found: Explanation) -> str:
    stored = next((line.formula for line in found.formula if line.label == "Platform fee"), "")
    return formula_words(stored.partition(": ")[2], found.currency)


def processing_words(sale: Sale) -> str:
    """What Stripe took, beside what its published rate foretold."""
    if sale.processing_fee_minor is None:
        return ""
    took = money_text(sale.processing_fee_minor, sale.settlement_currency)
    predicted_minor = sale.basis["predicted_processing_fee_minor"]
    if sale.settlement_currency != sale.currency:
        return f"Stripe took {took} of this payment, as its balance transaction says."
    if sale.processing_fee_minor == predicted_minor:
        return f"Stripe took {took}, exactly what its published rate foretold."
    foretold = money_text(predicted_minor, sale.currency)
    return f"Stripe took {took}; its published rate foretold {foretold}. What counts is what it took."


def _steps(sale: Sale, movement: BalanceTransaction | None, payout: Payout | None) -> tuple[Step, ...]:
    """What has happened to the money, what holds it now, and what comes."""
    if sale.state in TOO_LATE:
        return _late_steps(sale)
    return (
        Step(title="Paid by the listener", look="done", at=sale.paid_at, reference=sale.charge_id),
        _ledger_step(sale),
        _settle_step(sale, movement),
        _hold_step(sale, movement),
        _payout_step(sale, payout),
    )


def _late_steps(sale: Sale) -> tuple[Step, ...]:
    """A payment for a seat that was given up goes back to the listener; nobody earns from it."""
    paid = Step(title="Paid by the listener, too late", look="done", at=sale.paid_at, reference=sale.charge_id)
    if sale.returned_at:
        return paid, Step(title="Returned to the listener", look="done", at=sale.returned_at, reference=sale.refund_id)
    note = "All of it, by itself." if sale.refund_failed_at is None else "The card did not take it; Obole sees to it."
    return paid, Step(title="Going back to the listener", look="now", note=note)


def _ledger_step(sale: Sale) -> Step:
    if sale.posted_at is None:
        return Step(title="Waiting for Stripe's exact fee", look="now", note="Seconds, seldom a minute.")
    return Step(title="In the ledger, pending", look="done", at=sale.posted_at, reference=sale.balance_transaction_id)


def _settle_step(sale: Sale, movement: BalanceTransaction | None) -> Step:
    if sale.settled_at:
        return Step(title="Available at Stripe", look="done", at=sale.settled_at)
    look = "now" if sale.posted_at else "todo"
    return Step(
        title="Available at Stripe", look=look, at=movement.available_on if movement else None, note=holds.AT_STRIPE
    )


def _hold_step(sale: Sale, movement: BalanceTransaction | None) -> Step:
    if sale.released_at:
        return Step(title="Free, added to available", look="done", at=sale.released_at)
    free_at = max(sale.hold_until, movement.available_on) if movement else sale.hold_until
    look = "now" if sale.state == SaleState.SETTLED else "todo"
    return Step(title="Hold ends", look=look, at=free_at, note=holds.AFTER_THE_ROOM)


def _payout_step(sale: Sale, payout: Payout | None) -> Step:
    if payout is None:
        look = "now" if sale.released_at else "todo"
        return Step(title="Paid out", look=look, note="With the next payout, once a day.")
    if payout.paid_at:
        return Step(title="At your bank", look="done", at=payout.paid_at, reference=payout.stripe_payout_id)
    return Step(title="On its way to your bank", look="now", at=payout.reserved_at, reference=payout.stripe_payout_id)
