"""Accounts v2 of payees (https://docs.stripe.com/api/v2/core/accounts), with the recipient configuration that receives
transfers (https://docs.stripe.com/connect/accounts-v2/recipient)."""

from typing import Any

from stripe.params.v2.core import AccountCreateParams, AccountListParams, AccountRetrieveParams, AccountUpdateParams

from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import invalid
from payouts.sandbox.events import emit_thin, iso
from payouts.sandbox.money import currency_of
from payouts.sandbox.routing import Call, endpoint, page_v2
from payouts.sandbox.store import Json

KIND = "v2.core.account"
TRANSFERS = "stripe_balance.stripe_transfers"
_INCLUDABLE = ("configuration", "defaults", "future_requirements", "identity", "requirements")
_EVENT = "v2.core.account[{}].updated"
_CAPABILITY_EVENT = "v2.core.account[configuration.recipient].capability_status_updated"
_NEEDED = (
    ("identity.individual.given_name", "Legal name"),
    ("identity.individual.date_of_birth", "Date of birth"),
    ("identity.individual.address.line1", "Home address"),
    ("configuration.recipient.default_outbound_destination", "Bank account for payouts"),
)


@endpoint("POST", "/v2/core/accounts", AccountCreateParams)
def create(call: Call) -> Json:
    """Create an account; requested capabilities wait for onboarding."""
    params = dict(call.params)
    include = params.pop("include", None) or []
    identity = params.pop("identity", None) or {}
    country = str(identity.get("country") or "us").upper()
    capabilities = _requested(params.pop("configuration", None) or {})
    account = call.sandbox.create(
        KIND, "acct",
        {
            "applied_configurations": ["recipient"] if capabilities is not None else [],
            "closed": False,
            "configuration": {"customer": None, "merchant": None, "recipient": _recipient(capabilities)},
            "contact_email": None,
            "created": iso(call.sandbox.clock.now_s()),
            "dashboard": "express",
            "defaults": {"currency": currency_of(country), "locales": None, "payout_methods": None, "profile": None,
                         "responsibilities": {"fees_collector": "application", "losses_collector": "application",
                                              "requirements_collector": "stripe"}}
            | (params.pop("defaults", None) or {}),
            "future_requirements": {"alternatives": [], "entries": [], "minimum_transition_date": None,
                                    "summary": None},
            "identity": {"attestations": None, "business_details": None, "country": country, "entity_type": None,
                         "individual": None} | identity | {"country": country},
            "requirements": _requirements(_NEEDED if capabilities is not None else ()),
            "metadata": merge_metadata({}, params.pop("metadata", None)),
        },
        params,
        length=16,
    )  # fmt: skip
    emit_thin(call.sandbox, "v2.core.account.created", account)
    return shown(account, include)


@endpoint("GET", "/v2/core/accounts/{id}", AccountRetrieveParams)
def retrieve(call: Call) -> Json:
    """Retrieve an account with the parts that `include` names."""
    return shown(call.sandbox.get(KIND, call.id), call.params.get("include") or [])


@endpoint("GET", "/v2/core/accounts", AccountListParams)
def list_(call: Call) -> Json:
    """Accounts, newest first, by configuration and whether closed."""
    where: list[tuple[str, Any]] = [("body->>'$.closed' = ?", int(call.params.get("closed", False)))]
    where += [
        ("instr(body->>'$.applied_configurations', ?) > 0", name)
        for name in call.params.get("applied_configurations") or []
    ]
    listed = page_v2(call, KIND, where)
    return listed | {"data": [shown(account, []) for account in listed["data"]]}


@endpoint("POST", "/v2/core/accounts/{id}", AccountUpdateParams)
def update(call: Call) -> Json:
    """Change contact details, identity or requested capabilities."""
    params = dict(call.params)
    include = params.pop("include", None) or []
    account = call.sandbox.get(KIND, call.id)
    capabilities = _requested(params.pop("configuration", None) or {})
    if capabilities is not None and "recipient" not in account["applied_configurations"]:
        account["applied_configurations"].append("recipient")
        account["configuration"]["recipient"] = _recipient(capabilities)
        account["requirements"] = _requirements(_NEEDED)
    if "metadata" in params:
        params["metadata"] = merge_metadata(account["metadata"], params["metadata"])
    for part in ("identity", "defaults"):
        if part in params:
            params[part] = account[part] | (params[part] or {})
            emit_thin(call.sandbox, _EVENT.format(part), account)
    call.sandbox.save(account, **params)
    emit_thin(call.sandbox, "v2.core.account.updated", account)
    return shown(account, include)


def shown(account: Json, include: list[str]) -> Json:
    """The account as answered: parts that are not included are null (https://docs.stripe.com/api-v2-overview#include)."""
    wanted = {name.split(".")[0] for name in include}
    answer = {name: None if name in _INCLUDABLE and name not in wanted else part for name, part in account.items()}
    if answer["configuration"] is not None:
        named = {name.split(".")[1] for name in include if name.startswith("configuration.")}
        answer["configuration"] = {
            name: part if name in named else None for name, part in account["configuration"].items()
        }
    return answer


def transfers_status(account: Json) -> str:
    """Whether the account can receive transfers: active, pending, restricted or unsupported."""
    recipient: Json | None = account["configuration"]["recipient"]
    capability = ((recipient or {}).get("capabilities") or {}).get("stripe_balance") or {}
    return str((capability.get("stripe_transfers") or {}).get("status", "unsupported"))


def complete_onboarding(sandbox: Sandbox, account: Json, *, given_name: str, surname: str, bank_account: str) -> None:
    """The payee gave everything that was asked: requirements empty, capability active, thin events sent."""
    individual = {"given_name": given_name, "surname": surname}
    account["identity"] |= {
        "entity_type": account["identity"]["entity_type"] or "individual",
        "individual": individual,
    }
    account["requirements"] = _requirements(())
    recipient: Json = account["configuration"]["recipient"] or _recipient([TRANSFERS]) or {}
    recipient["default_outbound_destination"] = {"id": bank_account, "type": "bank_account"}
    account["configuration"]["recipient"] = recipient
    sandbox.save(account)
    emit_thin(sandbox, _EVENT.format("identity"), account)
    emit_thin(sandbox, _EVENT.format("requirements"), account)
    set_transfers(sandbox, account, "active")


def set_transfers(sandbox: Sandbox, account: Json, status: str) -> None:
    """Change the status of the transfers capability and of payouts, and tell it."""
    capabilities = account["configuration"]["recipient"]["capabilities"]
    if transfers_status(account) == status:
        return
    details = [] if status == "active" else [{"code": "requirements_past_due", "resolution": "provide_info"}]
    capabilities["stripe_balance"] = {
        name: {"status": status, "status_details": details} for name in ("payouts", "stripe_transfers")
    }
    sandbox.save(account)
    for name in ("stripe_balance.stripe_transfers", "stripe_balance.payouts"):
        emit_thin(sandbox, _CAPABILITY_EVENT, account, data={"updated_capability": name})


def _requested(configuration: Json) -> list[str] | None:
    for other in ("merchant", "customer"):
        if configuration.get(other):
            raise invalid(f"The sandbox has recipients only: configuration.{other} is not available.",
                          param=f"configuration.{other}")  # fmt: skip
    recipient = configuration.get("recipient")
    if recipient is None:
        return None
    capabilities: Json = recipient.get("capabilities") or {}
    return [
        f"{group}.{name}" for group, names in capabilities.items() for name, how in names.items() if how["requested"]
    ]


def _recipient(capabilities: list[str] | None) -> Json | None:
    if capabilities is None:
        return None
    waiting = {
        "status": "restricted",
        "status_details": [{"code": "requirements_past_due", "resolution": "provide_info"}],
    }
    shown_capabilities: dict[str, Any] = {"bank_accounts": None, "cards": None, "stripe_balance": None}
    if TRANSFERS in capabilities:
        shown_capabilities["stripe_balance"] = {"payouts": waiting, "stripe_transfers": waiting}
    return {"applied": True, "capabilities": shown_capabilities, "default_outbound_destination": None}


def _requirements(needed: tuple[tuple[str, str], ...]) -> Json:
    entries = [_entry(name, description) for name, description in needed]
    summary = {"minimum_deadline": {"status": "currently_due", "time": None}} if needed else None
    return {"alternatives": [], "entries": entries, "summary": summary}


def _entry(name: str, description: str) -> Json:
    restricted = {"capability": TRANSFERS, "configuration": "recipient", "deadline": {"status": "currently_due"}}
    return {
        "alternative_fields": [],
        "awaiting_action_from": "user",
        "description": name,
        "errors": [],
        "id": f"reqe_{name.rsplit('.', 1)[-1]}",
        "impact": {"restricts_capabilities": [restricted]},
        "minimum_deadline": {"status": "currently_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
        "summary": description,
    }
