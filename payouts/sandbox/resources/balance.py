"""Balance, its transactions (https://docs.stripe.com/api/balance_transactions) and its settings
(https://docs.stripe.com/api/balance-settings), of the platform and of each payee."""

import json
from typing import Any

from stripe.params import (
    BalanceRetrieveParams,
    BalanceSettingsRetrieveParams,
    BalanceSettingsUpdateParams,
    BalanceTransactionListParams,
    BalanceTransactionRetrieveParams,
)

from payouts.sandbox import ledger
from payouts.sandbox.routing import Call, endpoint, page, retrieves
from payouts.sandbox.store import Json

retrieves("balance_transaction", "/v1/balance_transactions", BalanceTransactionRetrieveParams)


@endpoint("GET", "/v1/balance_transactions", BalanceTransactionListParams)
def list_(call: Call) -> Json:
    """Newest first; by `payout` only the payout's own entry, since manual payouts name no others."""
    filters = {"type": "type", "source": "source", "currency": "currency", "payout": "source"}
    return page(call, "balance_transaction", "/v1/balance_transactions", filters)


@endpoint("GET", "/v1/balance", BalanceRetrieveParams)
def retrieve(call: Call) -> Json:
    """Available and pending, summed from the balance transactions."""
    return ledger.balance(call.sandbox, call.account)


@endpoint("GET", "/v1/balance_settings", BalanceSettingsRetrieveParams)
def retrieve_settings(call: Call) -> Json:
    """Payout schedule and settlement timing."""
    return _settings(call)


@endpoint("POST", "/v1/balance_settings", BalanceSettingsUpdateParams, connected=True)
def update_settings(call: Call) -> Json:
    """Change them; the sandbox pays out by itself only what the API asks for, whatever the schedule."""
    settings = _settings(call)
    _merge(settings, call.params)
    override = settings["payments"]["settlement_timing"].get("delay_days_override")
    if override:
        settings["payments"]["settlement_timing"]["delay_days"] = int(override)
    call.sandbox.store.set_meta(f"balance_settings:{call.account}", json.dumps(settings))
    call.sandbox.emit("balance_settings.updated", settings, account=call.account)
    return settings


def _settings(call: Call) -> Json:
    remembered = call.sandbox.store.meta(f"balance_settings:{call.account}")
    if remembered:
        found: Json = json.loads(remembered)
        return found
    return {
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": False,
            "payouts": {
                "automatic_transfer_rules_by_currency": {},
                "minimum_balance_by_currency": None,
                "schedule": {"interval": "daily"},
                "statement_descriptor": None,
                "status": "enabled",
            },
            "settlement_timing": {
                "delay_days": call.sandbox.knobs.available_days,
                "start_of_day": {"hour": 0, "minutes": 0, "timezone": "Etc/UTC"},
            },
        },
    }  # fmt: skip


def _merge(old: Json, new: dict[str, Any]) -> None:
    for name, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(name), dict):
            _merge(old[name], value)
        else:
            old[name] = None if value == "" else value
