"""Django's view of the payouts app."""

from importlib import import_module

from django.apps import AppConfig

REGISTRATIONS = (
    "payouts.cards.calls",
    "payouts.cards.events",
    "payouts.customers.calls",
    "payouts.disputes.calls",
    "payouts.disputes.events",
    "payouts.disputes.movements",
    "payouts.disputes.receipts",
    "payouts.payees.calls",
    "payouts.payees.events",
    "payouts.payees.names",
    "payouts.refunds.calls",
    "payouts.refunds.events",
    "payouts.refunds.movements",
    "payouts.runs.calls",
    "payouts.runs.events",
    "payouts.runs.movements",
    "payouts.sales.calls",
    "payouts.sales.events",
    "payouts.sales.movements",
    "payouts.subscriptions.calls",
    "payouts.subscriptions.events",
    "payouts.subscriptions.movements",
)


class PayoutsConfig(AppConfig):
    """The payouts app."""

    name = "payouts"

    def ready(self) -> None:
        """Make known every kind of call, event and movement; they need the models, which are loaded by now."""
        for module in REGISTRATIONS:
            import_module(module)
