"""The ledger in the finance admin: to look at, never to change."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline

from ledger.currencies import major
from ledger.directory import actor_names
from ledger.labels import OWNED, codes_matching, labels_of
from ledger.lookups import LooksUp, actor_shown
from ledger.models import Account, Entry, Transaction
from ledger.readonly import ReadOnly

# Exact also for hot accounts: what is folded plus the tail, as in `ledger.queries`, but for the rows of one page only.
BALANCE_NOW = """
(SELECT b.balance_minor + CASE WHEN ledger_account.hot THEN coalesce((
    SELECT sum(e.amount_minor)
    FROM ledger_tail() t
    JOIN ledger_entry e ON e.transaction_id = t.id AND e.account_id = ledger_account.id
), 0) ELSE 0 END FROM ledger_balance b WHERE b.account_id = ledger_account.id)
"""


def label_entries(entries: Iterable[Any]) -> None:
    """Put on the account of each entry what it is for."""
    labels = labels_of(entry.account.code for entry in entries)
    for entry in entries:
        entry.account.label = labels[entry.account.code]


class EntryColumns:
    """How an entry is shown: debit and credit apart, as a ledger page has them."""

    @admin.display(description="account", ordering="account__code")
    def account_shown(self, entry: Entry) -> str:
        """What the account is for, which opens it; its code comes with the pointer."""
        url = reverse("admin:ledger_account_change", args=[entry.account_id])
        return link_to(url, entry.account.label, title=entry.account.code)  # type: ignore[attr-defined]  # put on above

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


class LabelledEntries(BaseInlineFormSet):  # type: ignore[type-arg]  # not subscriptable when it runs
    """The legs of one transaction, their accounts in words."""

    def get_queryset(self) -> Any:
        """Asked for many times, looked up once."""
        if not hasattr(self, "_labelled"):
            self._labelled = super().get_queryset()
            label_entries(self._labelled)
        return self._labelled


class EntryInline(ReadOnly, EntryColumns, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """The legs of a transaction."""

    model = Entry
    formset = LabelledEntries
    hide_title = True
    extra = 0
    fields = ("account_shown", "debit", "credit", "memo", "balance_after")
    readonly_fields = fields
    ordering = ("position",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """With the accounts, in one query."""
        return super().get_queryset(request).select_related("account", "transaction")  # type: ignore[no-any-return]


@admin.register(Transaction)
class TransactionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Transactions with their entries."""

    when_empty = "Everything that is posted to the ledger appears here."
    list_display = ("key", "kind", "subject", "effective_at", "posted_at")
    list_filter = ("kind",)
    search_fields = ("subject",)
    search_help_text = "A whole key or subject, such as sale:1f0c…"
    fields = (
        "key", "kind", "subject", "actor_shown", "description", "effective_at", "posted_at", "reverses", "metadata",
    )  # fmt: skip
    inlines = (EntryInline,)
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description="actor")
    def actor_shown(self, posted: Transaction) -> str:
        """Who did it, by name; on a transaction's own page alone."""
        return actor_shown(posted.actor, actor_names([posted.actor]))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transaction], search_term: str
    ) -> tuple[QuerySet[Transaction], bool]:
        """Find by whole key or subject: both are looked up in an index, however long the history is."""
        if not search_term:
            return queryset, False
        by_key = RawSQL("SELECT transaction_id FROM ledger_key WHERE key = %s", [search_term])
        return queryset.filter(Q(subject=search_term) | Q(id__in=by_key)), False


@admin.register(Entry)
class EntryAdmin(EntryColumns, LooksUp, ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Entries of all accounts, newest first; search narrows them to one account."""

    when_empty = "The debits and credits of everything that is posted appear here."
    list_display = ("account_shown", "debit", "credit", "transaction_key", "memo", "effective_at", "balance_after")
    list_display_links = ("effective_at",)
    list_filter = ("currency", "account__type")
    search_fields = ("account__code__exact",)
    search_help_text = "An account, such as stripe:pending, what it is for, or a payee's or listener's name"
    fields = (
        "transaction",
        "position",
        "account_shown",
        "account_code",
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

    def look_up(self, rows: Iterable[Entry]) -> None:
        """The accounts in words."""
        label_entries(rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        """By the code of an account, or by what it is for."""
        if not search_term:
            return queryset, False
        return queryset.filter(account__code__in=[search_term, *codes_matching(search_term)]), False

    @admin.display(description="account's code")
    def account_code(self, entry: Entry) -> str:
        """As the ledger has it."""
        return entry.account.code

    @admin.display(description="transaction")
    def transaction_key(self, entry: Entry) -> str:
        """The key of its transaction, which opens it."""
        url = reverse("admin:ledger_transaction_change", args=[entry.transaction_id])
        return link_to(url, entry.transaction.key)


@admin.register(Account)
class AccountAdmin(LooksUp, ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Accounts with their balances at this moment."""

    when_empty = "An account appears here with its first posting."
    list_display = ("what", "short_code", "currency", "type", "balance_now")
    list_filter = ("type", "currency", "hot")
    search_fields = ("code",)
    search_help_text = "What it is for, a payee's or listener's name or e-mail, or part of its code"
    fields = (
        "what",
        "code",
        "currency",
        "type",
        "balance_now",
        "held",
        "floor",
        "hot",
        "opened_at",
        "closed_at",
        "entries",
    )
    readonly_fields = fields
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """With the state and the balance of each, in one query."""
        accounts: QuerySet[Account] = super().get_queryset(request)
        now = RawSQL(BALANCE_NOW, [], output_field=BigIntegerField())  # noqa: S611 (a constant)
        return accounts.select_related("balance").annotate(balance_now_minor=now)

    def look_up(self, rows: Iterable[Account]) -> None:
        """What each is for."""
        labels = labels_of(account.code for account in rows)
        for account in rows:
            account.label = labels[account.code]  # type: ignore[attr-defined]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Account], search_term: str
    ) -> tuple[QuerySet[Account], bool]:
        """By part of the code, or by what it is for."""
        if not search_term:
            return queryset, False
        return queryset.filter(Q(code__icontains=search_term) | Q(code__in=codes_matching(search_term))), False

    @admin.display(description="account", ordering="code")
    def what(self, account: Account) -> str:
        """What it is for, and whom."""
        return account.label  # type: ignore[attr-defined, no-any-return]

    @admin.display(description="code", ordering="code")
    def short_code(self, account: Account) -> str:
        """With the beginning of the owner's UUID; all of it comes with the pointer."""
        owned = OWNED.fullmatch(account.code)
        shown = account.code.replace(owned[2], f"{owned[2][:8]}…") if owned else account.code
        return format_html('<code class="text-xs" title="{}">{}</code>', account.code, shown)

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
        return link_to(url, "Show the entries")


def link_to(url: str, text: str, *, title: str = "") -> str:
    """A link that looks like one; `title` comes with the pointer."""
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}" title="{}">{}</a>', url, title, text
    )


def money(amount_minor: int, currency: str) -> str:
    """An amount for people: "9.11 USD"."""
    return f"{major(amount_minor, currency)}\u00a0{currency}"  # never wrapped
