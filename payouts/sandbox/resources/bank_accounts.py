"""The bank accounts that payouts go to, and what each test number does
(https://docs.stripe.com/connect/testing#payouts)."""

from stripe.params import AccountExternalAccountListParams

from payouts.sandbox import money
from payouts.sandbox.core import Sandbox
from payouts.sandbox.routing import Call, endpoint, page
from payouts.sandbox.store import Json

# The first five are Stripe's; the last two are the sandbox's own, for what Stripe has no number.
FAILURES = {
    "000111111116": ("no_account", "The bank account details on file are probably incorrect: no such account."),
    "000111111113": ("account_closed", "The bank account has been closed."),
    "000222222227": ("insufficient_funds", "Your Stripe account has insufficient funds to cover the payout."),
    "000333333335": ("debit_not_authorized", "Debit transactions are not approved on your bank account."),
    "000444444440": ("invalid_currency", "The bank was unable to process this payout because of its currency."),
    "000999999991": ("could_not_process", "The bank returned this payout after it had been paid."),
    "000888888883": ("bank_account_restricted", "The bank account has restrictions on the type of payouts allowed."),
}  # fmt: skip
FAILS_AFTER_PAID = frozenset(("000999999991", "000888888883"))
GOOD = "000123456789"


@endpoint("GET", "/v1/accounts/{id}/external_accounts", AccountExternalAccountListParams)
def list_(call: Call) -> Json:
    """The bank accounts of a payee."""
    call.sandbox.get("v2.core.account", call.id)
    inner = Call(
        sandbox=call.sandbox, account=call.id, ids={}, params={k: v for k, v in call.params.items() if k != "object"}
    )
    return page(inner, "bank_account", f"/v1/accounts/{call.id}/external_accounts", {})


def add(sandbox: Sandbox, account: str, *, number: str, routing_number: str, currency: str, holder: str) -> Json:
    """Give an account a bank account; the first in its currency, and each later one, becomes the default."""
    for other in sandbox.store.select("bank_account", account=account, equal={"currency": currency}):
        sandbox.save(other, default_for_currency=False)
    country = "US"
    if account:
        country = str(sandbox.get("v2.core.account", account)["identity"]["country"])
    return sandbox.create(
        "bank_account", "ba", owner=account, hidden={"number": number}, account_holder_name=holder,
        account_holder_type="individual", available_payout_methods=["standard"], bank_name="STRIPE TEST BANK",
        country=country, currency=currency, default_for_currency=True, fingerprint=f"fp{number}", last4=number[-4:],
        routing_number=routing_number or None, status="new", account=account or None,
    )  # fmt: skip


def default(sandbox: Sandbox, account: str, currency: str) -> Json | None:
    """The bank account that payouts in a currency go to."""
    found = sandbox.store.select("bank_account", account=account, equal={"currency": currency}, limit=1)
    if not found and not account:
        return add(sandbox, "", number=GOOD, routing_number="110000000", currency=currency, holder="Obole sandbox")
    return found[0] if found else None


def held_currency(sandbox: Sandbox, account: str, currency: str) -> str:
    """The currency in which an account keeps money that arrives in `currency`: that one when it has a bank account
    in it, else its default (https://docs.stripe.com/connect/currencies#convert-currencies)."""
    if default(sandbox, account, currency) is not None:
        return currency
    defaults = sandbox.get("v2.core.account", account)["defaults"]
    return money.known(defaults["currency"])
