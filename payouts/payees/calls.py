"""The calls of a payee: make the connected account, and set its payouts to manual."""

from datetime import datetime
from uuid import UUID

from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import calls, facts, lookups
from payouts.gateway.requests import Request
from payouts.locks import lock_payee
from payouts.models import Payee, StripeCall
from payouts.outbox.registry import Operation, register
from payouts.payees.operations import learn_account, request_manual_payouts


def _locked(call: StripeCall) -> Payee:
    payee = lock_payee(UUID(call.subject.removeprefix("payee:")))
    if payee is None:
        raise ContradictionError("the payee of this call is gone", object_id=str(call.id))
    return payee


@register
class CreateAccount(Operation[facts.Account]):
    """POST /v2/core/accounts"""

    name = "account.create"

    def send(self, *, call: StripeCall, request: Request) -> facts.Account:
        """Make the account."""
        return calls.create_account(request)

    def find(self, *, call: StripeCall) -> facts.Account | None:
        """The account that an earlier attempt made."""
        return lookups.find_account(outbox_id=call.id)

    def done(self, *, call: StripeCall, result: facts.Account, now: datetime) -> None:
        """Keep its id, unless an event was faster, and have its payouts set to manual."""
        payee = _locked(call)
        if not payee.stripe_account_id:
            learn_account(payee=payee, account=result, now=now)
        request_manual_payouts(payee=payee, now=now)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """The payee sees the reason when they start onboarding, which makes a new call."""


@register
class UpdateBalanceSettings(Operation[facts.BalanceSettings]):
    """POST /v1/balance_settings"""

    name = "balance_settings.update"

    def send(self, *, call: StripeCall, request: Request) -> facts.BalanceSettings:
        """Set them."""
        return calls.update_balance_settings(request)

    def find(self, *, call: StripeCall) -> facts.BalanceSettings | None:
        """The settings as they are, if they are as wanted."""
        settings = lookups.balance_settings(call.stripe_account)
        return settings if settings.interval == "manual" else None

    def done(self, *, call: StripeCall, result: facts.BalanceSettings, now: datetime) -> None:
        """From here on only our runs pay the payee."""
        payee = _locked(call)
        payee.payouts_manual_at = now
        payee.save(update_fields=["payouts_manual_at"])

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """No run pays a payee whose payouts are not manual; finance sees the refused call."""
