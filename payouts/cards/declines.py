"""Why a bank refused a card, in words for its owner. Source: https://docs.stripe.com/declines/codes

What Stripe asks not to be told (stolen, lost, fraudulent) reads like any other refusal.
"""

from typing import Final

AUTHENTICATION_REQUIRED: Final = "authentication_required"
FAILURE_MAX: Final = 500
NOT_THE_BANK: Final = "The card could not be charged. The fault is ours, and we were told."

_WORDS: Final = {
    AUTHENTICATION_REQUIRED: "Your bank wants you to confirm this payment yourself.",
    "insufficient_funds": "There is not enough money on this card.",
    "expired_card": "This card has expired.",
    "incorrect_cvc": "The card's security code is not right.",
    "invalid_account": "The card, or the account behind it, cannot be used any more.",
    "card_velocity_exceeded": "The card's limit for today is reached.",
    "withdrawal_count_limit_exceeded": "The card's limit for today is reached.",
    "currency_not_supported": "This card does not take payments in this currency.",
    "card_not_supported": "This card does not take payments of this kind.",
    "processing_error": "The bank could not process the payment just now. Trying again may help.",
    "issuer_not_available": "The bank did not answer. Trying again may help.",
    "try_again_later": "The bank did not take the payment just now. Trying again may help.",
    "do_not_honor": "The bank declined this card without a reason; only it can tell why.",
    "generic_decline": "The bank declined this card without a reason; only it can tell why.",
    "lost_card": "The bank declined this card without a reason; only it can tell why.",
    "stolen_card": "The bank declined this card without a reason; only it can tell why.",
    "fraudulent": "The bank declined this card without a reason; only it can tell why.",
    "card_declined": "The bank declined this card without a reason; only it can tell why.",
}


def words(decline_code: str, message: str) -> str:
    """The reason in words; Stripe's own message for one that we have none for."""
    return _WORDS.get(decline_code, message or _WORDS["generic_decline"])[:FAILURE_MAX]
