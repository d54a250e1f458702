"""`/api/v1/rooms/`: what is coming up, and one room with its quote."""

import django_filters
from django.db.models import QuerySet
from rest_framework import generics, pagination
from rest_framework.permissions import AllowAny

from config import clock
from rooms import queries
from rooms.api.base import RoomsView
from rooms.api.serializers import RoomDetailSerializer, RoomSerializer
from rooms.models import Room


class RoomFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Narrow the list."""

    host = django_filters.CharFilter(field_name="creator__handle", label="The host's handle")
    starts_before = django_filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="lt")
    starts_after = django_filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="gt")


class ByStart(pagination.CursorPagination):
    """Pages that stay in step while rooms are added."""

    ordering = ("starts_at", "id")
    page_size = 50


class RoomList(RoomsView, generics.ListAPIView[Room]):
    """Rooms that are live or coming up, soonest first."""

    permission_classes = [AllowAny]
    serializer_class = RoomSerializer
    pagination_class = ByStart
    filterset_class = RoomFilter

    def get_queryset(self) -> QuerySet[Room]:
        """Two queries: rooms with host and seats left, and all their co-hosts."""
        return queries.rooms_coming_up(now=clock.now())


class RoomDetail(RoomsView, generics.RetrieveAPIView[Room]):
    """A room, and who gets what of its price."""

    permission_classes = [AllowAny]
    serializer_class = RoomDetailSerializer
    lookup_field = "slug"
    filter_backends = []

    def get_queryset(self) -> QuerySet[Room]:
        """Past and cancelled rooms too, since links to them stay."""
        return queries.with_seats_left(queries.with_people())
