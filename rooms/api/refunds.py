"""`/api/v1/sales/{id}/refunds/`: a host refunds a listener, and sees what was refunded."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from payouts.models import Refund
from payouts.refunds.operations import send_refund
from payouts.refunds.queries import refunds_of
from payouts.refunds.standing import RefundStanding, standing_of
from rooms.api.base import RoomsView
from rooms.api.purchases import KEY_HEADER, PROBLEMS, answer_once, hash_of, id_of, key_of
from rooms.idempotency import Done, once
from rooms.models import Creator
from rooms.refunds.errors import NotYourSaleError
from rooms.refunds.operations import hosted_sale, refund_as_host

AMOUNT_MINOR_MAX = 10**15


class RefundSerializer(serializers.ModelSerializer[Refund]):
    """A refund. It is `asked` until Stripe has made it, `posted` once it is in the ledger.

    `standing` is where the money is: `sent` when it has left Stripe (`sent_at`), `given_back` ten days later.
    """

    standing = serializers.SerializerMethodField()

    class Meta:
        model = Refund
        fields = [
            "id", "amount_minor", "currency", "state", "standing", "reason", "note", "failure", "asked_at", "made_at",
            "sent_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=RefundStanding.choices))
    def get_standing(self, refund: Refund) -> str:
        """By the clock of now."""
        return str(standing_of(refund, now=clock.now()).value)


class AskSerializer(serializers.Serializer[Any]):
    """How much: `amount_minor` more, or up to `total_minor` in all; neither means all that is left."""

    amount_minor = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=AMOUNT_MINOR_MAX
    )
    total_minor = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=AMOUNT_MINOR_MAX,
        help_text="What will have gone back in all, with earlier refunds.",
    )  # fmt: skip
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if attrs["amount_minor"] is not None and attrs["total_minor"] is not None:
            raise serializers.ValidationError({"total_minor": "Send amount_minor or total_minor, not both."})
        return attrs


class Refunds(RoomsView):
    """The refunds of a sale that you host."""

    @extend_schema(operation_id="v1_sales_refunds_list", responses=RefundSerializer(many=True))
    def get(self, request: Request, sale_id: UUID) -> Response:
        """Every refund, the first one first."""
        sale = hosted_sale(sale_id=sale_id, creator=_creator(request, sale_id))
        return Response(RefundSerializer(refunds_of(sale_id=sale.id), many=True).data)

    @extend_schema(
        request=AskSerializer,
        parameters=[KEY_HEADER],
        responses={201: RefundSerializer, (404, "application/problem+json"): OpenApiTypes.OBJECT, **PROBLEMS},
    )
    def post(self, request: Request, sale_id: UUID) -> Response:
        """201 with the refund, on its way or about to be.

        409 not-paid, nothing-left, over-the-rest (with `left_minor`), bad-amount, dispute-open, refund-too-late (with
        `until`) or refund-over-limit: nothing was refunded, and the key stays free. 422 when the key came with another
        request before.
        """
        creator = _creator(request, sale_id)
        asked = hash_of(request)  # before the body is parsed, which reads the stream
        wanted = AskSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        key = key_of(request)

        def do() -> Done:
            made = refund_as_host(
                sale_id=sale_id,
                creator=creator,
                amount_minor=wanted.validated_data["amount_minor"],
                total_minor=wanted.validated_data["total_minor"],
                note=wanted.validated_data["note"],
                key=f"api:{creator.user_id}:{asked}:{key}"[:255],
                now=clock.now(fresh=True),
            )
            return Done(subject=f"refund:{made.id}")

        done = once(user_id=creator.user_id, key=key, request_sha256=asked, do=do, real_now=clock.real_now())
        return answer_once(done, first_answer=_first_answer, location=f"/api/v1/sales/{sale_id}/refunds/#{{}}")


def _first_answer(refund_id: UUID) -> Any:
    """Make it at Stripe now."""
    return RefundSerializer(send_refund(refund_id=refund_id)).data


def _creator(request: Request, sale_id: UUID) -> Creator:
    creator = Creator.objects.filter(user_id=id_of(request)).first()
    if creator is None:
        raise NotYourSaleError(sale_id=sale_id)
    return creator
