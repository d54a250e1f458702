"""`/api/v1/rooms/<slug>/stage/`: who is on stage, and everything that people do about it."""

from collections.abc import Callable
from typing import Any, ClassVar, Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, UserRateThrottle

from config import clock
from rooms.access import decide
from rooms.api.base import RoomsView
from rooms.live.errors import MayNotHearError
from rooms.models import Room, User, WhoMaySpeak
from rooms.stage import cohosts, guests, moderation, operations, reactions, roles
from rooms.stage.queries import stage_of

PROBLEM: Final = {(status, "application/problem+json"): OpenApiTypes.OBJECT for status in (400, 403, 404, 409)}


class PersonSerializer(serializers.Serializer[Any]):
    """Somebody by name."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=["host", "cohost", "speaker", "listener"])
    since = serializers.DateTimeField(allow_null=True)


class OnStageSerializer(PersonSerializer):
    """Somebody on stage; `sources` are the contributing sources (RFC 3550) of their packets."""

    sources = serializers.ListField(child=serializers.IntegerField())
    is_here = serializers.BooleanField()
    is_muted = serializers.BooleanField()


class YouSerializer(serializers.Serializer[Any]):
    """The caller."""

    id = serializers.UUIDField()
    role = serializers.CharField()
    place = serializers.CharField()
    may_speak = serializers.BooleanField()
    may_take_stage = serializers.BooleanField()
    is_muted = serializers.BooleanField()
    may_unmute = serializers.BooleanField()


class GuestSerializer(serializers.Serializer[Any]):
    """Somebody whom the host lets in."""

    id = serializers.IntegerField(read_only=True)
    email = serializers.CharField()


class ForHostsSerializer(serializers.Serializer[Any]):
    """What hosts alone see."""

    hands = PersonSerializer(many=True)
    invited = PersonSerializer(many=True)
    listeners = PersonSerializer(many=True)
    removed = PersonSerializer(many=True)
    guests = GuestSerializer(many=True)


class StageSerializer(serializers.Serializer[Any]):
    """The stage as the caller sees it."""

    is_over = serializers.BooleanField()
    who_may_speak = serializers.ChoiceField(choices=WhoMaySpeak.choices)
    speakers_may_unmute = serializers.BooleanField()
    people = OnStageSerializer(many=True)
    audience = serializers.IntegerField()
    you = YouSerializer()
    for_hosts = ForHostsSerializer(allow_null=True)


class StageThrottle(UserRateThrottle):
    """Pages read the stage whenever something changes."""

    scope = "stage"


class ReactionThrottle(UserRateThrottle):
    """Applause, not a machine gun."""

    scope = "reactions"


class StageView(RoomsView):
    """Every answer is the stage after what was asked."""

    throttle_classes: ClassVar[list[type[BaseThrottle]]] = [StageThrottle]  # type: ignore[misc]

    def answer(self, request: Request, slug: str) -> Response:
        """The stage, read anew."""
        room = get_object_or_404(Room.objects.select_related("creator"), slug=slug)
        user = _user(request)
        now = clock.now()
        access = decide(room=room, user=user, now=now)
        if not access.may_hear:
            raise MayNotHearError(reason=access.reason)
        stage = stage_of(room=room, access=access, user=user, now=now)
        return Response(StageSerializer(stage).data, headers={"Cache-Control": "no-store"})

    def done(self, request: Request, slug: str, act: Callable[..., object], **arguments: Any) -> Response:
        """Do it, then answer."""
        act(room_id=_room_id(slug), now=clock.now(), **arguments)
        return self.answer(request, slug)


class StageDetail(StageView):
    """The stage, and the rules of who speaks."""

    @extend_schema(responses={200: StageSerializer, **PROBLEM})
    def get(self, request: Request, slug: str) -> Response:
        """The stage as you see it; 403 when you may not hear the room."""
        return self.answer(request, slug)

    class Rules(serializers.Serializer[Any]):
        """What hosts may change."""

        who_may_speak = serializers.ChoiceField(choices=WhoMaySpeak.choices, required=False)
        speakers_may_unmute = serializers.BooleanField(required=False)

    @extend_schema(request=Rules, responses={200: StageSerializer, **PROBLEM})
    def patch(self, request: Request, slug: str) -> Response:
        """Hosts change who may speak, and whether speakers may take a mute back."""
        given = _valid(self.Rules, request)
        return self.done(request, slug, moderation.set_rules, by_id=_user(request).id, **given)


class Deed(StageView):
    """What a person does for themselves."""

    DEEDS: ClassVar[dict[str, Callable[..., object]]] = {
        "raise-hand": operations.raise_hand,
        "lower-hand": operations.lower_hand,
        "take-stage": operations.take_stage,
        "decline": operations.decline,
        "step-down": operations.step_down,
        "unmute": moderation.unmute_oneself,
    }

    @extend_schema(request=None, responses={200: StageSerializer, **PROBLEM})
    def post(self, request: Request, slug: str, deed: str) -> Response:
        """Raise or lower your hand, take the stage or decline it, step down, take a mute back."""
        return self.done(request, slug, self.DEEDS[deed], user_id=_user(request).id)


class Moderation(StageView):
    """What hosts do about a person."""

    DEEDS: ClassVar[dict[str, Callable[..., object]]] = {
        "invite": operations.invite,
        "dismiss": operations.dismiss,
        "demote": operations.demote,
        "mute": moderation.mute,
        "unmute": moderation.unmute,
        "remove": moderation.remove,
        "readmit": moderation.readmit,
        "end-cohosting": cohosts.end_cohosting,
    }

    @extend_schema(request=None, responses={200: StageSerializer, **PROBLEM})
    def post(self, request: Request, slug: str, person_id: UUID, deed: str) -> Response:
        """Bring up, put a hand down, take off the stage, mute, unmute, remove, let back in, end a co-host's role."""
        return self.done(request, slug, self.DEEDS[deed], by_id=_user(request).id, user_id=person_id)


class End(StageView):
    """The end."""

    @extend_schema(request=None, responses={200: StageSerializer, **PROBLEM})
    def post(self, request: Request, slug: str) -> Response:
        """The host ends the room for everybody."""
        return self.done(request, slug, moderation.end_room, by_id=_user(request).id)


class Guests(StageView):
    """The host's guests."""

    @extend_schema(request=GuestSerializer, responses={200: StageSerializer, **PROBLEM})
    def post(self, request: Request, slug: str) -> Response:
        """Invite somebody by e-mail address; they need no ticket."""
        email = _valid(GuestSerializer, request)["email"]
        return self.done(request, slug, guests.invite_guest, by_id=_user(request).id, email=email)


class GuestDetail(StageView):
    """One guest."""

    @extend_schema(responses={200: StageSerializer, **PROBLEM})
    def delete(self, request: Request, slug: str, guest_id: int) -> Response:
        """Take the invitation back."""
        return self.done(request, slug, guests.withdraw_guest, by_id=_user(request).id, guest_id=guest_id)


class Reactions(RoomsView):
    """Emoji."""

    throttle_classes: ClassVar[list[type[BaseThrottle]]] = [ReactionThrottle]  # type: ignore[misc]

    class Reaction(serializers.Serializer[Any]):
        """One of those there are."""

        emoji = serializers.ChoiceField(choices=[emoji for emoji, _ in reactions.EMOJI])

    @extend_schema(request=Reaction, responses={204: None, **PROBLEM})
    def post(self, request: Request, slug: str) -> Response:
        """Show an emoji on the room's open pages."""
        room = get_object_or_404(Room.objects.select_related("creator"), slug=slug)
        roles.listener(room, _user(request).id, now=clock.now())
        reactions.react(room_id=room.id, emoji=_valid(self.Reaction, request)["emoji"])
        return Response(status=204)


def _valid(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _room_id(slug: str) -> UUID:
    return get_object_or_404(Room.objects.only("id"), slug=slug).id


def _user(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (the settings let nobody else through)
    return request.user
