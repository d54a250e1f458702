"""What a developer makes happen by hand, from an object's page or by POST /_sandbox/objects/<id>/act."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from payouts.sandbox import ledger
from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import StripeError
from payouts.sandbox.resources import accounts, bank_accounts, disputes, early_fraud_warnings, payouts, refunds
from payouts.sandbox.store import Json

# Of each option: its hint on the page, and values to choose from (any is taken, as Stripe adds new ones).
_OPTIONS: dict[str, tuple[str, list[str]]] = {
    "amount": ("all of it", []),
    "reason": ("reason", ["fraudulent", "product_not_received", "subscription_canceled", "duplicate", "general"]),
    "failure_code": ("account_closed", sorted({code for code, _ in bank_accounts.FAILURES.values()})),
}
_OPEN_DISPUTES = ("needs_response", "under_review")
_OPEN_INQUIRIES = ("warning_needs_response", "warning_under_review")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button: for which kind and states of object, and what it does."""

    name: str
    label: str
    kind: str
    run: Callable[[Sandbox, Json, Json], Any]
    when: Callable[[Json], bool]
    takes: tuple[str, ...] = ()

    @property
    def fields(self) -> list[tuple[str, str, list[str]]]:
        """What may be given with it: name, hint, and what is usual."""
        return [(name, *_OPTIONS[name]) for name in self.takes]


def of(obj: Json) -> list[Action]:
    """The actions that an object offers now."""
    return [action for action in _ACTIONS if action.kind == obj["object"] and action.when(obj)]


def act(sandbox: Sandbox, object_id: str, name: str, options: Json) -> Json:
    """Do one by name; raises StripeError when the object does not offer it."""
    obj = sandbox.store.load(object_id)
    if obj is None:
        raise StripeError(f"No such object: {object_id}", status=404)
    for action in of(obj):
        if action.name == name:
            with sandbox.store.transaction():
                action.run(sandbox, obj, options)
            sandbox.clock.play()
            return sandbox.store.load(object_id) or obj
    offered = ", ".join(action.name for action in of(obj)) or "nothing"
    raise StripeError(f"{object_id} does not offer {name!r}; it offers {offered}.")


def _amount(options: Json, of: Json) -> int | None:
    """In minor units of the object's currency, at most all of it; none: all of it."""
    given = options.get("amount")
    if given in (None, ""):
        return None
    if not str(given).isdecimal() or not 0 < int(given) <= of["amount"]:
        raise StripeError(f"Give an amount from 1 to {of['amount']}, in minor units, or none.", param="amount")
    return int(given)


def _succeeded(charge: Json) -> bool:
    return bool(charge["status"] == "succeeded" and charge["payment_intent"] and not charge["disputed"])


def _in(*statuses: str) -> Callable[[Json], bool]:
    return lambda obj: obj["status"] in statuses


def _returned(sandbox: Sandbox, payout: Json, options: Json) -> None:
    code = str(options.get("failure_code") or "account_closed")
    messages = dict(bank_accounts.FAILURES.values())
    for kind in ("payout.in_transit", "payout.arrive", "payout.return"):
        sandbox.clock.cancel(kind, payout["id"])
    payouts.fail(sandbox, payout, code, messages.get(code, "The bank sent the money back."))


def _return_fee(sandbox: Sandbox, charge: Json, _options: Json) -> None:
    """Stripe gives a fee back by itself, as after a support case; it is available at once."""
    movement = sandbox.get("balance_transaction", charge["balance_transaction"])
    ledger.enter(
        sandbox, amount=movement["fee"], currency=movement["currency"], kind="stripe_fee", source=charge["id"],
        account="", description=f"Processing fee returned for {charge['id']}",
    )  # fmt: skip


_ACTIONS = [
    Action(name="dispute", label="Open dispute", kind="charge", when=_succeeded, takes=("amount", "reason"),
           run=lambda s, o, x: disputes.open_(s, o, reason=str(x.get("reason") or "fraudulent"),
                                              amount=_amount(x, o))),
    Action(name="inquiry", label="Open inquiry", kind="charge", when=_succeeded, takes=("reason",),
           run=lambda s, o, x: disputes.open_(s, o, reason=str(x.get("reason") or "general"), inquiry=True)),
    Action(name="early_fraud_warning", label="Early fraud warning", kind="charge", when=_succeeded,
           run=lambda s, o, _: early_fraud_warnings.open_(s, o["id"])),
    Action(name="return_fee", label="Give the processing fee back", kind="charge",
           when=lambda o: bool(o["paid"] and o["balance_transaction"]), run=_return_fee),
    Action(name="win", label="Decide: won", kind="dispute", when=_in(*_OPEN_DISPUTES), takes=("amount",),
           run=lambda s, o, x: disputes.resolve(s, o, "won", amount=_amount(x, o))),
    Action(name="lose", label="Decide: lost", kind="dispute", when=_in(*_OPEN_DISPUTES),
           run=lambda s, o, _: disputes.resolve(s, o, "lost")),
    Action(name="overturn", label="Won after all", kind="dispute", when=_in("lost"),
           run=lambda s, o, _: disputes.resolve(s, o, "won")),
    Action(name="escalate", label="Escalate to a dispute", kind="dispute", when=_in(*_OPEN_INQUIRIES),
           run=lambda s, o, _: disputes.resolve(s, o, "escalate")),
    Action(name="close", label="Close the inquiry", kind="dispute", when=_in(*_OPEN_INQUIRIES),
           run=lambda s, o, _: disputes.resolve(s, o, "warning_closed")),
    Action(name="fail", label="Fail", kind="refund", when=_in("succeeded", "pending"),
           run=lambda s, o, _: refunds.fail(s, o["id"])),
    Action(name="fail", label="Fail", kind="payout", when=_in("pending", "in_transit", "paid"), run=_returned,
           takes=("failure_code",)),
    Action(name="restrict", label="Restrict transfers", kind="v2.core.account",
           when=lambda o: accounts.transfers_status(o) == "active",
           run=lambda s, o, _: accounts.set_transfers(s, o, "restricted")),
    Action(name="activate", label="Activate transfers", kind="v2.core.account",
           when=lambda o: accounts.transfers_status(o) == "restricted" and not o["requirements"]["entries"],
           run=lambda s, o, _: accounts.set_transfers(s, o, "active")),
]  # fmt: skip
