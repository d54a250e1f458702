"""`/api/v1/cards/`: the caller's saved cards."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from payouts.cards import operations as cards
from payouts.cards.queries import cards_of
from payouts.errors import CustomerUnavailableError, UnknownCardError
from rooms.api.base import RoomsView
from rooms.api.gift_documents import CardDocument, SetupDocument
from rooms.api.purchases import id_of
from rooms.errors import CardNotFoundError, CardPageUnavailableError
from rooms.purchases.card_setup import card_setup_url
from rooms.studio.access import user_of

NOT_FOUND = {(409, "application/problem+json"): OpenApiTypes.OBJECT}


class CardList(RoomsView):
    """Your saved cards."""

    @extend_schema(responses=CardDocument(many=True))
    def get(self, request: Request) -> Response:
        """The one that one tap charges comes first."""
        return Response(CardDocument(cards_of(user_id=id_of(request)), many=True).data)


class CardSetup(RoomsView):
    """Save a card."""

    @extend_schema(
        request=None, responses={201: SetupDocument, (503, "application/problem+json"): OpenApiTypes.OBJECT}
    )
    def post(self, request: Request) -> Response:
        """201 with the address of Stripe's page, which saves a card and charges nothing. 503 while Stripe is away."""
        try:
            url = card_setup_url(user=user_of(request), now=clock.now(fresh=True))
        except CustomerUnavailableError as error:
            raise CardPageUnavailableError(reason=error.reason) from error
        return Response(SetupDocument({"url": url}).data, status=201)


class CardDetail(RoomsView):
    """One of your saved cards."""

    @extend_schema(responses={204: None, **NOT_FOUND})
    def delete(self, request: Request, card: str) -> Response:
        """204: it is taken away, here at once and at Stripe soon."""
        try:
            cards.remove_card(user_id=id_of(request), payment_method_id=card, now=clock.now(fresh=True))
        except UnknownCardError as error:
            raise CardNotFoundError from error
        return Response(status=204)
