"""The admin's rule for everything about money: look, do not touch."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """For a ModelAdmin or an inline: no adding, no changing, no deleting, for anybody; operations alone write."""

    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False  # counting all rows of a table that only grows

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
