"""The admin application with Obole's own site."""

from django.apps import apps
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.db.models.signals import post_migrate


class AdminConfig(DjangoAdminConfig):
    """Django's admin with staff-only, MFA-only access, and the group that finance is in."""

    default_site = "config.admin.FinanceAdminSite"

    def ready(self) -> None:
        """Find the admin pages, and keep the group's permissions after every migrate."""
        super().ready()
        from config import staff  # noqa: PLC0415 (it needs the models of auth, which are loaded by now)

        for label in staff.READS:
            post_migrate.connect(
                staff.keep_finance_group, sender=apps.get_app_config(label), dispatch_uid=f"config.staff.{label}"
            )
