"""The API's documents about plans and subscriptions. Amounts are integers in the currency's minor units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config import clock
from payouts.models import BillingInvoice, InvoiceState
from rooms import breakdowns
from rooms.api.serializers import CreatorSerializer, QuoteSerializer, RefundPolicySerializer
from rooms.models import Plan, Subscription
from rooms.purchases import refund_policy
from rooms.shares import Sharer
from rooms.subscriptions import checkout


class PlanSerializer(serializers.ModelSerializer[Plan]):
    """What a month costs and gives."""

    class Meta:
        model = Plan
        fields = ["id", "name", "perks", "price_minor", "currency", "trial_days"]


class PlanDetailSerializer(PlanSerializer):
    """A plan with who gets what of a month, null while its creator cannot be paid, and the refund policy."""

    creator = CreatorSerializer()
    quote = serializers.SerializerMethodField()
    refund_policy = serializers.SerializerMethodField()

    class Meta(PlanSerializer.Meta):
        fields = [*PlanSerializer.Meta.fields, "creator", "quote", "refund_policy"]

    @extend_schema_field(QuoteSerializer(allow_null=True))
    def get_quote(self, plan: Plan) -> Any:
        """Exact, from the fee policy's published formula."""
        quote = breakdowns.quote_for(
            [Sharer(creator=plan.creator, weight=1)],
            price_minor=plan.price_minor,
            currency=plan.currency,
            policy_slug=plan.billing.policy_slug,
            now=clock.now(),
        )
        return QuoteSerializer(quote).data if quote else None

    @extend_schema_field(RefundPolicySerializer)
    def get_refund_policy(self, plan: Plan) -> Any:
        """The version in force."""
        policy = refund_policy.in_force(clock.now().date())
        return {"version": policy.version, "text": policy.text("subscription")}


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    """A subscription. `checkout_url` is where to pay, null until it is ready and once it has begun."""

    creator = CreatorSerializer()
    plan = PlanSerializer()
    price_minor = serializers.IntegerField(
        source="billing.price.amount_minor", help_text="What this one pays a month."
    )
    currency = serializers.CharField(source="billing.price.currency")
    period_ends_at = serializers.DateTimeField(source="billing.period_ends_at", allow_null=True)
    trial_ends_at = serializers.DateTimeField(source="billing.trial_ends_at", allow_null=True)
    ends_at = serializers.DateTimeField(source="billing.ends_at", allow_null=True)
    ended_at = serializers.DateTimeField(source="billing.ended_at", allow_null=True)
    has_access = serializers.SerializerMethodField()
    checkout_url = serializers.SerializerMethodField()

    class Meta:
        model = Subscription
        fields = [
            "id", "state", "creator", "plan", "price_minor", "currency", "opened_at", "period_ends_at",
            "trial_ends_at", "ends_at", "ended_at", "access_until", "has_access", "checkout_url",
        ]  # fmt: skip

    def get_has_access(self, subscription: Subscription) -> bool:
        """Whether it opens the creator's rooms now."""
        return subscription.gives_access(now=clock.now())

    def get_checkout_url(self, subscription: Subscription) -> str | None:
        """Only while it is not paid."""
        return checkout.card_page_of(subscription) or None


class CancelSerializer(serializers.Serializer[Any]):
    """How to end it."""

    at_period_end = serializers.BooleanField(default=True, help_text="False: now, and nothing is refunded.")


class PlanChoiceSerializer(serializers.Serializer[Any]):
    """Which plan of the same creator's to take."""

    plan = serializers.UUIDField()


class ChangeSerializer(PlanChoiceSerializer):
    """Which plan to take, at what the preview of that moment said."""

    prorated_at = serializers.DateTimeField(default=None, help_text="The preview's; left out, the moment is now.")


class PreviewedLineSerializer(serializers.Serializer[Any]):
    """One line of the invoice: below zero it is a credit."""

    words = serializers.CharField()
    amount_minor = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ChangePreviewSerializer(serializers.Serializer[Any]):
    """What a change would cost. The lines are those of today's charge or, where that is 0, of the next invoice."""

    due_now_minor = serializers.IntegerField()
    next_due_minor = serializers.IntegerField()
    next_at = serializers.DateTimeField()
    currency = serializers.CharField()
    prorated_at = serializers.DateTimeField()
    lines = PreviewedLineSerializer(many=True)


class PortalSerializer(serializers.Serializer[Any]):
    """Where the card is changed, for the next minutes."""

    url = serializers.URLField()


class InvoiceSerializer(serializers.ModelSerializer[BillingInvoice]):
    """What one month, or one change of plan, costs. `receipt` is null where nothing was charged."""

    pay_url = serializers.SerializerMethodField()
    receipt = serializers.SerializerMethodField()

    class Meta:
        model = BillingInvoice
        fields = [
            "id", "state", "due_minor", "paid_minor", "currency", "period_starts_at", "period_ends_at", "created_at",
            "paid_at", "next_attempt_at", "pay_url", "receipt",
        ]  # fmt: skip

    def get_pay_url(self, invoice: BillingInvoice) -> str | None:
        """Only while it is open."""
        return (invoice.pay_url or None) if invoice.state == InvoiceState.OPEN else None

    def get_receipt(self, invoice: BillingInvoice) -> str | None:
        """Who got what. Reads `subscription.membership`."""
        if invoice.sale_id is None:
            return None
        return f"/api/v1/subscriptions/{invoice.subscription.membership.id}/invoices/{invoice.id}/receipt/"
