"""The ledger's names and formulas in words that a creator reads."""

import re
from collections.abc import Mapping

from rooms.currencies import money_text

ACCOUNTS = {
    "stripe:pending": "Obole's Stripe balance, pending",
    "stripe:available": "Obole's Stripe balance, available",
    "stripe:disputed": "Held back in disputes",
    "bank": "Obole's bank",
    "expense:fx": "Currency conversion",
    "expense:dispute_fee": "The bank's fee for the dispute",
    "suspense": "Arrived and not matched yet",
    "revenue:processing_recovered": "Card processing passed on",
    "expense:processing": "Card processing paid to Stripe",
    "expense:fee_lost_on_refund": "Card fee lost, borne by Obole",
}
STAGES = {
    "pending": "pending",
    "available": "available",
    "reserved": "reserved",
    "in_transit": "on its way",
}
TRANSACTIONS = {
    "sale": "The sale",
    "sale.late": "A payment that came too late",
    "sale.matched": "The payment was matched to this sale",
    "refund": "Money went back to the card",
    "refund.fee_returned": "Stripe gave its fee back",
    "refund.release": "The hold ended",
    "refund.failed": "The card did not take the money back",
    "dispute.opened": "The listener's bank took the payment back",
    "dispute.reserved": "Reserved while it is disputed",
    "dispute.returned": "The bank gave the payment back",
    "dispute.released": "No longer reserved",
    "dispute.lost": "The dispute was lost",
    "dispute.won": "The dispute was won in part",
    "settlement": "Stripe made the funds available",
    "release": "The hold ended",
    "stars": "The Stars were given",
    "payout.reserved": "Set aside for the payout",
    "payout.transferred": "Moved to the Stripe account",
    "payout.paid": "Paid at the bank",
    "payout.returned_by_bank": "Sent back by the bank",
    "payout.failed": "The payout failed; its amount is owed again",
    "payout.transfer_reversed": "Moved back from the Stripe account",
}
# A whole number that is an amount: no part of a word (v1), of a percentage, of a decimal, or of a fraction (1/3).
AMOUNT = re.compile(r"(?<![\w./])\d+(?![\w./%])")


def account_words(code: str, names: Mapping[str, str]) -> str:
    """An account in words; `names` gives payees' names by their UUID. A code without words is shown as it is."""
    if code in ACCOUNTS:
        return ACCOUNTS[code]
    family, _, rest = code.partition(":")
    owner, _, stage = rest.partition(":")
    if family == "payable" and owner in names:
        return f"Owed to {names[owner]}, {STAGES.get(stage, stage)}"
    if code.startswith("stripe:connected:") and stage in names:
        return f"In {names[stage]}'s Stripe account"
    if family == "wallet":
        return "A listener's Stars"
    if code.startswith("revenue:platform_fee:"):
        return f"Obole's fee, {stage}s"
    return code


LEGS = {"platform": "Obole's fee", "processing": "Card processing passed on", "suspense": "Not matched yet"}


def leg_words(name: str, names: Mapping[str, str]) -> str:
    """A leg of a sale in words; `names` gives payees' names by their leg."""
    return names.get(name) or LEGS.get(name, name)


def transaction_title(kind: str, description: str) -> str:
    """What a transaction was: our word for its kind, else its own description."""
    return TRANSACTIONS.get(kind) or description or kind


def formula_words(formula: str, currency: str) -> str:
    """A stored formula with its amounts, which are minor units, written as money: "3% of $10.00"."""
    if formula.isdigit():
        return "what is left"
    return AMOUNT.sub(lambda found: money_text(int(found[0]), currency), formula)
