"""The inbox: every event with its raw body; failed and quarantined ones can be put back in the queue."""

import json

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action

from ledger.readonly import ReadOnly
from payouts.admin.parts import badge, beginning, breakable, link, pretty
from payouts.admin.replaying import Replaying
from payouts.inbox.replay import REPLAYABLE, replay
from payouts.models import EventState, StripeEvent
from payouts.wake import wake

COLOURS = {
    EventState.RECEIVED: "info",
    EventState.WAITING: "warning",
    EventState.DONE: "success",
    EventState.FAILED: "danger",
    EventState.QUARANTINED: "danger",
}


@admin.register(StripeEvent)
class StripeEventAdmin(Replaying, ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Events, latest first."""

    when_empty = "What Stripe's webhooks tell appears here as it comes in."
    list_display = ("type", "state_label", "trouble", "about", "attempts", "received_at")
    list_filter = ("state", "kind", "type")
    search_fields = ("id", "object_id", "account")
    search_help_text = "An event, object or account id"
    ordering = ("-received_at", "id")
    actions = ("replay_selected",)
    actions_list = ("replay_many",)
    actions_detail = ("replay_this",)
    fieldsets = (
        (None, {"fields": ("type", "id", "kind", "state_label", "last_error", "attempts", "next_attempt_at")}),
        ("What it is about", {"fields": ("whole_object_id", "of_account", "api_version", "livemode", "same_object")}),
        ("When", {"fields": ("created_at", "received_at", "finished_at")}),
        ("Body", {"fields": ("body",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StripeEvent]:
        """A list does not need the bodies."""
        events: QuerySet[StripeEvent] = super().get_queryset(request)
        return events if request.resolver_match.kwargs else events.defer("raw")  # type: ignore[union-attr]

    def has_replay_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Who may put events back in the queue."""
        return request.user.has_perm("payouts.change_stripeevent")

    @action(description="Replay failed and quarantined events", permissions=["replay"])  # type: ignore[untyped-decorator]
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        """Put them back in the queue; what they then do is up to their handlers, which are safe to repeat."""
        ids = replay(event_ids=list(queryset.values_list("id", flat=True)))
        for event_id in ids:
            wake("payouts.tasks.process_event", event_id=event_id)
        skipped = queryset.count() - len(ids)
        self.message_user(request, f"{len(ids)} back in the queue.", messages.SUCCESS if ids else messages.WARNING)
        if skipped:
            self.message_user(request, f"{skipped} left as they are: they had not failed.", messages.INFO)

    @action(description="Replay by type and time", url_path="replay-many", permissions=["replay"])  # type: ignore[untyped-decorator]
    def replay_many(self, request: HttpRequest) -> HttpResponse:
        """To the page that counts first."""
        return redirect("admin:payouts_stripeevent_replay")

    @action(description="Replay this event", url_path="replay-this", permissions=["replay"])  # type: ignore[untyped-decorator]
    def replay_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Once more, even when it is done."""
        event_id = unquote(object_id)
        if replay(event_ids=[event_id], states=REPLAYABLE):
            wake("payouts.tasks.process_event", event_id=event_id)
            self.message_user(request, "Back in the queue.", messages.SUCCESS)
        else:
            self.message_user(request, "It is in the queue already.", messages.INFO)
        return redirect("admin:payouts_stripeevent_change", object_id)

    @admin.display(description="state", ordering="state")
    def state_label(self, event: StripeEvent) -> SafeString:
        """The state, coloured."""
        return badge(event.state, EventState(event.state).label, COLOURS)

    @admin.display(description="trouble")
    def trouble(self, event: StripeEvent) -> str:
        """The beginning of the last error."""
        return beginning(event.last_error, 80)

    @admin.display(description="about", ordering="object_id")
    def about(self, event: StripeEvent) -> str:
        """The beginning of the object's id."""
        return beginning(event.object_id)

    @admin.display(description="object id")
    def whole_object_id(self, event: StripeEvent) -> SafeString:
        """All of it; some are longer than a phone is wide."""
        return breakable(event.object_id)

    @admin.display(description="account")
    def of_account(self, event: StripeEvent) -> str:
        """Whose event it is."""
        return event.account or "the platform's own"

    @admin.display(description="about the same object")
    def same_object(self, event: StripeEvent) -> SafeString:
        """All events about the same object."""
        return link("payouts_stripeevent_changelist", "Show its events", q=event.object_id)

    @admin.display(description="raw body")
    def body(self, event: StripeEvent) -> SafeString:
        """What Stripe sent, indented."""
        return pretty(json.loads(bytes(event.raw)))
