"""Stripe's test cards and what each does (https://docs.stripe.com/testing)."""

from dataclasses import dataclass

from payouts.sandbox.store import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A test card: how it looks and how it behaves."""

    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    decline: tuple[str, str, str] | None = None  # code, decline_code, message
    attaches: bool = True
    challenge: str = "none"  # none, unless_set_up, always, then_declined
    dispute: str = ""  # reason of the dispute that follows the charge
    inquiry: bool = False
    early_warning: bool = False
    refund: str = ""  # fails, pending
    available_at_once: bool = False


_DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "stolen_card": ("card_declined", "Your card was declined."),
    "fraudulent": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": ("processing_error",
                         "An error occurred while processing your card. Try again in a little bit."),
    "card_velocity_exceeded": ("card_declined",
                               "Your card was declined for making repeated attempts too frequently."),
    "authentication_required": ("authentication_required",
                                "Your card was declined. This transaction requires authentication."),
}  # fmt: skip


def declined(decline_code: str) -> tuple[str, str, str]:
    """Code, decline code and message of a refusal (https://docs.stripe.com/declines/codes)."""
    code, message = _DECLINES[decline_code]
    return code, decline_code, message


_ALL = (
    Card(number="4242424242424242"),
    Card(number="4000056655665556", funding="debit"),
    Card(number="5555555555554444", brand="mastercard"),
    Card(number="5200828282828210", brand="mastercard", funding="debit"),
    Card(number="378282246310005", brand="amex"),
    Card(number="6011111111111117", brand="discover"),
    Card(number="3056930009020004", brand="diners"),
    Card(number="3566002020360505", brand="jcb", country="JP"),
    Card(number="6200000000000005", brand="unionpay", country="CN"),
    Card(number="4000000760000002", country="BR"),
    Card(number="4000001240000000", country="CA"),
    Card(number="4000000560000004", country="BE"),
    Card(number="4000002500000003", country="FR"),
    Card(number="4000002760000016", country="DE"),
    Card(number="4000008260000000", country="GB"),
    Card(number="4000003920000003", country="JP"),
    Card(number="4000000360000006", country="AU"),
    Card(number="4000000000000002", decline=declined("generic_decline"), attaches=False),
    Card(number="4000000000009995", decline=declined("insufficient_funds"), attaches=False),
    Card(number="4000000000009987", decline=declined("lost_card"), attaches=False),
    Card(number="4000000000009979", decline=declined("stolen_card"), attaches=False),
    Card(number="4100000000000019", decline=declined("fraudulent"), attaches=False),
    Card(number="4000000000000069", decline=declined("expired_card"), attaches=False),
    Card(number="4000000000000127", decline=declined("incorrect_cvc"), attaches=False),
    Card(number="4000000000000119", decline=declined("processing_error"), attaches=False),
    Card(number="4000000000006975", decline=declined("card_velocity_exceeded"), attaches=False),
    Card(number="4000000000000341", decline=declined("generic_decline")),
    Card(number="4000002500003155", challenge="unless_set_up"),
    Card(number="4000002760003184", challenge="always"),
    Card(number="4000003800000446", challenge="set_up_already"),
    Card(number="4000008400001629", challenge="then_declined", decline=declined("generic_decline")),
    Card(number="4000008260003178", challenge="unless_set_up", decline=declined("insufficient_funds")),
    Card(number="4000000000000259", dispute="fraudulent"),
    Card(number="4000000000002685", dispute="product_not_received"),
    Card(number="4000000000001976", dispute="general", inquiry=True),
    Card(number="4000000000005423", early_warning=True),
    Card(number="4000000000005126", refund="fails"),
    Card(number="4000000000007726", refund="pending"),
    Card(number="4000000000000077", available_at_once=True),
    Card(number="4000003720000278", country="IE", available_at_once=True),
)  # fmt: skip
BY_NUMBER = {card.number: card for card in _ALL}

# The payment methods that Stripe has ready made, by the id that tests name them with.
BY_ALIAS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_us": "4242424242424242",
    "pm_card_be": "4000000560000004",
    "pm_card_fr": "4000002500000003",
    "pm_card_de": "4000002760000016",
    "pm_card_gb": "4000008260000000",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequiredSetupForOffSession": "4000003800000446",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_createIssuerFraudRecord": "4000000000005423",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_bypassPendingInternational": "4000003720000278",
}


def clean(number: str) -> str:
    """A card number without spaces and dashes."""
    return number.replace(" ", "").replace("-", "")


def looks(card: Card, *, exp_month: int, exp_year: int) -> Json:
    """The `card` hash of a payment method."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": f"fp{card.number[-12:]}",
        "funding": card.funding,
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
