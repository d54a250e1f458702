"""Payouts to bank accounts, of the platform and of payees (https://docs.stripe.com/api/payouts).

A payout starts pending, is in transit an hour later and paid on its arrival date, unless its bank account fails.
"""

from stripe.params import (
    PayoutCancelParams,
    PayoutCreateParams,
    PayoutListParams,
    PayoutRetrieveParams,
    PayoutUpdateParams,
)

from payouts.sandbox import ledger, money
from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import bank_accounts
from payouts.sandbox.routing import SIGNS, Call, endpoint, page, retrieves
from payouts.sandbox.store import Json, new_id

_DAY_S = 86_400
_PENDING_S = 3600
_RETURNED_AFTER_S = 2 * _DAY_S

retrieves("payout", "/v1/payouts", PayoutRetrieveParams)


@endpoint("GET", "/v1/payouts", PayoutListParams)
def list_(call: Call) -> Json:
    """Newest first; by status, destination, creation and arrival."""
    arrival = call.params.get("arrival_date")
    bounds = arrival if isinstance(arrival, dict) else {} if arrival is None else {"gte": arrival, "lte": arrival}
    fixed = [(f"body->>'$.arrival_date' {SIGNS[name]} ?", value) for name, value in bounds.items()]
    return page(call, "payout", "/v1/payouts", {"status": "status", "destination": "destination"}, *fixed)


@endpoint("POST", "/v1/payouts", PayoutCreateParams, connected=True)
def create(call: Call) -> Json:
    """Send available money to the account's bank account."""
    params, sandbox = call.params, call.sandbox
    amount, currency = params["amount"], money.known(params["currency"])
    money.check_amount(amount, currency)
    if currency in money.WHOLE_UNIT_PAYOUTS and amount % 100:
        raise invalid(f"Payouts in {currency} must be in whole units: a multiple of 100.", param="amount")
    bank = _destination(call, currency)
    ledger.require_available(sandbox, call.account, amount, currency)
    payout_id = new_id("po")
    entry = ledger.enter(sandbox, amount=-amount, currency=currency, kind="payout", source=payout_id,
                         account=call.account, description="STRIPE PAYOUT")  # fmt: skip
    now = sandbox.clock.now()
    instant = params.get("method") == "instant"
    arrival = now + 1800 if instant else (now + sandbox.knobs.payout_days * _DAY_S) // _DAY_S * _DAY_S
    arrival = max(arrival, now)
    payout = sandbox.create(
        "payout", "po", owner=call.account, id=payout_id, amount=amount, currency=currency, arrival_date=arrival,
        automatic=False, balance_transaction=entry["id"], description=params.get("description"),
        destination=bank["id"], method=params.get("method") or "standard", source_type="card", status="pending",
        metadata=merge_metadata({}, params.get("metadata")), reconciliation_status="not_applicable",
        statement_descriptor=params.get("statement_descriptor"), type="bank_account",
        trace_id={"status": "pending", "value": None},
    )  # fmt: skip
    sandbox.emit("payout.created", payout)
    sandbox.clock.schedule(min(now + _PENDING_S, arrival), "payout.in_transit", payout_id)
    sandbox.clock.schedule(arrival, "payout.arrive", payout_id)
    return payout


@endpoint("POST", "/v1/payouts/{id}", PayoutUpdateParams, connected=True)
def update(call: Call) -> Json:
    """Change metadata."""
    payout = call.sandbox.get("payout", call.id, account=call.account)
    call.sandbox.save(payout, metadata=merge_metadata(payout["metadata"], call.params.get("metadata")))
    call.sandbox.emit("payout.updated", payout)
    return payout


@endpoint("POST", "/v1/payouts/{id}/cancel", PayoutCancelParams, connected=True)
def cancel(call: Call) -> Json:
    """Take a pending payout back (https://docs.stripe.com/api/payouts/cancel)."""
    sandbox = call.sandbox
    payout = sandbox.get("payout", call.id, account=call.account)
    if payout["status"] != "pending":
        raise StripeError(f"Payouts can only be canceled while they are pending; this one is {payout['status']}.",
                          code="payouts_not_allowed")  # fmt: skip
    entry = _give_back(sandbox, payout, "payout_cancel")
    sandbox.save(payout, status="canceled", failure_balance_transaction=entry["id"])
    for kind in ("payout.in_transit", "payout.arrive"):
        sandbox.clock.cancel(kind, payout["id"])
    sandbox.emit("payout.canceled", payout)
    return payout


@timer("payout.in_transit")
def _leave(sandbox: Sandbox, payout_id: str) -> None:
    payout = sandbox.get("payout", payout_id, account=None)
    if payout["status"] == "pending":
        sandbox.save(payout, status="in_transit")
        sandbox.emit("payout.updated", payout, previous={"status": "pending"})


@timer("payout.arrive")
def _arrive(sandbox: Sandbox, payout_id: str) -> None:
    payout = sandbox.get("payout", payout_id, account=None)
    number = sandbox.store.hidden(payout["destination"])["number"]
    if number in bank_accounts.FAILURES and number not in bank_accounts.FAILS_AFTER_PAID:
        fail(sandbox, payout, *bank_accounts.FAILURES[number])
        return
    trace = {"status": "supported", "value": f"SANDBOX{payout_id[-8:].upper()}"}
    sandbox.save(payout, status="paid", trace_id=trace)
    sandbox.emit("payout.paid", payout)
    if number in bank_accounts.FAILS_AFTER_PAID:
        sandbox.clock.schedule(sandbox.clock.now_s() + _RETURNED_AFTER_S, "payout.return", payout_id)


@timer("payout.return")
def _return(sandbox: Sandbox, payout_id: str) -> None:
    """A payout may show as paid and fail within five business days (https://docs.stripe.com/api/payouts/object)."""
    payout = sandbox.get("payout", payout_id, account=None)
    number = sandbox.store.hidden(payout["destination"])["number"]
    fail(sandbox, payout, *bank_accounts.FAILURES.get(number, bank_accounts.FAILURES["000999999991"]))


def fail(sandbox: Sandbox, payout: Json, code: str, message: str) -> None:
    """The bank sent the money back (https://docs.stripe.com/payouts#payout-failures)."""
    entry = _give_back(sandbox, payout, "payout_failure")
    sandbox.save(payout, status="failed", failure_code=code, failure_message=message,
                 failure_balance_transaction=entry["id"])  # fmt: skip
    sandbox.emit("payout.failed", payout)


def _give_back(sandbox: Sandbox, payout: Json, kind: str) -> Json:
    return ledger.enter(sandbox, amount=payout["amount"], currency=payout["currency"], kind=kind, source=payout["id"],
                        account=sandbox.store.account_of(payout["id"]))  # fmt: skip


def _destination(call: Call, currency: str) -> Json:
    if call.params.get("destination"):
        return call.sandbox.get("bank_account", call.params["destination"], account=call.account, param="destination")
    bank = bank_accounts.default(call.sandbox, call.account, currency)
    if bank is None:
        raise StripeError(f"Sorry, you don't have any external accounts in that currency ({currency}).",
                          param="destination")  # fmt: skip
    return bank
