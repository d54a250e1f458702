"""People's names for the pages of ledger and payouts, which have their UUIDs alone."""

from collections.abc import Collection

from django.db.models import Q

from ledger import directory
from rooms.models import User


def register() -> None:
    """Tell the ledger who knows people; done once, when the app is ready."""
    directory.knows("person", names=_names, find=_find)


def _names(ids: Collection[str]) -> dict[str, str]:
    return {str(user_id): name for user_id, name in User.objects.filter(id__in=ids).values_list("id", "display_name")}


def _find(text: str, limit: int) -> list[str]:
    found = User.objects.filter(Q(display_name__icontains=text) | Q(email__icontains=text)).order_by("id")
    return [str(user_id) for user_id in found.values_list("id", flat=True)[:limit]]
