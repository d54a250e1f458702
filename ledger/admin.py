"""The ledger in the finance admin: to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline

from ledger.currencies import major
from ledger.models import Account, Entry, Transaction

# Exact also for hot accounts: what is folded plus the tail, as in `ledger.queries`, but for the rows of one page only.
BALANCE_NOW = """
(SELECT b.balance_minor + CASE WHEN ledger_account.hot THEN coalesce((
    SELECT sum(e.amount_minor)
    FROM ledger_tail() t
    JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = ledger_account.id
), 0) ELSE 0 END FROM ledger_balance b WHERE b.account_id = ledger_account.id)
"""


class ReadOnly:
    """No adding, no changing, no deleting, for anybody."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class EntryColumns:
    """How an entry is shown: debit and credit apart, as a ledger page has them."""

    @admin.display(description="debit")
    def debit(self, entry: Entry) -> str:
        """The amount, when it is a debit."""
        return money(entry.amount_minor, entry.currency) if entry.amount_minor > 0 else ""

    @admin.display(description="credit")
    def credit(self, entry: Entry) -> str:
        """The amount, when it is a credit."""
        return money(-entry.amount_minor, entry.currency) if entry.amount_minor < 0 else ""

    @admin.display(description="balance after")
    def balance_after(self, entry: Entry) -> str:
        """The account's balance after it; hot accounts keep none on the entry."""
        return "" if entry.balance_minor is None else money(entry.balance_minor, entry.currency)


class EntryInline(ReadOnly, EntryColumns, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """The legs of a transaction."""

    model = Entry
    hide_title = True
    extra = 0
    fields = ("account", "debit", "credit", "memo", "balance_after")
    readonly_fields = fields
    ordering = ("position",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """With the accounts, in one query."""
        return super().get_queryset(request).select_related("account", "transaction")  # type: ignore[no-any-return]


@admin.register(Transaction)
class TransactionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Transactions with their entries."""

    list_display = ("key", "kind", "subject", "effective_at", "posted_at")
    list_filter = ("kind",)
    search_fields = ("subject",)
    search_help_text = "A whole key or subject, such as sale:1f0c…"
    fields = ("key", "kind", "subject", "actor", "description", "effective_at", "posted_at", "reverses", "metadata")
    inlines = (EntryInline,)
    list_per_page = 50
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transaction], search_term: str
    ) -> tuple[QuerySet[Transaction], bool]:
        """Find by whole key or subject: both are looked up in an index, however long the history is."""
        if not search_term:
            return queryset, False
        by_key = RawSQL("SELECT transaction_id FROM ledger_key WHERE key = %s", [search_term])
        return queryset.filter(Q(subject=search_term) | Q(id__in=by_key)), False


@admin.register(Entry)
class EntryAdmin(ReadOnly, EntryColumns, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Entries of all accounts, newest first; search narrows them to one account."""

    list_display = ("account", "debit", "credit", "transaction_key", "memo", "effective_at", "balance_after")
    list_filter = ("currency", "account__type")
    search_fields = ("account__code__exact",)
    search_help_text = "An account, such as stripe:pending"
    fields = (
        "transaction",
        "position",
        "account",
        "debit",
        "credit",
        "memo",
        "effective_at",
        "balance_after",
        "version",
    )
    readonly_fields = fields
    list_select_related = ("account", "transaction")
    ordering = ("-id",)
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description="transaction")
    def transaction_key(self, entry: Entry) -> str:
        """The key of its transaction, which opens it."""
        url = reverse("admin:ledger_transaction_change", args=[entry.transaction_id])
        return format_html('<a href="{}">{}</a>', url, entry.transaction.key)


@admin.register(Account)
class AccountAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Accounts with their balances at this moment."""

    list_display = ("code", "currency", "type", "balance_now", "hot")
    list_filter = ("type", "currency", "hot")
    search_fields = ("code",)
    search_help_text = "Part of an account's code"
    fields = ("code", "currency", "type", "balance_now", "held", "floor", "hot", "opened_at", "closed_at", "entries")
    readonly_fields = fields
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """With the state and the balance of each, in one query."""
        accounts: QuerySet[Account] = super().get_queryset(request)
        now = RawSQL(BALANCE_NOW, [], output_field=BigIntegerField())  # noqa: S611 (a constant)
        return accounts.select_related("balance").annotate(balance_now_minor=now)

    @admin.display(description="balance")
    def balance_now(self, account: Account) -> str:
        """The balance at this moment, debit positive."""
        return money(account.balance_now_minor, account.currency)  # type: ignore[attr-defined]  # annotated above

    @admin.display(description="held")
    def held(self, account: Account) -> str:
        """What holds reserve."""
        return money(account.balance.held_minor, account.currency)

    @admin.display(description="floor")
    def floor(self, account: Account) -> str:
        """The least that must stay."""
        floor_minor = account.balance.floor_minor
        return "none" if floor_minor is None else money(floor_minor, account.currency)

    @admin.display(description="closed")
    def closed_at(self, account: Account) -> str:
        """Since when it takes no postings."""
        return str(account.balance.closed_at or "open")

    @admin.display(description="entries")
    def entries(self, account: Account) -> str:
        """Its entries, on their own page."""
        url = reverse("admin:ledger_entry_changelist", query={"q": account.code})
        return format_html('<a href="{}">Show the entries</a>', url)


def money(amount_minor: int, currency: str) -> str:
    """An amount for people: "9.11 USD"."""
    return f"{major(amount_minor, currency)} {currency}"
