"""Tips, donations and Stars by API: each purchase once for its key, and what became of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from payouts.errors import UnknownCardError
from payouts.wallets.queries import wallet_of
from rooms import queries
from rooms.api.base import RoomsView
from rooms.api.gift_documents import (
    DonationDocument,
    DonationRequest,
    PackDocument,
    PackRequest,
    RoomTipRequest,
    StarTipDocument,
    StarTipRequest,
    TipDocument,
    TipRequest,
    WalletDocument,
)
from rooms.api.purchases import KEY_HEADER, PROBLEMS, answer_once, context_of, hash_of, id_of, key_of
from rooms.donations.operations import give_donation
from rooms.errors import CardNotFoundError
from rooms.idempotency import Done, once
from rooms.models import Creator, Donation, Purchase, Room, StarOrder, StarTip, Tip
from rooms.purchases import checkout
from rooms.stars.operations import buy_pack, give_stars
from rooms.stars.packs import packs
from rooms.tips import targets
from rooms.tips.operations import give_tip
from rooms.tips.targets import Target


class OnceView(RoomsView):
    """A purchase by POST: the request is read, then done once for its key."""

    def _once(
        self,
        request: Request,
        reads: type[serializers.Serializer[Any]],
        do: Callable[[dict[str, Any]], Done],
        *,
        first_answer: Callable[[UUID], Any],
        location: str,
    ) -> Response:
        asked = hash_of(request)  # before the body is parsed, which reads the stream
        body = reads(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            done = once(
                user_id=id_of(request),
                key=key_of(request),
                request_sha256=asked,
                do=lambda: do(body.validated_data),
                real_now=clock.real_now(),
            )
        except UnknownCardError as error:
            raise CardNotFoundError from error
        return answer_once(done, first_answer=first_answer, location=location)


def paid_for(model: type[Purchase], document: type[serializers.Serializer[Any]]) -> Callable[[UUID], Any]:
    """A first answer: charge the saved card or open the card page, then tell where the purchase is."""

    def answer(purchase_id: UUID) -> Any:
        purchase = model.objects.select_related("sale").get(id=purchase_id)
        purchase.sale = checkout.go_on(purchase.sale)
        return document(model.objects.select_related("sale").get(id=purchase_id)).data

    return answer


class _Tip(OnceView):
    def _give(self, request: Request, target: Target, reads: type[serializers.Serializer[Any]]) -> Response:
        def give(asked: dict[str, Any]) -> Done:
            tip = give_tip(
                target=target,
                payer_id=id_of(request),
                amount_minor=asked["amount_minor"],
                currency=asked.get("currency") or target.currency or "",
                message=asked["message"],
                public_name=asked["public_name"],
                payment_method_id=asked["card"],
                context=context_of(request, asked),
                now=clock.now(fresh=True),
            )
            return Done(subject=f"tip:{tip.id}")

        return self._once(request, reads, give, first_answer=paid_for(Tip, TipDocument), location="/api/v1/tips/{}/")


class RoomTip(_Tip):
    """Tip those on stage, as the room's split says."""

    @extend_schema(request=RoomTipRequest, parameters=[KEY_HEADER], responses={201: TipDocument, **PROBLEMS})
    def post(self, request: Request, slug: str) -> Response:
        """201 with the tip: paid already with a saved card, else with the address of the card page.

        409 tips-off, tips-closed, own-tip or card-not-found: nothing is charged, and the key stays free.
        """
        room = get_object_or_404(queries.with_people(), slug=slug)
        return self._give(request, targets.of_room(room), RoomTipRequest)


class CreatorTip(_Tip):
    """Tip a creator."""

    @extend_schema(request=TipRequest, parameters=[KEY_HEADER], responses={201: TipDocument, **PROBLEMS})
    def post(self, request: Request, handle: str) -> Response:
        """As in a room, in a currency of your choice."""
        creator = get_object_or_404(Creator.objects.select_related("payee"), handle=handle.lower())
        return self._give(request, targets.of_creator(creator), TipRequest)


class Mine(RoomsView, generics.RetrieveAPIView[Any]):
    """One purchase of the caller's."""

    lookup_url_kwarg = "purchase_id"
    filter_backends = []
    model: type[Purchase]

    def get_queryset(self) -> QuerySet[Any]:
        """Somebody else's is not there."""
        if getattr(self, "swagger_fake_view", False):
            return self.model.objects.none()
        return self.model.objects.select_related("sale").filter(buyer_id=id_of(self.request))


class TipDetail(Mine):
    """One of your tips, and where it is."""

    serializer_class = TipDocument
    model = Tip


class DonationDetail(Mine):
    """One of your donations, and where it is."""

    serializer_class = DonationDocument
    model = Donation


class PackDetail(Mine):
    """One of your packs of Stars, and where it is."""

    serializer_class = PackDocument
    model = StarOrder


class RoomDonation(OnceView):
    """Donate to the charity of a room."""

    @extend_schema(request=DonationRequest, parameters=[KEY_HEADER], responses={201: DonationDocument, **PROBLEMS})
    def post(self, request: Request, slug: str) -> Response:
        """201 with the donation. 409 donations-closed or card-not-found: nothing is charged."""
        room = get_object_or_404(Room, slug=slug)

        def give(asked: dict[str, Any]) -> Done:
            donation = give_donation(
                room_id=room.id,
                donor_id=id_of(request),
                amount_minor=asked["amount_minor"],
                covers_processing=asked["covers_processing"],
                message=asked["message"],
                public_name=asked["public_name"],
                payment_method_id=asked["card"],
                context=context_of(request, asked),
                now=clock.now(fresh=True),
            )
            return Done(subject=f"donation:{donation.id}")

        first_answer = paid_for(Donation, DonationDocument)
        return self._once(request, DonationRequest, give, first_answer=first_answer, location="/api/v1/donations/{}/")


class Wallet(RoomsView):
    """Your Stars."""

    @extend_schema(responses=WalletDocument)
    def get(self, request: Request) -> Response:
        """How many there are, and the packs on sale."""
        view = wallet_of(user_id=id_of(request), lines=20)
        return Response(WalletDocument({"wallet": view, "packs": packs()}).data)


class BuyPack(OnceView):
    """Buy a pack of Stars."""

    @extend_schema(request=PackRequest, parameters=[KEY_HEADER], responses={201: PackDocument, **PROBLEMS})
    def post(self, request: Request) -> Response:
        """201 with the order. The Stars are in the wallet seconds after the payment."""

        def buy(asked: dict[str, Any]) -> Done:
            order = buy_pack(
                buyer_id=id_of(request),
                stars=asked["stars"],
                payment_method_id=asked["card"],
                context=context_of(request, asked),
                now=clock.now(fresh=True),
            )
            return Done(subject=f"stars:{order.id}")

        first_answer = paid_for(StarOrder, PackDocument)
        return self._once(request, PackRequest, buy, first_answer=first_answer, location="/api/v1/stars/packs/{}/")


class _StarTip(OnceView):
    def _give(self, request: Request, target: Target) -> Response:
        def give(asked: dict[str, Any]) -> Done:
            tip = give_stars(
                target=target,
                payer_id=id_of(request),
                stars=asked["stars"],
                message=asked["message"],
                public_name=asked["public_name"],
                now=clock.now(fresh=True),
            )
            return Done(subject=f"star-tip:{tip.id}")

        def told(tip_id: UUID) -> Any:
            return StarTipDocument(StarTip.objects.select_related("spend__wallet").get(id=tip_id)).data

        return self._once(request, StarTipRequest, give, first_answer=told, location="/api/v1/stars/")


class RoomStarTip(_StarTip):
    """Give Stars to those on stage."""

    @extend_schema(request=StarTipRequest, parameters=[KEY_HEADER], responses={201: StarTipDocument, **PROBLEMS})
    def post(self, request: Request, slug: str) -> Response:
        """201: they are given. 409 not-enough-stars (with the pack that helps), stars-frozen, tips-off and so on."""
        return self._give(request, targets.of_room(get_object_or_404(queries.with_people(), slug=slug)))


class CreatorStarTip(_StarTip):
    """Give Stars to a creator."""

    @extend_schema(request=StarTipRequest, parameters=[KEY_HEADER], responses={201: StarTipDocument, **PROBLEMS})
    def post(self, request: Request, handle: str) -> Response:
        """As in a room."""
        creator = get_object_or_404(Creator.objects.select_related("payee"), handle=handle.lower())
        return self._give(request, targets.of_creator(creator))
