"""Admin lists whose rows show what other tables know: looked up for a page at once, never row by row."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from unfold.views import ChangeList


class PageList(ChangeList):  # type: ignore[misc]  # django-unfold is untyped
    """A list that has its page's rows completed."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows of one page; iterating keeps them in the queryset, with what is put on them."""
        super().get_results(request)
        self.model_admin.look_up(self.result_list)


class LooksUp:
    """Mixed into a ModelAdmin: what `look_up` puts on the rows is there in its list and on each row's own page."""

    def look_up(self, rows: Iterable[Any]) -> None:
        """Put on each row what it shows from elsewhere, in as many queries for fifty rows as for one."""
        raise NotImplementedError

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[PageList]:
        """The list that does so."""
        return PageList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """A row for its own page."""
        found = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        if found is not None:
            self.look_up([found])
        return found


def actor_shown(actor: str, names: Mapping[str, str]) -> str:
    """Who did something: the name where `names` has it (`directory.actor_names`), the id then being its title."""
    return format_html('<span title="{}">{}</span>', actor, names[actor]) if actor in names else actor
