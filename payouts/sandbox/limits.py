"""Parameters that Stripe takes and the sandbox does not act on, where ignoring them would move money differently.

They are refused instead; what is left out here and accepted without effect changes looks alone.
"""

from typing import Any

from payouts.sandbox.errors import StripeError
from payouts.sandbox.store import Json

_FEES = ("application_fee_amount", "transfer_data", "on_behalf_of", "capture_method=manual")
_TAX = ("automatic_tax.enabled=true", "default_tax_rates", "discounts")

_REFUSED: dict[str, tuple[str, ...]] = {
    "POST /v1/payment_intents": (*_FEES, "payment_method_data", "confirmation_method=manual", "mandate"),
    "POST /v1/payment_intents/{id}": (*_FEES, "payment_method_data"),
    "POST /v1/payment_intents/{id}/confirm": ("capture_method=manual", "payment_method_data", "mandate"),
    "POST /v1/setup_intents": ("on_behalf_of", "attach_to_self", "single_use", "payment_method_data"),
    "POST /v1/checkout/sessions": (
        *_TAX,
        *(f"payment_intent_data.{name}" for name in _FEES),
        "subscription_data.transfer_data",
        "subscription_data.application_fee_percent",
        "subscription_data.billing_cycle_anchor",
        "subscription_data.trial_end",
        "allow_promotion_codes=true",
        "adaptive_pricing.enabled=true",
        "invoice_creation.enabled=true",
        "shipping_options",
        "optional_items",
    ),
    "POST /v1/subscriptions": (
        *_TAX, "application_fee_percent", "transfer_data", "on_behalf_of", "add_invoice_items", "backdate_start_date",
        "billing_cycle_anchor", "billing_cycle_anchor_config", "billing_thresholds", "collection_method=send_invoice",
        "trial_from_plan=true", "pending_invoice_item_interval",
    ),
    "POST /v1/subscriptions/{id}": (
        *_TAX, "application_fee_percent", "transfer_data", "add_invoice_items", "billing_cycle_anchor=now",
        "billing_thresholds", "collection_method=send_invoice", "pause_collection",
    ),
    "POST /v1/invoices/create_preview": (
        *_TAX, "customer_details", "currency", "invoice_items", "on_behalf_of", "preview_mode=recurring", "schedule",
        "schedule_details", "subscription_details.billing_cycle_anchor", "subscription_details.cancel_at",
        "subscription_details.cancel_at_period_end", "subscription_details.cancel_now",
        "subscription_details.default_tax_rates", "subscription_details.resume_at",
        "subscription_details.start_date", "subscription_details.trial_end",
    ),
    "POST /v1/customers": ("balance", "source", "payment_method", "tax_id_data"),
    "POST /v1/customers/{id}": ("balance", "source", "default_source"),
    "POST /v1/payouts": ("payout_method", "source_type"),
    "POST /v1/transfers": ("source_type",),
    "POST /v1/refunds": ("instructions_email", "origin", "customer"),
    "POST /v1/prices": ("tiers", "currency_options", "custom_unit_amount", "transform_quantity",
    "unit_amount_decimal"),
}  # fmt: skip


def refuse(method: str, path: str, params: Json) -> None:
    """Raise StripeError for a parameter whose effect on money the sandbox does not have."""
    for name in _REFUSED.get(f"{method} {path}", ()):
        dotted, _, value = name.partition("=")
        given = _at(params, dotted.split("."))
        if given not in (None, "") and (not value or str(given).lower() == value):
            head, *rest = dotted.split(".")
            param = head + "".join(f"[{part}]" for part in rest)
            raise StripeError(
                f"The sandbox does not implement {param}{f' = {value}' if value else ''}: see docs/sandbox.md.",
                param=param, executed=False,
            )  # fmt: skip


def _at(params: Any, path: list[str]) -> Any:
    for name in path:
        params = params.get(name) if isinstance(params, dict) else None
    return params
