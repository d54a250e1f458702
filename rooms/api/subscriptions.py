"""`/api/v1/subscriptions/`: the caller's subscriptions, starting one, and what can be decided about it."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, pagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config import clock
from payouts.models import BillingState
from rooms import breakdowns
from rooms.api.base import RoomsView
from rooms.api.purchases import KEY_HEADER, PROBLEMS, answer_once, context_of, hash_of, id_of, key_of
from rooms.api.serializers import PurchaseSerializer, QuoteSerializer
from rooms.api.subscription_documents import (
    CancelSerializer,
    ChangePreviewSerializer,
    ChangeSerializer,
    InvoiceSerializer,
    PlanChoiceSerializer,
    PlanDetailSerializer,
    PlanSerializer,
    PortalSerializer,
    SubscriptionSerializer,
)
from rooms.idempotency import CREATED, OK, Done, once
from rooms.models import Plan, Subscription
from rooms.subscriptions import checkout, operations, queries
from rooms.subscriptions.plan_changes import preview_plan, take_plan

MOST_PLANS = 50
MOST_INVOICES = 100


class Newest(pagination.CursorPagination):
    """Newest first."""

    ordering = ("-opened_at", "id")
    page_size = 50


class PlanList(RoomsView, generics.ListAPIView[Plan]):
    """A creator's plans on sale, cheapest first."""

    permission_classes = [AllowAny]
    serializer_class = PlanSerializer
    pagination_class = None
    filter_backends = []
    queryset = Plan.objects.none()

    def get_queryset(self) -> QuerySet[Plan]:
        """One query."""
        return queries.plans_on_sale_of(handle=str(self.kwargs["handle"]))[:MOST_PLANS]


class PlanDetail(RoomsView, generics.RetrieveAPIView[Plan]):
    """A plan, and who gets what of a month."""

    permission_classes = [AllowAny]
    serializer_class = PlanDetailSerializer
    lookup_url_kwarg = "plan_id"
    filter_backends = []
    queryset = Plan.objects.select_related("creator__payee", "billing")


class Subscribe(RoomsView):
    """Open a subscription and get the address of the card page."""

    @extend_schema(
        request=PurchaseSerializer,
        parameters=[KEY_HEADER],
        responses={201: SubscriptionSerializer, 200: SubscriptionSerializer, **PROBLEMS},
    )
    def post(self, request: Request, plan_id: UUID) -> Response:
        """201 with the subscription to be paid; 200 when its card page is open already.

        409 plan-not-sold, own-plan or already-subscribed: nothing is charged, and the key stays free. 422 when the key
        came with another request before.
        """
        plan = get_object_or_404(Plan, id=plan_id)
        asked = hash_of(request)  # before the body is parsed, which reads the stream
        accepted = PurchaseSerializer(data=request.data)
        accepted.is_valid(raise_exception=True)
        context = context_of(request, accepted.validated_data)
        user_id, now = id_of(request), clock.now(fresh=True)

        def do() -> Done:
            had_one = Subscription.objects.filter(
                plan=plan, subscriber_id=user_id, state=BillingState.INCOMPLETE
            ).exists()
            made = operations.subscribe(plan_id=plan.id, subscriber_id=user_id, context=context, now=now)
            return Done(subject=f"subscription:{made.id}", status=OK if had_one else CREATED)

        done = once(user_id=user_id, key=key_of(request), request_sha256=asked, do=do, real_now=clock.real_now())
        return answer_once(done, first_answer=_first_answer, location="/api/v1/subscriptions/{}/")


def _first_answer(subscription_id: UUID) -> Any:
    """Open the card page."""
    made = queries.with_billing().get(id=subscription_id)
    return SubscriptionSerializer(checkout.open_now(made, now=clock.now())).data


class SubscriptionList(RoomsView, generics.ListAPIView[Subscription]):
    """Your subscriptions, newest first."""

    serializer_class = SubscriptionSerializer
    pagination_class = Newest
    filter_backends = []

    def get_queryset(self) -> QuerySet[Subscription]:
        """One query."""
        return queries.subscriptions_of(user_id=id_of(self.request))


class SubscriptionDetail(RoomsView, generics.RetrieveAPIView[Subscription]):
    """One of your subscriptions."""

    serializer_class = SubscriptionSerializer
    lookup_url_kwarg = "subscription_id"
    filter_backends = []

    def get_queryset(self) -> QuerySet[Subscription]:
        """Somebody else's subscription is not there."""
        return queries.subscriptions_of(user_id=id_of(self.request))


class Cancel(RoomsView):
    """End a subscription with the paid month, or now."""

    @extend_schema(request=CancelSerializer, responses={200: SubscriptionSerializer, **PROBLEMS})
    def post(self, request: Request, subscription_id: UUID) -> Response:
        """The subscription as it is then; a second time changes nothing. One that was not paid is given up."""
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user_id, now = id_of(request), clock.now(fresh=True)
        found = operations.own(subscription_id=subscription_id, subscriber_id=user_id)
        if found.state == BillingState.INCOMPLETE:
            ended = operations.give_up(subscription_id=found.id, subscriber_id=user_id, now=now)
        else:
            ended = operations.cancel(
                subscription_id=found.id,
                subscriber_id=user_id,
                at_period_end=asked.validated_data["at_period_end"],
                now=now,
            )
        return Response(SubscriptionSerializer(ended).data)


class Resume(RoomsView):
    """Go on with a subscription whose end was decided."""

    @extend_schema(request=None, responses={200: SubscriptionSerializer, **PROBLEMS})
    def post(self, request: Request, subscription_id: UUID) -> Response:
        """The subscription as it is then; a second time changes nothing."""
        kept = operations.resume(
            subscription_id=subscription_id, subscriber_id=id_of(request), now=clock.now(fresh=True)
        )
        return Response(SubscriptionSerializer(kept).data)


class Change(RoomsView):
    """Take another plan of the same creator's."""

    @extend_schema(request=ChangeSerializer, responses={200: SubscriptionSerializer, **PROBLEMS})
    def post(self, request: Request, subscription_id: UUID) -> Response:
        """A dearer plan charges the difference now, a cheaper one is credited on the next invoice.

        With the preview's `prorated_at` it costs what the preview said. 409 when the card is refused.
        """
        asked = ChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = take_plan(
            subscription_id=subscription_id,
            subscriber_id=id_of(request),
            plan_id=asked.validated_data["plan"],
            prorated_at=asked.validated_data["prorated_at"],
            now=clock.now(fresh=True),
        )
        return Response(SubscriptionSerializer(changed).data)


class PreviewChange(RoomsView):
    """What taking another plan would cost; nothing is changed."""

    @extend_schema(request=PlanChoiceSerializer, responses={200: ChangePreviewSerializer, **PROBLEMS})
    def post(self, request: Request, subscription_id: UUID) -> Response:
        """Good for 15 minutes, by sending its `prorated_at` with the change."""
        asked = PlanChoiceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = preview_plan(
            subscription_id=subscription_id,
            subscriber_id=id_of(request),
            plan_id=asked.validated_data["plan"],
            now=clock.now(fresh=True),
        )
        return Response(ChangePreviewSerializer(found.costs).data)


class Portal(RoomsView):
    """Where the card is changed: Stripe's customer portal."""

    @extend_schema(request=None, responses={201: PortalSerializer, **PROBLEMS})
    def post(self, request: Request, subscription_id: UUID) -> Response:
        """A link of the caller's own, good for minutes. 409 while Stripe cannot be reached."""
        url = operations.portal(subscription_id=subscription_id, subscriber_id=id_of(request))
        return Response(PortalSerializer({"url": url}).data, status=HTTPStatus.CREATED)


class InvoiceList(RoomsView):
    """What a subscription was and is charged, latest first."""

    @extend_schema(responses={200: InvoiceSerializer(many=True), **PROBLEMS})
    def get(self, request: Request, subscription_id: UUID) -> Response:
        """`pay_url` is where an open one is paid, also when the bank wants its owner to confirm."""
        found = operations.own(subscription_id=subscription_id, subscriber_id=id_of(request))
        invoices = queries.invoices_of(billing_id=found.billing_id)[:MOST_INVOICES]
        return Response(InvoiceSerializer(invoices, many=True).data)


class InvoiceReceipt(RoomsView):
    """Who got what of one payment for a subscription."""

    @extend_schema(responses={200: QuoteSerializer, **PROBLEMS})
    def get(self, request: Request, subscription_id: UUID, invoice_id: UUID) -> Response:
        """From the books; from the quote until the processor has told its fee. 404 where nothing was charged."""
        found = operations.own(subscription_id=subscription_id, subscriber_id=id_of(request))
        invoice = queries.invoice_of(billing_id=found.billing_id, invoice_id=invoice_id)
        if invoice is None or invoice.sale_id is None:
            raise Http404("There is no such receipt")
        return Response(QuoteSerializer(breakdowns.receipt_of(sale_id=invoice.sale_id)).data)
