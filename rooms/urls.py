"""Addresses of the site."""

from django.urls import include, path

from rooms.events.views import events
from rooms.live import views as live
from rooms.pages import home, room, tickets

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("creators/<slug:handle>/", home.creator, name="creator"),
    path("rooms/<slug:slug>/", room.room, name="room"),
    path("rooms/<slug:slug>/buy/", room.buy, name="buy"),
    path("rooms/<slug:slug>/live/grant/", live.grant, name="live-grant"),
    path("tickets/", tickets.mine, name="tickets"),
    path("tickets/<uuid:ticket_id>/", tickets.ticket, name="ticket"),
    path("tickets/<uuid:ticket_id>/state/", tickets.state, name="ticket-state"),
    path("tickets/<uuid:ticket_id>/cancel/", tickets.cancel, name="ticket-cancel"),
    path("tickets/<uuid:ticket_id>/receipt/", tickets.receipt, name="ticket-receipt"),
    path("events/", events, name="events"),
    path("api/", include("rooms.api.urls")),
    path("studio/", include("rooms.studio.urls")),
]
