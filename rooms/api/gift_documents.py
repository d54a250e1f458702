"""The documents of tips, donations, Stars and cards. Amounts are integers in minor units; times are UTC."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from payouts.models import SavedCard
from rooms.api.serializers import PurchaseSerializer
from rooms.models import Donation, Purchase, StarOrder, StarTip, Tip
from rooms.models.oneoff import MESSAGE_MAX, NAME_MAX
from rooms.purchases.checkout import card_page_of
from rooms.purchases.stage import Stage, stage_of

CARD_HELP = "The id of a saved card of yours, which is charged at once; without it the answer has a card page."


class _WithMessage(serializers.Serializer[Any]):
    message = serializers.CharField(required=False, default="", allow_blank=True, max_length=MESSAGE_MAX)
    public_name = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=NAME_MAX,
        help_text="Empty: nobody is told whose it is.",
    )


class PackRequest(PurchaseSerializer):
    """A pack of Stars, by how many there are in it."""

    stars = serializers.IntegerField(min_value=1)
    card = serializers.CharField(required=False, default="", allow_blank=True, help_text=CARD_HELP)


class RoomTipRequest(PurchaseSerializer, _WithMessage):
    """A tip in the room's currency; processing comes on top."""

    amount_minor = serializers.IntegerField(min_value=1)
    card = serializers.CharField(required=False, default="", allow_blank=True, help_text=CARD_HELP)


class TipRequest(RoomTipRequest):
    """A tip in a currency of your choice."""

    currency = serializers.ChoiceField(choices=settings.CURRENCIES)


class DonationRequest(RoomTipRequest):
    """A donation in the room's currency. Either way the charity gets all of `amount_minor`."""

    covers_processing = serializers.BooleanField(help_text="Whether you pay the processing on top; else Obole does.")


class StarTipRequest(_WithMessage):
    """Stars to give; each is worth 0.01 USD to whom it is given."""

    stars = serializers.IntegerField(min_value=1)


class PurchaseDocument(serializers.ModelSerializer[Any]):
    """What every purchase says of itself."""

    stage = serializers.SerializerMethodField()
    amount_minor = serializers.IntegerField(source="sale.price_minor")
    charge_minor = serializers.IntegerField(source="sale.charge_minor")
    currency = serializers.CharField(source="sale.currency")
    failure = serializers.CharField(source="sale.failure", help_text="Why a card was refused, for its owner.")
    checkout_url = serializers.SerializerMethodField()

    def get_stage(self, purchase: Purchase) -> Stage:
        """Where it is; `confirm` wants the payer on the card page because their bank asks."""
        return stage_of(purchase.sale, back_from_payment=False)

    def get_checkout_url(self, purchase: Purchase) -> str | None:
        """Where to pay; null until it is ready, and once there is nothing to pay."""
        return card_page_of(purchase.sale) or None


FIELDS = ("id", "stage", "amount_minor", "charge_minor", "currency", "failure", "checkout_url", "opened_at", "paid_at")


class TipDocument(PurchaseDocument):
    """A tip."""

    class Meta:
        model = Tip
        fields = [*FIELDS, "message", "public_name"]


class DonationDocument(PurchaseDocument):
    """A donation."""

    charity = serializers.CharField(source="charity.name")

    class Meta:
        model = Donation
        fields = [*FIELDS, "charity", "covers_processing", "message", "public_name"]


class PackDocument(PurchaseDocument):
    """A pack of Stars that was bought."""

    class Meta:
        model = StarOrder
        fields = [*FIELDS, "stars"]


class StarTipDocument(serializers.ModelSerializer[StarTip]):
    """Stars that were given, and how many are left."""

    stars = serializers.IntegerField(source="spend.stars")
    balance = serializers.IntegerField(source="spend.wallet.balance")

    class Meta:
        model = StarTip
        fields = ["id", "stars", "balance", "message", "public_name", "given_at"]


class PackOffer(serializers.Serializer[Any]):
    """A pack on sale."""

    stars = serializers.IntegerField()
    price_minor = serializers.IntegerField()
    currency = serializers.CharField()


class WalletLineDocument(serializers.Serializer[Any]):
    """A movement, with what was left after it."""

    at = serializers.DateTimeField()
    words = serializers.CharField()
    stars = serializers.IntegerField()
    balance = serializers.IntegerField()


class WalletDocument(serializers.Serializer[Any]):
    """The wallet; `coming` Stars are paid for and here within a minute."""

    balance = serializers.IntegerField(source="wallet.balance")
    coming = serializers.IntegerField(source="wallet.coming")
    is_frozen = serializers.BooleanField(source="wallet.is_frozen")
    lines = WalletLineDocument(source="wallet.lines", many=True)
    packs = PackOffer(many=True)


class CardDocument(serializers.ModelSerializer[SavedCard]):
    """A saved card; `id` is what purchases name it by."""

    id = serializers.CharField(source="payment_method_id")

    class Meta:
        model = SavedCard
        fields = ["id", "brand", "last4", "exp_month", "exp_year", "is_default"]


class SetupDocument(serializers.Serializer[Any]):
    """Where a card is saved: a page of Stripe's, good for a day."""

    url = serializers.URLField()
