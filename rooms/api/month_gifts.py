"""Months as a gift by API: giving them, where they are, and claiming them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from rooms.api.base import RoomsView
from rooms.api.gift_documents import FIELDS, PurchaseDocument
from rooms.api.gifts import Mine, OnceView, paid_for
from rooms.api.purchases import KEY_HEADER, PROBLEMS, context_of, id_of
from rooms.api.serializers import CreatorSerializer, PurchaseSerializer
from rooms.api.subscription_documents import PlanSerializer
from rooms.gifts.operations import MONTHS, claim, give
from rooms.idempotency import Done
from rooms.models import Gift, Plan
from rooms.models.oneoff import MESSAGE_MAX


class GiftRequest(PurchaseSerializer):
    """Months of a plan for somebody, who gets the link by mail once they are paid."""

    months = serializers.ChoiceField(choices=MONTHS)
    recipient_email = serializers.EmailField()
    message = serializers.CharField(required=False, default="", allow_blank=True, max_length=MESSAGE_MAX)


class GiftDocument(PurchaseDocument):
    """A gift as its giver sees it."""

    class Meta:
        model = Gift
        fields = [*FIELDS, "months", "recipient_email", "message", "claimed_at", "starts_at", "ends_at"]


class ClaimRequest(serializers.Serializer[Any]):
    """The end of the link that the recipient got."""

    token = serializers.CharField(max_length=64)


class ClaimedDocument(serializers.ModelSerializer[Gift]):
    """A gift as the one sees it whose months they are."""

    creator = CreatorSerializer()
    plan = PlanSerializer()

    class Meta:
        model = Gift
        fields = ["id", "creator", "plan", "months", "message", "claimed_at", "starts_at", "ends_at"]


class GiveMonths(OnceView):
    """Give months of a plan to somebody."""

    @extend_schema(request=GiftRequest, parameters=[KEY_HEADER], responses={201: GiftDocument, **PROBLEMS})
    def post(self, request: Request, plan_id: UUID) -> Response:
        """201 with the gift and the address of the card page. 409 plan-not-sold: nothing is charged."""
        plan = get_object_or_404(Plan, id=plan_id)

        def do(asked: dict[str, Any]) -> Done:
            gift = give(
                plan_id=plan.id,
                giver_id=id_of(request),
                months=asked["months"],
                recipient_email=asked["recipient_email"],
                message=asked["message"],
                context=context_of(request, asked),
                now=clock.now(fresh=True),
            )
            return Done(subject=f"gift:{gift.id}")

        first_answer = paid_for(Gift, GiftDocument)
        return self._once(request, GiftRequest, do, first_answer=first_answer, location="/api/v1/gifts/{}/")


class GiftDetail(Mine):
    """One of the gifts that you gave, and where it is."""

    serializer_class = GiftDocument
    model = Gift


class ClaimGift(RoomsView):
    """Take a gift: its months begin now, or after those of another gift."""

    @extend_schema(request=ClaimRequest, responses={200: ClaimedDocument, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """A second time changes nothing. 409 gift-not-claimable, own-plan or already-subscribed say what to do."""
        asked = ClaimRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        taken = claim(token=asked.validated_data["token"], user_id=id_of(request), now=clock.now(fresh=True))
        found: QuerySet[Gift] = Gift.objects.select_related("creator", "plan")
        return Response(ClaimedDocument(found.get(id=taken.id)).data)
