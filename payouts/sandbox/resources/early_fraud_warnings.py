"""Early fraud warnings (https://docs.stripe.com/disputes/measuring#early-fraud-warnings)."""

from stripe.params.radar import EarlyFraudWarningListParams, EarlyFraudWarningRetrieveParams

from payouts.sandbox.clock import timer
from payouts.sandbox.core import Sandbox
from payouts.sandbox.routing import lists, retrieves
from payouts.sandbox.store import Json

KIND = "radar.early_fraud_warning"
_PATH = "/v1/radar/early_fraud_warnings"

retrieves(KIND, _PATH, EarlyFraudWarningRetrieveParams)
lists(KIND, _PATH, EarlyFraudWarningListParams, charge="charge", payment_intent="payment_intent")


@timer("early_fraud_warning.open")
def open_(sandbox: Sandbox, charge_id: str) -> None:
    """The card's issuer suspects fraud; nothing is moved."""
    charge = sandbox.get("charge", charge_id)
    warning = sandbox.create(KIND, "issfr", actionable=not charge["refunded"], charge=charge_id,
                             fraud_type="misc", payment_intent=charge["payment_intent"])  # fmt: skip
    sandbox.emit("radar.early_fraud_warning.created", warning)


def resolve(sandbox: Sandbox, charge: Json) -> None:
    """A full refund leaves nothing to act on."""
    for warning in sandbox.store.select(KIND, equal={"charge": charge["id"]}):
        if charge["refunded"] and warning["actionable"]:
            sandbox.save(warning, actionable=False)
            sandbox.emit("radar.early_fraud_warning.updated", warning)
