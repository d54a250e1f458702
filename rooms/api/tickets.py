"""`/api/v1/tickets/`: the caller's tickets; and buying one."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, pagination
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from rooms import queries
from rooms.api.base import RoomsView
from rooms.api.purchases import KEY_HEADER, PROBLEMS, answer_once, context_of, hash_of, id_of, key_of
from rooms.api.serializers import PurchaseSerializer, TicketSerializer
from rooms.models import Room, Ticket
from rooms.tickets import checkout
from rooms.tickets.idempotency import buy_ticket_once


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
        return queries.tickets_of(user_id=id_of(self.request))


class TicketDetail(RoomsView, generics.RetrieveAPIView[Ticket]):
    """One of your tickets."""

    serializer_class = TicketSerializer
    lookup_url_kwarg = "ticket_id"
    filter_backends = []

    def get_queryset(self) -> QuerySet[Ticket]:
        """Somebody else's ticket is not there."""
        return queries.tickets_of(user_id=id_of(self.request))


class Buy(RoomsView):
    """Hold a seat and get the address of the card page."""

    @extend_schema(
        request=PurchaseSerializer,
        parameters=[KEY_HEADER],
        responses={
            201: TicketSerializer,
            200: TicketSerializer,
            **PROBLEMS,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """201 with the held ticket; 200 when you already have one for this room.

        409 sold-out, sales-closed, own-room or payee-not-ready: nothing is held or charged, and the key stays free.
        422 when the key came with another request before.
        """
        room = get_object_or_404(Room, slug=slug)
        asked = hash_of(request)  # before the body is parsed, which reads the stream
        accepted = PurchaseSerializer(data=request.data)
        accepted.is_valid(raise_exception=True)
        done = buy_ticket_once(
            user_id=id_of(request),
            room_id=room.id,
            key=key_of(request),
            context=context_of(request, accepted.validated_data),
            request_sha256=asked,
            now=clock.now(fresh=True),
            real_now=clock.real_now(),
        )
        return answer_once(done, first_answer=_first_answer, location="/api/v1/tickets/{}/")


def _first_answer(ticket_id: UUID) -> Any:
    """Open the card page."""
    checkout.open_now(Ticket.objects.select_related("sale").get(id=ticket_id))
    ticket = Ticket.objects.select_related("room__creator", "seat", "sale").get(id=ticket_id)
    return TicketSerializer(ticket).data
