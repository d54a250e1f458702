"""Transfers to payees and their reversals (https://docs.stripe.com/api/transfers,
https://docs.stripe.com/connect/separate-charges-and-transfers)."""

from stripe.params import (
    TransferCreateParams,
    TransferListParams,
    TransferRetrieveParams,
    TransferReversalCreateParams,
    TransferReversalListParams,
    TransferReversalRetrieveParams,
    TransferUpdateParams,
)

from payouts.sandbox import ledger, money
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.resources import accounts, bank_accounts
from payouts.sandbox.routing import Call, endpoint, lists, page, retrieves
from payouts.sandbox.store import Json, new_id

retrieves("transfer", "/v1/transfers", TransferRetrieveParams)
lists("transfer", "/v1/transfers", TransferListParams, destination="destination", transfer_group="transfer_group")


@endpoint("POST", "/v1/transfers", TransferCreateParams)
def create(call: Call) -> Json:
    """Move available money to a payee whose transfers capability is active."""
    params, sandbox = call.params, call.sandbox
    if "amount" not in params:
        raise invalid("Missing required param: amount.", param="amount", code="parameter_missing")
    amount, currency = params["amount"], money.known(params["currency"])
    money.check_amount(amount, currency)
    destination = sandbox.get(accounts.KIND, params["destination"], param="destination")
    if accounts.transfers_status(destination) != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments", code="insufficient_capabilities_for_transfer",
        )  # fmt: skip
    charge = params.get("source_transaction")
    due: int | None = None
    if charge:
        due = _funds_due(sandbox, charge, amount)
    else:
        ledger.require_available(sandbox, "", amount, currency)
    return _transfer(sandbox, params, amount, currency, due)


@endpoint("POST", "/v1/transfers/{id}", TransferUpdateParams)
def update(call: Call) -> Json:
    """Change description and metadata."""
    transfer = call.sandbox.get("transfer", call.id)
    if "metadata" in call.params:
        transfer["metadata"] = merge_metadata(transfer["metadata"], call.params["metadata"])
    call.sandbox.save(transfer, description=call.params.get("description", transfer["description"]))
    call.sandbox.emit("transfer.updated", transfer)
    return transfer


@endpoint("POST", "/v1/transfers/{id}/reversals", TransferReversalCreateParams)
def reverse(call: Call) -> Json:
    """Take money back from the payee's balance (https://docs.stripe.com/connect/separate-charges-and-transfers
    #reversing-transfers); refused when the payee's available balance does not have it."""
    sandbox = call.sandbox
    transfer = sandbox.get("transfer", call.id)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    if amount > left or left == 0:
        raise StripeError(f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).",
                          param="amount")  # fmt: skip
    money.check_amount(amount, transfer["currency"])
    payment = sandbox.get("charge", transfer["destination_payment"], account=None)
    # Cumulative, so that the parts of a converted transfer add up to what arrived.
    before, after = transfer["amount_reversed"], transfer["amount_reversed"] + amount
    taken = payment["amount"] * after // transfer["amount"] - payment["amount"] * before // transfer["amount"]
    ledger.require_available(sandbox, transfer["destination"], taken, payment["currency"])
    return _reversal(sandbox, transfer, payment, amount=amount, taken=taken, params=call.params)


@endpoint("GET", "/v1/transfers/{id}/reversals", TransferReversalListParams)
def reversals(call: Call) -> Json:
    """The reversals of a transfer."""
    url = f"/v1/transfers/{call.id}/reversals"
    return page(call, "transfer_reversal", url, {}, ("body->>'$.transfer' = ?", call.id))


@endpoint("GET", "/v1/transfers/{transfer}/reversals/{id}", TransferReversalRetrieveParams)
def reversal(call: Call) -> Json:
    """One reversal."""
    return call.sandbox.get("transfer_reversal", call.id)


def _funds_due(sandbox: Sandbox, charge_id: str, amount: int) -> int:
    """A transfer of a charge's own money waits for that money (https://docs.stripe.com/connect/separate-charges-and-transfers
    #transfer-availability)."""
    charge = sandbox.get("charge", charge_id, param="source_transaction")
    sent = sum(each["amount"] for each in sandbox.store.select("transfer", equal={"source_transaction": charge_id}))
    if sent + amount > charge["amount"]:
        raise invalid(
            "Transfers using this transaction as a source must not exceed the source amount.", param="amount"
        )
    if charge["balance_transaction"] is None:
        return ledger.available_on(sandbox)
    return int(sandbox.get("balance_transaction", charge["balance_transaction"])["available_on"])


def _transfer(sandbox: Sandbox, params: Json, amount: int, currency: str, due: int | None) -> Json:
    transfer_id, payment_id, destination = new_id("tr"), new_id("py"), params["destination"]
    entry = ledger.enter(sandbox, amount=-amount, currency=currency, kind="transfer", source=transfer_id, account="",
                         available_on=due)  # fmt: skip
    held = bank_accounts.held_currency(sandbox, destination, currency)
    received, rate = money.convert(amount, currency, held, sandbox.knobs)
    payment_entry = ledger.enter(sandbox, amount=received, currency=held, kind="payment", source=payment_id,
                                 account=destination, available_on=due, exchange_rate=rate)  # fmt: skip
    sandbox.create(
        "charge", "py", owner=destination, id=payment_id, amount=received, amount_captured=received, captured=True,
        currency=held, paid=True, status="succeeded", source_transfer=transfer_id, metadata={}, fraud_details={},
        balance_transaction=payment_entry["id"], transfer_group=params.get("transfer_group"),
        refunds={"object": "list", "data": [], "has_more": False, "url": f"/v1/charges/{payment_id}/refunds"},
    )  # fmt: skip
    transfer = sandbox.create(
        "transfer", "tr", id=transfer_id, amount=amount, currency=currency, balance_transaction=entry["id"],
        description=params.get("description"), destination=destination, destination_payment=payment_id,
        metadata=merge_metadata({}, params.get("metadata")), source_transaction=params.get("source_transaction"),
        source_type="card", transfer_group=params.get("transfer_group"),
        reversals={"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{transfer_id}/reversals"},
    )  # fmt: skip
    sandbox.emit("transfer.created", transfer)
    sandbox.emit("payment.created", sandbox.get("charge", payment_id, account=None), account=destination)
    return transfer


def _reversal(sandbox: Sandbox, transfer: Json, payment: Json, *, amount: int, taken: int, params: Json) -> Json:
    reversal_id, refund_id = new_id("trr"), new_id("pyr")
    entry = ledger.enter(sandbox, amount=amount, currency=transfer["currency"], kind="transfer_refund",
                         source=reversal_id, account="")  # fmt: skip
    refund_entry = ledger.enter(sandbox, amount=-taken, currency=payment["currency"], kind="payment_refund",
                                source=refund_id, account=transfer["destination"])  # fmt: skip
    sandbox.create(
        "refund", "pyr", owner=transfer["destination"], id=refund_id, amount=taken, currency=payment["currency"],
        charge=payment["id"], balance_transaction=refund_entry["id"], status="succeeded", metadata={},
        source_transfer_reversal=reversal_id,
    )  # fmt: skip
    made = sandbox.create(
        "transfer_reversal", "trr", id=reversal_id, amount=amount, currency=transfer["currency"],
        balance_transaction=entry["id"], destination_payment_refund=refund_id, transfer=transfer["id"],
        metadata=merge_metadata({}, params.get("metadata")),
    )  # fmt: skip
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, made)
    sandbox.save(transfer)
    sandbox.emit("transfer.reversed", transfer)
    return made
