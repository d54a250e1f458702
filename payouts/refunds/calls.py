"""The call that makes a refund."""

import json
from datetime import datetime
from uuid import UUID

from payouts.errors import ContradictionError, StripeRefusedError
from payouts.gateway import calls, facts, lookups
from payouts.gateway.requests import Request
from payouts.locks import lock_sale
from payouts.models import Refund, RefundState, StripeCall
from payouts.outbox.registry import Operation, register
from payouts.refunds.learning import fail, learn


@register
class CreateRefund(Operation[facts.Refund]):
    """POST /v1/refunds"""

    name = "refund.create"

    def send(self, *, call: StripeCall, request: Request) -> facts.Refund:
        """Give the money back."""
        return calls.create_refund(request)

    def find(self, *, call: StripeCall) -> facts.Refund | None:
        """The refund that an earlier attempt made."""
        return lookups.find_refund(outbox_id=call.id, charge_id=json.loads(call.body)["charge"])

    def done(self, *, call: StripeCall, result: facts.Refund, now: datetime) -> None:
        """On its way; it is posted from its balance transaction."""
        if learn(refund=result, now=now) is None:
            raise ContradictionError("the sale of this refund is gone", object_id=result.id)

    def refused(self, *, call: StripeCall, error: StripeRefusedError, now: datetime) -> None:
        """Nothing moved: whoever asked sees why."""
        sale = lock_sale(UUID(call.subject.removeprefix("sale:")))
        row = Refund.objects.filter(call_id=call.id).first()
        if sale is None or row is None:
            raise ContradictionError("the refund of this call is gone", object_id=str(call.id))
        if row.state == RefundState.ASKED:
            fail(row=row, sale=sale, state=RefundState.REFUSED, reason=error.message, now=now)
