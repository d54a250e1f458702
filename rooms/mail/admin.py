"""Mail in the finance admin: what was told to whom, and what the mail server did not take."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from ledger.readonly import ReadOnly
from rooms.mail.operations import send_again
from rooms.models import Mail, MailState


@admin.register(Mail)
class MailAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Mails, newest first."""

    when_empty = "Mails appear here when they are written, before they are sent."
    list_display = ["subject", "to_address", "state_shown", "attempts", "written_at", "sent_at"]
    list_filter = ["state", "kind"]
    search_fields = ["to_address", "key", "subject"]
    ordering = ["-written_at", "id"]
    fields = [
        "subject", "to_address", "person", "kind", "key", "state", "attempts", "next_attempt_at", "last_error",
        "written_at", "sent_at", "text",
    ]  # fmt: skip
    actions = ["try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mail]:
        """A list needs no bodies."""
        mails: QuerySet[Mail] = super().get_queryset(request)
        return mails if request.resolver_match.kwargs else mails.defer("text", "html")  # type: ignore[union-attr]

    @display(  # type: ignore[untyped-decorator]
        description="State",
        ordering="state",
        label={
            MailState.SENT.label: "success",
            MailState.WAITING.label: "info",
            MailState.FAILED.label: "danger",
        },
    )
    def state_shown(self, mail: Mail) -> str:
        """The state in words."""
        return str(MailState(mail.state).label)

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Who may put mails back in the queue."""
        return request.user.has_perm("rooms.change_mail")

    @action(description="Send again what was given up", permissions=["send"])  # type: ignore[untyped-decorator]
    def try_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        """Mails that were sent, or still wait, are left as they are."""
        count = send_again(mail_ids=list(queryset.values_list("id", flat=True)))
        self.message_user(request, f"{count} back in the queue.", messages.SUCCESS if count else messages.WARNING)
