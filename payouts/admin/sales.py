"""Sales: what was charged, who gets what and why."""

from collections.abc import Iterable

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from ledger.lookups import LooksUp
from ledger.queries import results_of
from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, breakable, ledger_link, link, money, table
from payouts.admin.refunding import Refunding
from payouts.admin.suspense import SuspenseDesk
from payouts.models import Sale, SaleState

COLOURS = {
    SaleState.OPEN: "info",
    SaleState.EXPIRING: "warning",
    SaleState.EXPIRED: "default",
    SaleState.PAID: "info",
    SaleState.POSTED: "primary",
    SaleState.SETTLED: "primary",
    SaleState.RELEASED: "success",
    SaleState.LATE: "danger",
    SaleState.PARKED: "warning",
    SaleState.RETURNED: "default",
}
FAILED = "parked, refund failed"


@admin.register(Sale)
class SaleAdmin(Refunding, SuspenseDesk, LooksUp, ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Sales, latest first."""

    when_empty = "Every purchase appears here from the moment its buyer goes to pay."
    list_display = ("title", "charged", "state_label", "kept", "buyer_email", "opened")
    list_filter = (
        "state",
        ("refund_failed_at", EmptyFieldListFilter),
        "product",
        "channel",
        "currency",
        "policy_slug",
    )
    search_fields = (
        "id__exact", "charge_id", "payment_intent_id", "checkout_session_id", "refund_id", "refunds__refund_id",
        "buyer_email", "subject", "title",
    )  # fmt: skip
    search_help_text = "A sale, charge, intent, session or refund id, a subject, a title, or a buyer's e-mail"
    ordering = ("-opened_at", "id")
    actions_detail = ("refund_this",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "title", "state_label", "channel", "charged", "price", "buyer_email", "in_ledger", "failure",
                    "refund_failure", "given_back",
                )
            },
        ),
        (
            "Who gets what",
            {"fields": ("processing_fee", "recovered", "platform_fee", "kept", "payees", "policy", "formula")},
        ),
        (
            "At Stripe",
            {
                "fields": (
                    "checkout_session", "payment_method_id", "invoice_id", "payment_intent_id", "charge_id",
                    "movement", "refund_id", "calls",
                )
            },
        ),
        (
            "When",
            {
                "fields": (
                    "opened_at", "session_expires_at", "expiring_at", "expired_at", "paid_at", "split_at", "posted_at",
                    "settled_at", "hold_until", "released_at", "returned_at", "refund_failed_at",
                )
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sale]:
        """One sale's page shows its shares."""
        sales: QuerySet[Sale] = super().get_queryset(request)
        return sales.prefetch_related("shares__payee") if request.resolver_match.kwargs else sales  # type: ignore[union-attr]

    def look_up(self, rows: Iterable[Sale]) -> None:
        """What each brought the platform, as the ledger has it."""
        found = results_of(subjects=[sale.ledger_subject for sale in rows])
        for sale in rows:
            sale.results = found.get(sale.ledger_subject, {})  # type: ignore[attr-defined]  # for `kept`

    @admin.display(description="state", ordering="state")
    def state_label(self, sale: Sale) -> SafeString:
        """The state, coloured; money that could not be given back stands out."""
        if sale.refund_failed_at:
            return badge(FAILED, "Paid too late, refund failed", {FAILED: "danger"})
        return badge(sale.state, SaleState(sale.state).label, COLOURS)

    @admin.display(description="charged", ordering="charge_minor")
    def charged(self, sale: Sale) -> str:
        """What the buyer paid."""
        return money(sale.charge_minor, sale.currency)

    @admin.display(description="opened", ordering="opened_at")
    def opened(self, sale: Sale) -> SafeString:
        """When somebody went to pay, on one line."""
        return format_html('<span class="whitespace-nowrap">{}</span>', f"{sale.opened_at:%Y-%m-%d %H:%M}")

    @admin.display(description="price")
    def price(self, sale: Sale) -> str:
        """The face price."""
        return money(sale.price_minor, sale.currency)

    @admin.display(description="processor takes")
    def processing_fee(self, sale: Sale) -> str:
        """What the processor took."""
        return money(sale.processing_fee_minor, sale.settlement_currency)

    @admin.display(description="processing recovered")
    def recovered(self, sale: Sale) -> str:
        """What of that somebody else bears."""
        return money(sale.processing_recovered_minor, sale.settlement_currency)

    @admin.display(description="platform's cut")
    def platform_fee(self, sale: Sale) -> str:
        """By the policy, before what processing costs."""
        return money(sale.platform_fee_minor, sale.settlement_currency)

    @admin.display(description="platform keeps")
    def kept(self, sale: Sale) -> str:
        """What the platform has of it in the end, after processing and all else that it cost, by the ledger."""
        results = sale.results  # type: ignore[attr-defined]  # looked up above
        return ", ".join(money(amount_minor, currency) for currency, amount_minor in results.items()) or EMPTY

    @admin.display(description="payees")
    def payees(self, sale: Sale) -> SafeString:
        """Each share."""
        rows = [
            (
                link("payouts_payee_change", share.payee.display_name, share.payee_id),
                share.weight,
                money(share.amount_minor, sale.settlement_currency),
            )
            for share in sale.shares.all()
        ]
        return table(("payee", "weight", "gets"), rows)

    @admin.display(description="policy")
    def policy(self, sale: Sale) -> str:
        """The version it was priced with."""
        return f"{sale.policy_slug} v{sale.policy_version}: {sale.basis['policy']['title']}"

    @admin.display(description="formula")
    def formula(self, sale: Sale) -> SafeString:
        """How each part came about."""
        names = {str(share.payee_id): share.payee.display_name for share in sale.shares.all()}
        currency = sale.settlement_currency or sale.currency
        lines = sale.basis.get("formula", sale.basis["predicted_formula"])
        rows = [
            (_named(line["label"], names), line["formula"], money(line["amount_minor"], currency)) for line in lines
        ]
        return table(("part", "how" if sale.split_at else "how (predicted)", "amount"), rows)

    @admin.display(description="balance transaction")
    def movement(self, sale: Sale) -> SafeString | str:
        """Where the fee comes from."""
        if not sale.balance_transaction_id:
            return EMPTY
        return link("payouts_balancetransaction_change", sale.balance_transaction_id, sale.balance_transaction_id)

    @admin.display(description="ledger")
    def in_ledger(self, sale: Sale) -> SafeString:
        """Its transactions."""
        return ledger_link(sale.ledger_subject)

    @admin.display(description="checkout session")
    def checkout_session(self, sale: Sale) -> SafeString | str:
        """Its id, which is longer than a phone is wide."""
        return breakable(sale.checkout_session_id) if sale.checkout_session_id else EMPTY

    @admin.display(description="given back")
    def given_back(self, sale: Sale) -> SafeString:
        """What went back so far, and each refund."""
        refunds = link("payouts_refund_changelist", "Show the refunds", q=str(sale.id))
        return format_html("{} · {}", money(sale.reversed_minor, sale.currency), refunds)

    @admin.display(description="calls")
    def calls(self, sale: Sale) -> SafeString:
        """What Stripe was asked for it."""
        return link("payouts_stripecall_changelist", "Show the calls", q=sale.ledger_subject)


def _named(label: str, names: dict[str, str]) -> str:
    return f"Payee {names.get(label.removeprefix('Payee '), label)}" if label.startswith("Payee ") else label
