"""The fee basis: what a payee sold before, for policies with tiers."""

from ledger.operations.calls import call


def take_fee_basis(*, key: str, payee: str, policy: str, currency: str, price_minor: int) -> int:
    """Count a sale into the payee's lifetime gross sales and return what they were before it, in minor units.

    Call it before anything is posted in the same transaction: it locks the payee's basis, and locks go basis first,
    balances after. The same key answers the same; refunds do not lower the basis. Raises KeyConflictError.
    """
    request = {"key": key, "payee": payee, "policy": policy, "currency": currency, "price_minor": price_minor}
    return int(call("ledger_take_fee_basis", request)["lifetime_minor"])
