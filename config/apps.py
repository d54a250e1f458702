"""The admin application with Obole's own site."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin with staff-only, MFA-only access."""

    default_site = "config.admin.FinanceAdminSite"
