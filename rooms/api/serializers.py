"""The API's documents. Amounts are integers in the currency's minor units; times are UTC."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config import clock
from rooms import breakdowns
from rooms.models import CancelledBecause, Creator, Room, RoomCancellation, Ticket, TicketState
from rooms.purchases import refund_policy


class CreatorSerializer(serializers.ModelSerializer[Creator]):
    """Somebody on stage."""

    class Meta:
        model = Creator
        fields = ["handle", "display_name"]


class RoomSerializer(serializers.ModelSerializer[Room]):
    """A room as it is listed."""

    host = CreatorSerializer(source="creator")
    cohosts = serializers.SerializerMethodField()
    seats_left = serializers.IntegerField()

    class Meta:
        model = Room
        fields = [
            "id", "slug", "title", "description", "starts_at", "ends_at", "cancelled_at", "host", "cohosts",
            "capacity", "seats_left", "price_minor", "currency", "sells_tickets", "open_to_subscribers",
        ]  # fmt: skip

    @extend_schema_field(CreatorSerializer(many=True))
    def get_cohosts(self, room: Room) -> Any:
        """Those who accepted."""
        accepted = [cohost.creator for cohost in room.cohosts.all() if cohost.accepted_at is not None]
        return CreatorSerializer(accepted, many=True).data


class ReceiverSerializer(serializers.Serializer[breakdowns.Receiver]):
    """What one receiver gets of a charge."""

    kind = serializers.ChoiceField(choices=["creator", "charity", "platform", "processor"])
    handle = serializers.CharField(allow_null=True, help_text="The creator's handle, when the receiver is one.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, not the serializer's label
    amount_minor = serializers.IntegerField()


class QuoteSerializer(serializers.Serializer[breakdowns.Breakdown]):
    """Who gets what, before anybody pays. The receivers' amounts sum to `charge_minor`."""

    charge_minor = serializers.IntegerField(source="total_minor")
    currency = serializers.CharField()
    policy = serializers.CharField(source="policy_slug")
    policy_version = serializers.IntegerField()
    receivers = ReceiverSerializer(many=True)


class RefundPolicySerializer(serializers.Serializer[refund_policy.RefundPolicy]):
    """The refund policy to show before buying. Send its `version` with the purchase once it was accepted."""

    version = serializers.CharField()
    text = serializers.CharField()


class PurchaseSerializer(serializers.Serializer[Any]):
    """What may come with a purchase."""

    refund_policy = serializers.ChoiceField(
        choices=[policy.version for policy in refund_policy.VERSIONS],
        required=False,
        default="",
        help_text="The version of the refund policy that the buyer was shown and accepted.",
    )


class RoomDetailSerializer(RoomSerializer):
    """A room with its quote, which is null while somebody on stage cannot be paid yet, and the refund policy."""

    quote = serializers.SerializerMethodField()
    cancelled_because = serializers.SerializerMethodField()
    refund_policy = serializers.SerializerMethodField()

    class Meta(RoomSerializer.Meta):
        fields = [*RoomSerializer.Meta.fields, "cancelled_because", "quote", "refund_policy"]

    @extend_schema_field(serializers.ChoiceField(choices=CancelledBecause.choices, allow_null=True))
    def get_cancelled_because(self, room: Room) -> str | None:
        """Null for a room that is not cancelled."""
        found = RoomCancellation.objects.filter(room=room).first() if room.cancelled_at else None
        return found.because if found else None

    @extend_schema_field(QuoteSerializer(allow_null=True))
    def get_quote(self, room: Room) -> Any:
        """Exact, from the fee policy's published formula."""
        quote = breakdowns.quote_of(room, now=clock.now())
        return QuoteSerializer(quote).data if quote else None

    @extend_schema_field(RefundPolicySerializer)
    def get_refund_policy(self, room: Room) -> Any:
        """The version in force."""
        policy = refund_policy.in_force(clock.now().date())
        return {"version": policy.version, "text": policy.text("ticket")}


class TicketRoomSerializer(serializers.ModelSerializer[Room]):
    """The room of a ticket, in short."""

    class Meta:
        model = Room
        fields = ["slug", "title", "starts_at", "ends_at"]


class TicketSerializer(serializers.ModelSerializer[Ticket]):
    """A ticket. `checkout_url` is where to pay, null until it is ready and once there is nothing to pay."""

    room = TicketRoomSerializer()
    seat = serializers.IntegerField(source="seat.number")
    charge_minor = serializers.IntegerField(source="sale.charge_minor")
    currency = serializers.CharField(source="sale.currency")
    checkout_url = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = [
            "id", "state", "room", "seat", "charge_minor", "currency", "held_at", "held_until", "paid_at",
            "released_at", "end_reason", "checkout_url",
        ]  # fmt: skip

    def get_checkout_url(self, ticket: Ticket) -> str | None:
        """Only while the ticket is held."""
        return ticket.sale.checkout_url or None if ticket.state == TicketState.HELD else None
