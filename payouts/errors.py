"""What can go wrong in payouts, as one tree; each error carries its data."""

from uuid import UUID

from ledger.currencies import major


class PayoutsError(Exception):
    """The root of all errors of payouts."""


class StripeError(PayoutsError):
    """Stripe did not do what it was asked."""


class StripeUnavailableError(StripeError):
    """Try again with the same key and bytes: no answer, 429, 409 in progress or 500.

    `executed` is False when Stripe surely did nothing. `kept` is True when Stripe keeps this answer under the key, so
    that the same key will never bring another one. `silent` is True when nobody answered, or nobody in their right
    mind: the sign that Stripe is down.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        executed: bool | None = None,
        kept: bool = False,
        silent: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.executed = executed
        self.kept = kept
        self.silent = silent


class StripeRefusedError(StripeError):
    """A definite no: nothing was done, and the same request will never succeed.

    `decline_code` is the bank's reason when it was a card that was refused.
    """

    def __init__(
        self, message: str, *, code: str, http_status: int | None, param: str | None = None, decline_code: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.http_status = http_status
        self.param = param
        self.decline_code = decline_code


class ForgedEventError(PayoutsError):
    """A webhook whose signature, time or shape proves that Stripe did not just send it to us."""

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class UnknownObjectError(PayoutsError):
    """An event names an object that we do not know yet: wait for it."""

    def __init__(self, object_id: str) -> None:
        super().__init__(f"{object_id} is not known here yet")
        self.object_id = object_id


class ContradictionError(PayoutsError):
    """Stripe's word contradicts ours (amount, currency, a second charge): a person must look, nothing is posted."""

    def __init__(self, reason: str, *, object_id: str) -> None:
        super().__init__(f"{object_id}: {reason}")
        self.reason = reason
        self.object_id = object_id


class UnknownSaleError(PayoutsError):
    """No such sale."""

    def __init__(self, sale_id: UUID) -> None:
        super().__init__(f"There is no sale {sale_id}")
        self.sale_id = sale_id


class UnknownPayeeError(PayoutsError):
    """Somebody among these is not a payee."""

    def __init__(self, payee_ids: set[UUID]) -> None:
        super().__init__(f"Not payees: {', '.join(sorted(map(str, payee_ids)))}")
        self.payee_ids = payee_ids


class UnknownSubscriptionError(PayoutsError):
    """No such subscription."""

    def __init__(self, subscription_id: UUID) -> None:
        super().__init__(f"There is no subscription {subscription_id}")
        self.subscription_id = subscription_id


class SubscriptionChangeError(PayoutsError):
    """A subscription could not be changed; `reason` is for its payer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OnboardingUnavailableError(PayoutsError):
    """Stripe has not made the payee's account yet; `reason` is for the payee."""

    def __init__(self, payee_id: UUID, reason: str) -> None:
        super().__init__(reason)
        self.payee_id = payee_id
        self.reason = reason


class CustomerUnavailableError(PayoutsError):
    """Stripe has not made what a buyer needs to go on; `reason` is for the buyer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotEnoughStarsError(PayoutsError):
    """A wallet has fewer Stars than were to be given."""

    def __init__(self, *, balance: int, wanted: int) -> None:
        super().__init__(f"{wanted} Stars wanted, {balance} there")
        self.balance = balance
        self.wanted = wanted


class WalletFrozenError(PayoutsError):
    """A payment for Stars of this wallet is disputed: nothing is spent from it until that is over."""

    def __init__(self, *, balance: int) -> None:
        super().__init__("the wallet is frozen")
        self.balance = balance


class UnknownCardError(PayoutsError):
    """The person has no such saved card, or removed it."""

    def __init__(self, payment_method_id: str) -> None:
        super().__init__(f"There is no saved card {payment_method_id}")
        self.payment_method_id = payment_method_id


class CannotMatchError(PayoutsError):
    """Money in suspense cannot go where it was to go; the message says what can be done."""


class RefundRefusedError(PayoutsError):
    """A refund that cannot be; nothing was asked of Stripe. `code` is stable, the message says what to do."""

    code = "refund-refused"


class SaleNotPaidError(RefundRefusedError):
    """Nothing was paid yet, or the payment is not confirmed to the end."""

    code = "not-paid"

    def __init__(self, *, wait: bool) -> None:
        super().__init__(
            "The payment is being confirmed at this moment. Try again in a minute."
            if wait
            else "This sale was never paid, so there is nothing to give back."
        )


class NothingLeftError(RefundRefusedError):
    """All of it has gone back, or is on its way."""

    code = "nothing-left"

    def __init__(self) -> None:
        super().__init__("Nothing is left to give back: all of this payment has gone back or is on its way.")


class OverTheRestError(RefundRefusedError):
    """More than is left; `left_minor` says how much that is."""

    code = "over-the-rest"

    def __init__(self, *, asked_minor: int, left_minor: int, currency: str, in_all: bool = False) -> None:
        what = "in all, with what has gone back before," if in_all else "more"
        super().__init__(
            f"{_amount(asked_minor, currency)} {what} is not possible: {_amount(left_minor, currency)} is left. "
            "Ask for that or less."
        )
        self.left_minor = left_minor
        self.currency = currency


class BadRefundAmountError(RefundRefusedError):
    """Not an amount that can go back."""

    code = "bad-amount"


class DisputeOpenError(RefundRefusedError):
    """The buyer's bank is deciding: a refund beside it would pay twice."""

    code = "dispute-open"

    def __init__(self) -> None:
        super().__init__(
            "The buyer disputes this payment with their bank, which holds the money until it decides. "
            "Refunding now would pay them twice. Wait for the dispute's end, or accept the dispute."
        )


class RefundKeyReusedError(RefundRefusedError):
    """The key came with another sale or amount before."""

    code = "key-reused"

    def __init__(self, key: str) -> None:
        super().__init__("This key was used for another refund. Use a new key for a new refund.")
        self.key = key


def _amount(amount_minor: int, currency: str) -> str:
    return f"{major(amount_minor, currency)} {currency}"
