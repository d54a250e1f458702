"""The group Finance: what its members may do in the admin. A superuser is for technical administration alone.

The group is Obole's own: every migrate gives it exactly this. Whoever should have less, or more, goes into another.
"""

from typing import Any, Final

from django.apps import AppConfig
from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions

FINANCE: Final = "Finance"
READS: Final = ("ledger", "payouts", "rooms")
"""Apps of which everything that the admin shows may be looked at."""
ACTS: Final = (
    "payouts.add_refund",  # refunds, and all that is done on the suspense desk
    "payouts.change_dispute",  # its evidence, as long as the bank waits for it
    "payouts.change_stripeevent",  # replay; what Stripe sent stays as it is
    "payouts.change_balancetransaction",  # try again what is not in the ledger
    "rooms.change_mail",  # send again what was given up
    "rooms.add_charity",
    "rooms.change_charity",
)


def keep_finance_group(sender: AppConfig, *, using: str, apps: Apps = all_apps, **_: Any) -> None:
    """Make the group what it should be, as far as the permissions exist: after each app's own are made."""
    try:
        groups = apps.get_model("auth", "Group")._default_manager.using(using)  # noqa: SLF001 (Django's own name for it)
        permissions = apps.get_model("auth", "Permission")._default_manager.using(using)  # noqa: SLF001 (Django's own name for it)
    except LookupError:
        return  # a migrate that stops before auth has its tables
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    known = permissions.filter(content_type__app_label__in=READS).values_list(
        "id", "content_type__app_label", "codename"
    )
    wanted = [
        permission_id
        for permission_id, app, codename in known
        if codename.startswith("view_") or f"{app}.{codename}" in ACTS
    ]
    groups.get_or_create(name=FINANCE)[0].permissions.set(wanted)
