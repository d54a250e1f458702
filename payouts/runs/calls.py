"""The calls of a payout: transfer, payout on the connected account, and reversal of the transfer."""

from datetime import datetime
from uuid import UUID

from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import calls, facts, lookups
from payouts.gateway.requests import Request
from payouts.locks import lock_payout
from payouts.models import Payout, StripeCall
from payouts.outbox.registry import Operation, register
from payouts.runs import steps


def _payout_id(call: StripeCall) -> UUID:
    return UUID(call.subject.removeprefix("payout:"))


def _locked(call: StripeCall) -> Payout:
    payout = lock_payout(_payout_id(call))
    if payout is None:
        raise ContradictionError("the payout of this call is gone", object_id=str(call.id))
    return payout


@register
class CreateTransfer(Operation[facts.Transfer]):
    """POST /v1/transfers"""

    name = "transfer.create"

    def send(self, *, call: StripeCall, request: Request) -> facts.Transfer:
        """Move the money."""
        return calls.create_transfer(request)

    def find(self, *, call: StripeCall) -> facts.Transfer | None:
        """The transfer that an earlier attempt made."""
        return lookups.find_transfer(outbox_id=call.id, payout_id=_payout_id(call))

    def done(self, *, call: StripeCall, result: facts.Transfer, now: datetime) -> None:
        """On to the bank."""
        steps.transfer_done(payout=_locked(call), transfer=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Owed again."""
        steps.transfer_refused(payout=_locked(call), code=error.code, reason=error.message, now=now)


@register
class CreateBankPayout(Operation[facts.BankPayout]):
    """POST /v1/payouts"""

    name = "payout.create"

    def send(self, *, call: StripeCall, request: Request) -> facts.BankPayout:
        """Send the money to the bank."""
        return calls.create_bank_payout(request)

    def find(self, *, call: StripeCall) -> facts.BankPayout | None:
        """The payout that an earlier attempt made."""
        return lookups.find_bank_payout(
            outbox_id=call.id, stripe_account=call.stripe_account, decided_at=call.decided_at
        )

    def done(self, *, call: StripeCall, result: facts.BankPayout, now: datetime) -> None:
        """On its way; `payout.paid` or `payout.failed` will tell."""
        steps.bank_payout_made(payout=_locked(call), made=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Back to the platform."""
        steps.bank_failed(payout=_locked(call), code=error.code, reason=error.message, at=now, now=now)


@register
class ReverseTransfer(Operation[facts.TransferReversal]):
    """POST /v1/transfers/{id}/reversals"""

    name = "transfer.reverse"

    def send(self, *, call: StripeCall, request: Request) -> facts.TransferReversal:
        """Move the money back."""
        return calls.reverse_transfer(call.target_id, request)

    def find(self, *, call: StripeCall) -> facts.TransferReversal | None:
        """The reversal that an earlier attempt made."""
        return lookups.find_transfer_reversal(outbox_id=call.id, transfer_id=call.target_id)

    def done(self, *, call: StripeCall, result: facts.TransferReversal, now: datetime) -> None:
        """All is as before the run."""
        steps.transfer_reversed(payout=_locked(call), reversal=result, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """The payout stays *returning*, so that no run pays twice; finance sees the refused call."""
