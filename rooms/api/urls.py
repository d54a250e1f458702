"""Addresses of the API."""

from django.urls import path, re_path

from rooms.api import cards, docs, gifts, history, month_gifts, refunds, rooms, stage, subscriptions, tickets

urlpatterns = [
    path("schema/", docs.Schema.as_view(), name="api-schema"),
    path("docs/", docs.Docs.as_view(url_name="api-schema"), name="api-docs"),
    path("v1/rooms/", rooms.RoomList.as_view(), name="api-rooms"),
    path("v1/rooms/<slug:slug>/", rooms.RoomDetail.as_view(), name="api-room"),
    path("v1/rooms/<slug:slug>/tickets/", tickets.Buy.as_view(), name="api-buy"),
    path("v1/rooms/<slug:slug>/stage/", stage.StageDetail.as_view(), name="api-stage"),
    path("v1/rooms/<slug:slug>/stage/end/", stage.End.as_view(), name="api-stage-end"),
    path("v1/rooms/<slug:slug>/stage/guests/", stage.Guests.as_view(), name="api-stage-guests"),
    path("v1/rooms/<slug:slug>/stage/guests/<int:guest_id>/", stage.GuestDetail.as_view(), name="api-stage-guest"),
    path("v1/rooms/<slug:slug>/reactions/", stage.Reactions.as_view(), name="api-reactions"),
    re_path(
        rf"^v1/rooms/(?P<slug>[-\w]+)/stage/people/(?P<person_id>[0-9a-f-]{{36}})/(?P<deed>{'|'.join(stage.Moderation.DEEDS)})/$",
        stage.Moderation.as_view(),
        name="api-stage-person",
    ),
    re_path(
        rf"^v1/rooms/(?P<slug>[-\w]+)/stage/(?P<deed>{'|'.join(stage.Deed.DEEDS)})/$",
        stage.Deed.as_view(),
        name="api-stage-deed",
    ),
    path("v1/rooms/<slug:slug>/tips/", gifts.RoomTip.as_view(), name="api-room-tip"),
    path("v1/rooms/<slug:slug>/star-tips/", gifts.RoomStarTip.as_view(), name="api-room-star-tip"),
    path("v1/rooms/<slug:slug>/donations/", gifts.RoomDonation.as_view(), name="api-room-donation"),
    path("v1/creators/<slug:handle>/tips/", gifts.CreatorTip.as_view(), name="api-creator-tip"),
    path("v1/creators/<slug:handle>/star-tips/", gifts.CreatorStarTip.as_view(), name="api-creator-star-tip"),
    path("v1/tips/<uuid:purchase_id>/", gifts.TipDetail.as_view(), name="api-tip"),
    path("v1/donations/<uuid:purchase_id>/", gifts.DonationDetail.as_view(), name="api-donation"),
    path("v1/stars/", gifts.Wallet.as_view(), name="api-wallet"),
    path("v1/stars/packs/", gifts.BuyPack.as_view(), name="api-buy-pack"),
    path("v1/stars/packs/<uuid:purchase_id>/", gifts.PackDetail.as_view(), name="api-pack"),
    path("v1/cards/", cards.CardList.as_view(), name="api-cards"),
    path("v1/cards/setup/", cards.CardSetup.as_view(), name="api-card-setup"),
    path("v1/cards/<str:card>/", cards.CardDetail.as_view(), name="api-card"),
    path("v1/creators/<slug:handle>/plans/", subscriptions.PlanList.as_view(), name="api-plans"),
    path("v1/plans/<uuid:plan_id>/", subscriptions.PlanDetail.as_view(), name="api-plan"),
    path("v1/plans/<uuid:plan_id>/subscriptions/", subscriptions.Subscribe.as_view(), name="api-subscribe"),
    path("v1/plans/<uuid:plan_id>/gifts/", month_gifts.GiveMonths.as_view(), name="api-give-months"),
    path("v1/gifts/claim/", month_gifts.ClaimGift.as_view(), name="api-claim-gift"),
    path("v1/gifts/<uuid:purchase_id>/", month_gifts.GiftDetail.as_view(), name="api-gift"),
    path("v1/subscriptions/", subscriptions.SubscriptionList.as_view(), name="api-subscriptions"),
    path(
        "v1/subscriptions/<uuid:subscription_id>/",
        subscriptions.SubscriptionDetail.as_view(),
        name="api-subscription",
    ),
    path("v1/subscriptions/<uuid:subscription_id>/cancel/", subscriptions.Cancel.as_view(), name="api-cancel"),
    path("v1/subscriptions/<uuid:subscription_id>/resume/", subscriptions.Resume.as_view(), name="api-resume"),
    path("v1/subscriptions/<uuid:subscription_id>/change/", subscriptions.Change.as_view(), name="api-change"),
    path(
        "v1/subscriptions/<uuid:subscription_id>/change/preview/",
        subscriptions.PreviewChange.as_view(),
        name="api-change-preview",
    ),
    path("v1/subscriptions/<uuid:subscription_id>/portal/", subscriptions.Portal.as_view(), name="api-portal"),
    path(
        "v1/subscriptions/<uuid:subscription_id>/invoices/", subscriptions.InvoiceList.as_view(), name="api-invoices"
    ),
    path(
        "v1/subscriptions/<uuid:subscription_id>/invoices/<uuid:invoice_id>/receipt/",
        subscriptions.InvoiceReceipt.as_view(),
        name="api-invoice-receipt",
    ),
    path("v1/sales/<uuid:sale_id>/refunds/", refunds.Refunds.as_view(), name="api-refunds"),
    path("v1/purchases/", history.PurchaseList.as_view(), name="api-purchases"),
    path("v1/tickets/", tickets.TicketList.as_view(), name="api-tickets"),
    path("v1/tickets/<uuid:ticket_id>/", tickets.TicketDetail.as_view(), name="api-ticket"),
]
