"""`/api/v1/rooms/{slug}/cancellation/`: a host calls a room off, and sees how far its refunds are."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from rooms.api.base import RoomsView
from rooms.api.purchases import id_of
from rooms.models import CancelledBecause, Room, RoomCancellation
from rooms.refunds.cancelling import cancel_room
from rooms.refunds.errors import NotCancelledError, NotYourRoomError
from rooms.refunds.progress import Progress, progress_of


class CancelRoomSerializer(serializers.Serializer[Any]):
    """What happened, for the host's records."""

    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=300)


class ProgressSerializer(serializers.Serializer[Progress]):
    """Buyers by how far their refunds are; `buyers` is their sum, `holds` are seats that are not paid for."""

    buyers = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Nothing was asked for yet.")
    asked = serializers.IntegerField(help_text="Asked for at Stripe.")
    refunded = serializers.IntegerField()
    disputed = serializers.IntegerField(help_text="The bank holds the money; refunded once it has decided.")
    stuck = serializers.IntegerField(help_text="Did not go through; Obole's finance team sees to it.")
    holds = serializers.IntegerField()
    percent = serializers.IntegerField()
    is_over = serializers.BooleanField(help_text="Whether nothing is left to be done by itself.")


class CancellationSerializer(serializers.ModelSerializer[RoomCancellation]):
    """A cancelled room. `asked_by_host` is false where the room cancelled itself, or finance did."""

    room = serializers.SlugRelatedField[Room](slug_field="slug", read_only=True)
    cancelled_because = serializers.ChoiceField(source="because", choices=CancelledBecause.choices)
    asked_by_host = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    class Meta:
        model = RoomCancellation
        fields = ["room", "cancelled_because", "reason", "asked_by_host", "started_at", "finished_at", "progress"]

    def get_asked_by_host(self, found: RoomCancellation) -> bool:
        """Whether it was the host's own decision."""
        return found.asked_by_id is not None and found.asked_by_id == found.room.creator.user_id

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, found: RoomCancellation) -> Any:
        """Read anew with each request."""
        return ProgressSerializer(progress_of(room_id=found.room_id)).data


NOT_FOUND = {(404, "application/problem+json"): OpenApiTypes.OBJECT}


class Cancellation(RoomsView):
    """The cancellation of a room that you host."""

    @extend_schema(operation_id="v1_rooms_cancellation", responses={200: CancellationSerializer, **NOT_FOUND})
    def get(self, request: Request, slug: str) -> Response:
        """How far the refunds are; 404 not-cancelled while the room is not."""
        room = _hosted(slug, id_of(request))
        found = _found(room.id)
        if found is None:
            raise NotCancelledError(room_id=room.id)
        return Response(CancellationSerializer(found).data)

    @extend_schema(
        operation_id="v1_rooms_cancel",
        request=CancelRoomSerializer,
        responses={
            201: CancellationSerializer,
            200: CancellationSerializer,
            (409, "application/problem+json"): OpenApiTypes.OBJECT,
            **NOT_FOUND,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """201: nobody comes in any more, and each buyer is refunded once, by itself. It cannot be undone.

        200 with the first cancellation when the room is cancelled already, whatever is sent. 409 room-over after its
        end, unless nobody is known to have spoken in it.
        """
        room = _hosted(slug, id_of(request))
        wanted = CancelRoomSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        now = clock.now(fresh=True)
        before = _found(room.id)
        made = before or cancel_room(
            room_id=room.id,
            user_id=id_of(request),
            reason=wanted.validated_data["reason"],
            now=now,
            real_now=clock.real_now(),
        )
        status = HTTPStatus.OK if before else HTTPStatus.CREATED
        return Response(CancellationSerializer(made).data, status=status)


def _hosted(slug: str, user_id: UUID) -> Room:
    room = Room.objects.filter(slug=slug, creator__user_id=user_id).first()
    if room is None:
        raise NotYourRoomError
    return room


def _found(room_id: UUID) -> RoomCancellation | None:
    return RoomCancellation.objects.select_related("room__creator").filter(room_id=room_id).first()
