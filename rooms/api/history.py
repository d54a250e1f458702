"""`/api/v1/purchases/`: everything that the caller paid for."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework import generics, pagination, serializers

from config import clock
from payouts.models import Sale
from rooms.api.base import RoomsView
from rooms.api.purchases import id_of
from rooms.purchases.history import KINDS, Bought, Standing, bought_by, line_of


class BoughtDocument(serializers.Serializer[Any]):
    """One purchase. `back_minor` of `charge_minor` went back, or is on its way; `page` and `receipt` are addresses."""

    sale_id = serializers.UUIDField()
    product = serializers.ChoiceField(choices=list(KINDS))
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=[str(each) for each in Standing], source="standing")
    charge_minor = serializers.IntegerField()
    back_minor = serializers.IntegerField()
    currency = serializers.CharField()
    opened_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    page = serializers.SerializerMethodField()
    receipt = serializers.SerializerMethodField()

    def to_representation(self, instance: Sale) -> Any:
        """A sale as its buyer sees it."""
        return super().to_representation(line_of(instance, now=clock.now()))

    def get_page(self, bought: Bought) -> str | None:
        """The page that follows it."""
        return settings.PUBLIC_URL + bought.page if bought.page else None

    def get_receipt(self, bought: Bought) -> str | None:
        """Null until it is paid."""
        return settings.PUBLIC_URL + bought.receipt if bought.receipt else None


class Newest(pagination.CursorPagination):
    """Newest first."""

    ordering = ("-opened_at", "id")
    page_size = 50


class PurchaseList(RoomsView, generics.ListAPIView[Sale]):
    """Your purchases of every kind, newest first; those that ended unpaid are left out."""

    serializer_class = BoughtDocument
    pagination_class = Newest
    filter_backends = []

    def get_queryset(self) -> QuerySet[Sale]:
        """Three queries."""
        return bought_by(user_id=id_of(self.request))
