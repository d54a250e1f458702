"""Addresses of the API."""

from django.urls import path

from rooms.api import docs, rooms, tickets

urlpatterns = [
    path("schema/", docs.Schema.as_view(), name="api-schema"),
    path("docs/", docs.Docs.as_view(url_name="api-schema"), name="api-docs"),
    path("v1/rooms/", rooms.RoomList.as_view(), name="api-rooms"),
    path("v1/rooms/<slug:slug>/", rooms.RoomDetail.as_view(), name="api-room"),
    path("v1/rooms/<slug:slug>/tickets/", tickets.Buy.as_view(), name="api-buy"),
    path("v1/tickets/", tickets.TicketList.as_view(), name="api-tickets"),
    path("v1/tickets/<uuid:ticket_id>/", tickets.TicketDetail.as_view(), name="api-ticket"),
]
