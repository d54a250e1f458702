"""Replay by type and time: first how many events that would be, then, on a second click, the replay itself."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from payouts.inbox.replay import REPLAYABLE, TROUBLED, Selection, count_by_type, replay_selection
from payouts.models import EventState, StripeEvent
from payouts.wake import wake


class SelectionForm(forms.Form):
    """Which events. Times are UTC, and are those of receipt."""

    states = forms.MultipleChoiceField(
        choices=[(state.value, state.label) for state in REPLAYABLE],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What is done may be repeated too: a handler that has nothing to do does nothing.",
    )
    types = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 8}),
        help_text="None chosen: all types.",
    )
    received_from = forms.DateTimeField(
        required=False,
        label="Received from (UTC)",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    received_to = forms.DateTimeField(
        required=False, label="Received to (UTC)", widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"})
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        """The types there are are those of finished events."""
        super().__init__(*args, **more)
        known = StripeEvent.objects.order_by("type").values_list("type", flat=True).distinct()
        self.fields["types"].choices = [(name, name) for name in known]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A range has its end after its beginning."""
        cleaned: dict[str, Any] = super().clean() or {}
        begin, end = cleaned.get("received_from"), cleaned.get("received_to")
        if begin and end and begin >= end:
            self.add_error("received_to", "The end is not after the beginning.")
        return cleaned

    def selection(self) -> Selection:
        """What was chosen; of a form that is valid."""
        chosen = self.cleaned_data
        return Selection(
            states=chosen["states"],
            types=chosen["types"],
            received_from=_utc(chosen["received_from"]),
            received_to=_utc(chosen["received_to"]),
        )


def _utc(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC)


class Replaying:
    """Mixed into the events' admin: the page /replay/, and a button to it."""

    def get_urls(self) -> list[URLPattern]:
        """The page's address before the admin's own, which would take it for an id."""
        view = self.admin_site.admin_view(self.replay_view)  # type: ignore[attr-defined]
        own = [path("replay/", view, name="payouts_stripeevent_replay")]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks and counts; POST puts back what was counted."""
        if not self.has_replay_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        data = request.POST if request.method == "POST" else request.GET
        form = SelectionForm(data if "states" in data or request.method == "POST" else None,
                             initial={"states": list(TROUBLED)})  # fmt: skip
        counts = count_by_type(form.selection()) if form.is_bound and form.is_valid() else None
        if request.method == "POST" and counts is not None:
            return self._replayed(request, form.selection())
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": StripeEvent._meta,  # noqa: SLF001 (Django's own name for it)
            "title": "Replay events",
            "form": form,
            "counts": counts,
            "total": sum((counts or {}).values()),
        }
        return TemplateResponse(request, "admin/payouts/stripeevent/replay.html", context)

    def _replayed(self, request: HttpRequest, selection: Selection) -> HttpResponse:
        count = replay_selection(selection)
        wake("payouts.tasks.sweep_inbox")
        words = f"{count} event{'' if count == 1 else 's'} back in the queue."
        messages.add_message(request, messages.SUCCESS if count else messages.WARNING, words)
        queue = {"state__exact": EventState.RECEIVED.value} if count else None
        return redirect(reverse("admin:payouts_stripeevent_changelist", query=queue))
