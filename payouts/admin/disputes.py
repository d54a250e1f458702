"""Disputes for finance: what must be answered by when, the evidence to edit and send, and what everything moved."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action

from config import clock
from payouts.admin import dispute_parts as parts
from payouts.admin.evidence_form import PREFIX, SURE, EvidenceForm
from payouts.admin.parts import EMPTY, badge, ledger_link, link, money
from payouts.admin.sending import Sending, who
from payouts.disputes import answering
from payouts.disputes.answering import NotAnswerableError
from payouts.disputes.evidence import fields_for
from payouts.models import BalanceTransaction, Dispute, DisputeStatus, EvidenceState
from payouts.models.dispute import OPEN_STATUSES, UNANSWERED_STATUSES

ABOUT = (
    None,
    {"fields": ("sale_link", "disputed", "status_label", "why", "due", "evidence_label", "evidence_failure")},
)
HISTORY = (
    ("What happened", {"fields": ("timeline",)}),
    ("Money", {"fields": ("lost", "fee", "shares_shown", "entries", "in_ledger")}),
    ("At Stripe", {"fields": ("id", "charge_id", "network_reason_code", "calls")}),
)


class AnswerFilter(admin.SimpleListFilter):
    """The open ones unless asked otherwise."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be asked for beside the open ones."""
        return [("unanswered", "To be answered"), ("closed", "Decided"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """The first choice is not "All" but what is shown when nothing is chosen."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "Open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
        """Narrow the list."""
        if self.value() == "all":
            return queryset
        if self.value() == "unanswered":
            return queryset.filter(status__in=UNANSWERED_STATUSES)
        if self.value() == "closed":
            return queryset.exclude(status__in=OPEN_STATUSES)
        return queryset.filter(status__in=OPEN_STATUSES)


@admin.register(Dispute)
class DisputeAdmin(Sending, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Disputes, the one that must be answered first on top."""

    when_empty = "Payments that a buyer's bank takes back appear here while they are open."
    form = EvidenceForm
    list_display = ("sale", "disputed", "why", "status_label", "due", "evidence_label", "opened_at")
    list_filter = (AnswerFilter, "status", "evidence_state", "reason", "currency")
    list_select_related = ("sale",)
    list_fullwidth = True
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("id", "charge_id", "sale__buyer_email", "sale__id__exact")
    search_help_text = "A du_…, a ch_…, a sale or a buyer's e-mail"
    ordering = ("due_by", "-opened_at", "id")
    actions_submit_line = ("send_to_bank", "assemble_again", "accept_and_lose")
    warn_unsaved_form = True
    readonly_fields = (
        "sale_link", "disputed", "status_label", "why", "due", "evidence_label", "evidence_failure", "timeline",
        "lost", "fee", "shares_shown", "entries", "in_ledger", "id", "charge_id", "network_reason_code", "calls",
        "evidence_shown",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Banks open disputes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Dispute | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Dispute | None = None) -> bool:
        """Its evidence, by those who may, while the bank waits for it."""
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or obj.can_be_answered)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons, where the form is."""
        dispute = Dispute.objects.filter(pk=unquote(str(object_id))).first()
        if dispute is None or not self.has_change_permission(request, dispute):
            return []
        buttons: list[Any] = super().get_actions_submit_line(request, object_id)
        return buttons

    def get_fieldsets(self, request: HttpRequest, obj: Dispute | None = None) -> Any:
        """The evidence as a form while it can be sent, and to read afterwards."""
        answer: Any = [("Evidence", {"fields": ("evidence_shown",)})]
        if obj is not None and self.has_change_permission(request, obj):
            fields = [PREFIX + field.name for field in fields_for(obj)]
            answer = [("Evidence for the bank", {"fields": fields}), ("Or give in", {"fields": (SURE,)})]
        return (ABOUT, *answer, *HISTORY)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> HttpResponse:
        """One button that keeps the draft: both of Django's stay on the page."""
        shown: HttpResponse = super().render_change_form(request, {**context, "show_save_and_continue": False}, **more)
        return shown

    def save_model(self, request: HttpRequest, obj: Dispute, form: Any, change: Any) -> None:
        """Do what the pressed button says, through the operations; nothing is saved besides."""
        pressed = next((name for name in self.actions_submit_line if _button(name) in request.POST), "save_draft")
        try:
            words = getattr(self, f"_{pressed}")(request, obj, form)
        except NotAnswerableError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            if words:
                self.message_user(request, words, messages.SUCCESS)

    def response_change(self, request: HttpRequest, obj: Dispute) -> HttpResponse:
        """Stay on the page, which says what happened; what is to be sent is shown once more before."""
        to_send = _button("send_to_bank") in request.POST
        return redirect(f"admin:payouts_dispute_{'send' if to_send else 'change'}", quote(obj.pk))

    def log_change(self, request: HttpRequest, obj: Dispute, message: Any) -> Any:
        """Who did what is on the dispute and on its calls; Django's own log would say "changed" for all of it."""

    def _save_draft(self, request: HttpRequest, dispute: Dispute, form: EvidenceForm) -> str:
        texts, now = form.texts, clock.now()
        try:
            answering.save_draft(dispute_id=dispute.id, texts=texts, actor=who(request), now=now)
        except NotAnswerableError:
            answering.keep_draft(dispute_id=dispute.id, texts=texts, actor=who(request), now=now)
            return "Kept as a draft, here alone: the one before is still on its way to Stripe."
        return "Kept as a draft, here and at Stripe. The bank does not see it yet."

    def _send_to_bank(self, request: HttpRequest, dispute: Dispute, form: EvidenceForm) -> str:
        """Nothing is sent yet: the next page asks, and shows this draft."""
        answering.keep_draft(dispute_id=dispute.id, texts=form.texts, actor=who(request), now=clock.now())
        return ""

    def _assemble_again(self, request: HttpRequest, dispute: Dispute, form: EvidenceForm) -> str:
        answering.assemble(dispute_id=dispute.id, now=clock.now())
        return "The draft holds what is known now; what was written by hand is gone."

    def _accept_and_lose(self, request: HttpRequest, dispute: Dispute, form: EvidenceForm) -> str:
        if not form.cleaned_data[SURE]:
            raise NotAnswerableError(dispute.id, "Nothing was done: tick “Accept the dispute” first, if you are sure.")
        answering.accept(dispute_id=dispute.id, actor=who(request), now=clock.now())
        return "Accepted: the bank keeps the money."

    @action(description="Send to the bank…", icon="send")  # type: ignore[untyped-decorator]
    def send_to_bank(self, request: HttpRequest, obj: Dispute) -> None:
        """A button of the form; `save_model` acts on it."""

    @action(description="Assemble again", icon="refresh")  # type: ignore[untyped-decorator]
    def assemble_again(self, request: HttpRequest, obj: Dispute) -> None:
        """A button of the form; `save_model` acts on it."""

    @action(description="Accept and lose", icon="flag")  # type: ignore[untyped-decorator]
    def accept_and_lose(self, request: HttpRequest, obj: Dispute) -> None:
        """A button of the form; `save_model` acts on it."""

    @admin.display(description="sale")
    def sale_link(self, dispute: Dispute) -> SafeString:
        """What was sold."""
        return link("payouts_sale_change", dispute.sale.title, dispute.sale_id)

    @admin.display(description="disputed", ordering="amount_minor")
    def disputed(self, dispute: Dispute) -> str:
        """How much, in the buyer's currency."""
        return money(dispute.amount_minor, dispute.currency)

    @admin.display(description="state", ordering="status")
    def status_label(self, dispute: Dispute) -> SafeString:
        """The state, coloured."""
        return badge(dispute.status, DisputeStatus(dispute.status).label, parts.STATUS_COLOURS)

    @admin.display(description="reason", ordering="reason")
    def why(self, dispute: Dispute) -> str:
        """What the cardholder says."""
        return dispute.reason.replace("_", " ")

    @admin.display(description="answer due", ordering="due_by")
    def due(self, dispute: Dispute) -> SafeString | str:
        """By when."""
        return parts.due(dispute, now=clock.now())

    @admin.display(description="evidence", ordering="evidence_state")
    def evidence_label(self, dispute: Dispute) -> SafeString:
        """Where our answer is."""
        return badge(dispute.evidence_state, EvidenceState(dispute.evidence_state).label, parts.EVIDENCE_COLOURS)

    @admin.display(description="lost")
    def lost(self, dispute: Dispute) -> str:
        """The outcome."""
        return EMPTY if dispute.lost_minor is None else money(dispute.lost_minor, dispute.currency)

    @admin.display(description="fee kept by the bank")
    def fee(self, dispute: Dispute) -> str:
        """What of the dispute's fee did not come back."""
        return money(dispute.fee_minor, dispute.settlement_currency) if dispute.settlement_currency else EMPTY

    @admin.display(description="payees")
    def shares_shown(self, dispute: Dispute) -> SafeString | str:
        """Whose money it is about."""
        return parts.payees(dispute)

    @admin.display(description="timeline")
    def timeline(self, dispute: Dispute) -> SafeString:
        """In order."""
        movements = BalanceTransaction.objects.filter(source_id=dispute.id).order_by("created_at", "id")
        return parts.timeline(dispute, list(movements))

    @admin.display(description="entries")
    def entries(self, dispute: Dispute) -> SafeString | str:
        """From the ledger."""
        return parts.entries(dispute)

    @admin.display(description="evidence")
    def evidence_shown(self, dispute: Dispute) -> SafeString | str:
        """To read."""
        return parts.sent(dispute)

    @admin.display(description="ledger")
    def in_ledger(self, dispute: Dispute) -> SafeString:
        """All about its sale."""
        return ledger_link(dispute.ledger_subject)

    @admin.display(description="calls")
    def calls(self, dispute: Dispute) -> SafeString:
        """What Stripe was asked for it."""
        return link("payouts_stripecall_changelist", "Show the calls", q=answering.subject_of(dispute.id))


def _button(name: str) -> str:
    return f"payouts_dispute_{name}"
