"""Addresses of the site."""

from django.urls import include, path

from rooms.events.views import events, room_events
from rooms.live import views as live
from rooms.pages import cards, donations, home, purchases, room, stars, tickets, tips
from rooms.recordings import views as recordings

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("creators/<slug:handle>/", home.creator, name="creator"),
    path("rooms/<slug:slug>/", room.room, name="room"),
    path("rooms/<slug:slug>/buy/", room.buy, name="buy"),
    path("rooms/<slug:slug>/live/grant/", live.grant, name="live-grant"),
    path("rooms/<slug:slug>/recording/", recordings.state, name="recording-state"),
    path("rooms/<slug:slug>/recording/start/", recordings.start, name="recording-start"),
    path("rooms/<slug:slug>/recording/stop/", recordings.stop, name="recording-stop"),
    path("rooms/<slug:slug>/replay/", recordings.replay, name="replay"),
    path("rooms/<slug:slug>/replay/delete/", recordings.delete, name="replay-delete"),
    path("rooms/<slug:slug>/replay/<uuid:recording_id>.opus", recordings.sound, name="replay-sound"),
    path("rooms/<slug:slug>/live/events/", room_events, name="live-events"),
    path("tickets/", tickets.mine, name="tickets"),
    path("tickets/<uuid:ticket_id>/", tickets.ticket, name="ticket"),
    path("tickets/<uuid:ticket_id>/state/", tickets.state, name="ticket-state"),
    path("tickets/<uuid:ticket_id>/cancel/", tickets.cancel, name="ticket-cancel"),
    path("tickets/<uuid:ticket_id>/receipt/", tickets.receipt, name="ticket-receipt"),
    path("account/cards/", cards.mine, name="cards"),
    path("account/cards/add/", cards.add, name="card-add"),
    path("account/cards/<str:payment_method_id>/choose/", cards.choose, name="card-choose"),
    path("account/cards/<str:payment_method_id>/remove/", cards.remove, name="card-remove"),
    path("rooms/<slug:slug>/tip/", tips.in_room, name="tip-room"),
    path("rooms/<slug:slug>/tip/preview/", tips.preview_in_room, name="tip-room-preview"),
    path("rooms/<slug:slug>/tips/", tips.of_room, name="room-tips"),
    path("creators/<slug:handle>/tip/", tips.to_creator, name="tip-creator"),
    path("creators/<slug:handle>/tip/preview/", tips.preview_to_creator, name="tip-creator-preview"),
    path("rooms/<slug:slug>/donate/", donations.in_room, name="donation-room"),
    path("rooms/<slug:slug>/donate/preview/", donations.preview, name="donation-room-preview"),
    path("donations/<uuid:purchase_id>/", purchases.page, {"kind": "donation"}, name="donation"),
    path("donations/<uuid:purchase_id>/state/", purchases.state, {"kind": "donation"}, name="donation-state"),
    path("donations/<uuid:purchase_id>/receipt/", purchases.receipt, {"kind": "donation"}, name="donation-receipt"),
    path("stars/", stars.wallet, name="wallet"),
    path("stars/<uuid:purchase_id>/", purchases.page, {"kind": "stars"}, name="stars"),
    path("stars/<uuid:purchase_id>/state/", purchases.state, {"kind": "stars"}, name="stars-state"),
    path("stars/<uuid:purchase_id>/receipt/", purchases.receipt, {"kind": "stars"}, name="stars-receipt"),
    path("tips/<uuid:purchase_id>/", purchases.page, {"kind": "tip"}, name="tip"),
    path("tips/<uuid:purchase_id>/state/", purchases.state, {"kind": "tip"}, name="tip-state"),
    path("tips/<uuid:purchase_id>/receipt/", purchases.receipt, {"kind": "tip"}, name="tip-receipt"),
    path("events/", events, name="events"),
    path("api/", include("rooms.api.urls")),
    path("studio/", include("rooms.studio.urls")),
]
