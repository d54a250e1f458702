"""The mirror of Stripe's balance transactions, and what each has become in the books."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action

from config import clock
from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, beginning, link, money, pretty
from payouts.balance_transactions.waiting import try_again
from payouts.models import BalanceTransaction, MirrorState
from payouts.wake import wake

COLOURS = {
    MirrorState.IMPORTED: "info",
    MirrorState.POSTED: "success",
    MirrorState.UNMATCHED: "danger",
    MirrorState.MISMATCH: "danger",
}


@admin.register(BalanceTransaction)
class BalanceTransactionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Balance transactions, latest first."""

    when_empty = "Movements of the Stripe balance appear here as they are imported."
    list_display = ("short_id", "type", "amount", "fee", "net", "state_label", "source", "created_at")
    list_filter = ("state", "type", "currency")
    actions = ("try_selected_again",)
    search_fields = ("id", "source_id", "posting_key__exact")
    search_help_text = "A txn_…, its source, or a key of the ledger"
    ordering = ("-created_at", "id")
    fieldsets = (
        (None, {"fields": ("id", "type", "reporting_category", "amount", "fee", "net", "exchange_rate")}),
        ("In our books", {"fields": ("state_label", "note", "next_attempt_at", "posting", "settled_at")}),
        ("When", {"fields": ("created_at", "available_on", "imported_at")}),
        ("At Stripe", {"fields": ("source_id", "body")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[BalanceTransaction]:
        """A list does not need the bodies."""
        movements: QuerySet[BalanceTransaction] = super().get_queryset(request)
        return movements if request.resolver_match.kwargs else movements.defer("raw")  # type: ignore[union-attr]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may have movements tried again."""
        return request.user.has_perm("payouts.change_balancetransaction")

    @action(description="Try again what is not in the ledger", permissions=["retry"])  # type: ignore[untyped-decorator]
    def try_selected_again(self, request: HttpRequest, queryset: QuerySet[BalanceTransaction]) -> None:
        """For a person who has seen to the cause; a movement that still does not fit says so again."""
        opened = try_again(balance_transaction_ids=list(queryset.values_list("id", flat=True)), now=clock.now())
        if opened:
            wake("payouts.tasks.import_balance_transactions")
        self.message_user(request, f"{opened} tried again.", messages.SUCCESS if opened else messages.WARNING)
        if skipped := queryset.count() - opened:
            self.message_user(request, f"{skipped} left as they are: in the ledger already.", messages.INFO)

    @admin.display(description="id", ordering="id")
    def short_id(self, movement: BalanceTransaction) -> str:
        """The beginning of its id."""
        return beginning(movement.id)

    @admin.display(description="source", ordering="source_id")
    def source(self, movement: BalanceTransaction) -> str:
        """The beginning of the id of what moved the money."""
        return beginning(movement.source_id)

    @admin.display(description="in our books", ordering="state")
    def state_label(self, movement: BalanceTransaction) -> SafeString:
        """The state, coloured."""
        return badge(movement.state, MirrorState(movement.state).label, COLOURS)

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, movement: BalanceTransaction) -> str:
        """Before the fee."""
        return money(movement.amount_minor, movement.currency)

    @admin.display(description="fee", ordering="fee_minor")
    def fee(self, movement: BalanceTransaction) -> str:
        """What Stripe took."""
        return money(movement.fee_minor, movement.currency)

    @admin.display(description="net", ordering="net_minor")
    def net(self, movement: BalanceTransaction) -> str:
        """What the balance moved by."""
        return money(movement.net_minor, movement.currency)

    @admin.display(description="posting")
    def posting(self, movement: BalanceTransaction) -> SafeString | str:
        """Its transaction in the ledger."""
        if not movement.posting_key:
            return EMPTY
        return link("ledger_transaction_changelist", movement.posting_key, q=movement.posting_key)

    @admin.display(description="raw")
    def body(self, movement: BalanceTransaction) -> SafeString:
        """What Stripe told, indented."""
        return pretty(movement.raw)
