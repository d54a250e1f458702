"""Django's view of the ledger app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from ledger.grants import grant_after_migrate


class LedgerConfig(AppConfig):
    """The ledger app."""

    name = "ledger"

    def ready(self) -> None:
        """Give the application role its rights after every migrate, over the tables of all apps."""
        post_migrate.connect(grant_after_migrate, sender=self, dispatch_uid="ledger.grants")
