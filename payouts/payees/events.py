"""What Stripe's thin events about v2 accounts do to payees."""

from datetime import datetime

from payouts.errors import UnknownObjectError
from payouts.gateway import lookups
from payouts.inbox.registry import handles
from payouts.models import Payee, StripeEvent
from payouts.payees.operations import learn_account


@handles(
    "v2.core.account.updated",
    "v2.core.account[requirements].updated",
    "v2.core.account[configuration.recipient].updated",
    "v2.core.account[configuration.recipient].capability_status_updated",
)
def account_changed(*, event: StripeEvent, now: datetime) -> None:
    """Fetch the account as it is now: under the lock of its id, so an older fetch never overwrites a newer one.

    Raises:
        UnknownObjectError: the call that makes the account is not recorded yet.
    """
    payee = Payee.objects.select_for_update().filter(stripe_account_id=event.object_id).first()
    if payee is None:
        raise UnknownObjectError(event.object_id)
    learn_account(payee=payee, account=lookups.account(event.object_id), now=now)
