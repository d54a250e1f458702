"""`/api/v1/tickets/`: the caller's tickets; and buying one."""

import hashlib
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, pagination
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from rooms import queries
from rooms.api.base import RoomsView
from rooms.api.serializers import PurchaseSerializer, TicketSerializer
from rooms.errors import KeyMissingError
from rooms.models import IdempotentRequest, Room, Ticket
from rooms.purchases.context import PurchaseContext, whereabouts_of
from rooms.tickets import checkout
from rooms.tickets.idempotency import KEY_MAX, buy_ticket_once

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="Chosen by you, one for each purchase that you mean. Within 24 hours it gives the same answer again.",
)  # fmt: skip


class Newest(pagination.CursorPagination):
    """Newest first."""

    ordering = ("-held_at", "id")
    page_size = 50


class TicketList(RoomsView, generics.ListAPIView[Ticket]):
    """Your tickets, newest first."""

    serializer_class = TicketSerializer
    pagination_class = Newest
    filter_backends = []

    def get_queryset(self) -> QuerySet[Ticket]:
        """One query."""
        return queries.tickets_of(user_id=_id(self.request))


class TicketDetail(RoomsView, generics.RetrieveAPIView[Ticket]):
    """One of your tickets."""

    serializer_class = TicketSerializer
    lookup_url_kwarg = "ticket_id"
    filter_backends = []

    def get_queryset(self) -> QuerySet[Ticket]:
        """Somebody else's ticket is not there."""
        return queries.tickets_of(user_id=_id(self.request))


class Buy(RoomsView):
    """Hold a seat and get the address of the card page."""

    @extend_schema(
        request=PurchaseSerializer,
        parameters=[KEY_HEADER],
        responses={
            201: TicketSerializer,
            200: TicketSerializer,
            (409, "application/problem+json"): OpenApiTypes.OBJECT,
            (422, "application/problem+json"): OpenApiTypes.OBJECT,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """201 with the held ticket; 200 when you already have one for this room.

        409 sold-out, sales-closed, own-room or payee-not-ready: nothing is held or charged, and the key stays free.
        422 when the key came with another request before.
        """
        room = get_object_or_404(Room, slug=slug)
        body = request.body  # before it is parsed, which reads the stream
        accepted = PurchaseSerializer(data=request.data)
        accepted.is_valid(raise_exception=True)
        done, replayed = buy_ticket_once(
            user_id=_id(request),
            room_id=room.id,
            key=_key(request),
            context=PurchaseContext(
                whereabouts=whereabouts_of(request), refund_policy=accepted.validated_data["refund_policy"]
            ),
            request_sha256=hashlib.sha256(f"{request.path}\n".encode() + body).hexdigest(),
            now=clock.now(fresh=True),
            real_now=clock.real_now(),
        )
        document = done.response or self._first_answer(done)
        headers = {"Location": f"/api/v1/tickets/{done.ticket_id}/"}
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(document, status=done.status, headers=headers)

    def _first_answer(self, done: IdempotentRequest) -> object:
        """Open the card page, and keep what was answered for replays."""
        checkout.open_now(done.ticket)
        ticket = queries.tickets_of(user_id=done.user_id).get(id=done.ticket_id)
        document = TicketSerializer(ticket).data
        IdempotentRequest.objects.filter(id=done.id, response__isnull=True).update(response=document)
        return document


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(key) <= KEY_MAX:
        raise KeyMissingError(longest=KEY_MAX)
    return key


def _id(request: Request) -> UUID:
    return UUID(str(request.user.pk))
