"""Django's view of the payouts app."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """The payouts app."""

    name = "payouts"
