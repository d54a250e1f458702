"""Plans, subscriptions and months given, in the finance admin, each beside where its money is. Read only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from ledger.readonly import ReadOnly
from payouts.admin.parts import EMPTY, badge, link, money
from payouts.models import BillingState
from rooms.models import Gift, Plan, Subscription

COLOURS = {
    BillingState.INCOMPLETE: "info",
    BillingState.TRIALING: "success",
    BillingState.ACTIVE: "success",
    BillingState.PAST_DUE: "danger",
}


@admin.register(Plan)
class PlanAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Plans, newest first."""

    when_empty = "Plans appear here when creators open them."
    list_display = ("name", "creator", "monthly", "trial_days", "opened_at", "retired_at")
    list_filter = ("currency", ("retired_at", admin.EmptyFieldListFilter))
    list_select_related = ("creator",)
    search_fields = ("id__exact", "name", "creator__handle", "creator__display_name")
    ordering = ("-opened_at", "id")
    fields = (
        "name", "creator", "monthly", "trial_days", "perks", "at_stripe", "subscribers", "opened_at", "retired_at",
    )  # fmt: skip

    @admin.display(description="a month", ordering="price_minor")
    def monthly(self, plan: Plan) -> str:
        """What a new subscriber pays."""
        return money(plan.price_minor, plan.currency)

    @admin.display(description="price at Stripe")
    def at_stripe(self, plan: Plan) -> SafeString:
        """Its present price."""
        return link("payouts_billingprice_change", plan.billing.stripe_price_id or "being made", plan.billing_id)

    @admin.display(description="subscriptions")
    def subscribers(self, plan: Plan) -> SafeString:
        """Who has it, or had it."""
        return link("rooms_subscription_changelist", "Show them", q=str(plan.id))


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Subscriptions as access sees them, newest first; their invoices and sales are a link away."""

    when_empty = "Subscriptions appear here when somebody subscribes to a creator."
    view_on_site = False  # its page is its subscriber's alone
    list_display = ("subscriber", "creator", "plan", "monthly", "state_label", "access_until", "opened_at")
    list_filter = ("state", "billing__price__currency", ("cut_off_at", admin.EmptyFieldListFilter))
    list_select_related = ("subscriber", "creator", "plan", "billing__price")
    search_fields = (
        "id__exact", "plan__id__exact", "billing__stripe_subscription_id", "subscriber__email",
        "subscriber__display_name", "creator__handle",
    )  # fmt: skip
    ordering = ("-opened_at", "id")
    fieldsets = (
        (None, {"fields": ("subscriber", "creator", "plan", "monthly", "state_label")}),
        ("Money", {"fields": ("invoices", "events", "mails")}),
        ("Access", {"fields": ("access_until", "cut_off_at", "lapsed_at", "opened_at")}),
    )

    @admin.display(description="a month")
    def monthly(self, subscription: Subscription) -> str:
        """What this one pays, which may be an older price than the plan's."""
        price = subscription.billing.price
        return money(price.amount_minor, price.currency)

    @admin.display(description="state", ordering="state")
    def state_label(self, subscription: Subscription) -> SafeString:
        """The state, coloured."""
        return badge(subscription.state, BillingState(subscription.state).label, COLOURS)

    @admin.display(description="invoices and sales")
    def invoices(self, subscription: Subscription) -> SafeString:
        """What was charged, and the sale of each charge."""
        return link("payouts_billingsubscription_change", "Show the invoices", subscription.billing_id)

    @admin.display(description="events")
    def events(self, subscription: Subscription) -> SafeString | str:
        """What Stripe told about it."""
        stripe_id = subscription.billing.stripe_subscription_id
        return link("payouts_stripeevent_changelist", "Show the events", q=stripe_id) if stripe_id else EMPTY

    @admin.display(description="mail")
    def mails(self, subscription: Subscription) -> SafeString:
        """What its subscriber was told."""
        return link("rooms_mail_changelist", "Show the mail", q=subscription.subscriber.email)


@admin.register(Gift)
class GiftAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Months given, newest first. The link's token is the recipient's, and is not shown."""

    when_empty = "Months of a subscription that are bought for somebody else appear here."
    view_on_site = False
    list_display = ("buyer", "plan", "months", "amount", "sale", "claimed_by", "ends_at", "paid_at")
    list_filter = (
        "months", "sale__state", "sale__currency", ("claimed_at", admin.EmptyFieldListFilter),
        ("cut_off_at", admin.EmptyFieldListFilter),
    )  # fmt: skip
    search_fields = ("id__exact", "sale__id__exact", "buyer__email", "recipient_email", "claimed_by__email")
    ordering = ("-opened_at", "id")
    fieldsets = (
        (None, {"fields": ("buyer", "creator", "plan", "months", "amount", "recipient_email", "message")}),
        ("Money", {"fields": ("of_sale", "paid_at")}),
        ("Access", {"fields": ("claimed_by", "claimed_at", "starts_at", "ends_at", "cut_off_at", "opened_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gift]:
        """Whoever claimed it may be nobody yet."""
        return Gift.objects.select_related("buyer", "creator", "plan", "sale", "claimed_by")

    @admin.display(description="amount", ordering="sale__price_minor")
    def amount(self, gift: Gift) -> str:
        """What all its months cost."""
        return money(gift.sale.price_minor, gift.sale.currency)

    @admin.display(description="sale")
    def of_sale(self, gift: Gift) -> SafeString:
        """Where its money is."""
        return link("payouts_sale_change", "Open", gift.sale_id)
