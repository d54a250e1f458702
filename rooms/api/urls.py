"""Addresses of the API."""

from django.urls import path, re_path

from rooms.api import docs, rooms, stage, tickets

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
    path("v1/tickets/", tickets.TicketList.as_view(), name="api-tickets"),
    path("v1/tickets/<uuid:ticket_id>/", tickets.TicketDetail.as_view(), name="api-ticket"),
]
