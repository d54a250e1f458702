"""Payees' names for the ledger's pages, whose account codes have their UUIDs alone."""

from collections.abc import Collection

from django.db.models import Q

from ledger import directory
from payouts.models import Payee


def _names(ids: Collection[str]) -> dict[str, str]:
    return {
        str(payee_id): name for payee_id, name in Payee.objects.filter(id__in=ids).values_list("id", "display_name")
    }


def _find(text: str, limit: int) -> list[str]:
    found = Payee.objects.filter(Q(display_name__icontains=text) | Q(email__icontains=text)).order_by("id")
    return [str(payee_id) for payee_id in found.values_list("id", flat=True)[:limit]]


directory.knows("payee", names=_names, find=_find)
