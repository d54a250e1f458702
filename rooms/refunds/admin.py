"""Rooms in the admin: which were cancelled and why, in which nobody may have spoken, and what finance does then."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action

from config import clock
from payouts.admin.parts import EMPTY, link
from rooms.models import CancelledBecause, Room, RoomCancellation, User
from rooms.refunds import no_show, silence
from rooms.refunds.errors import SomebodySpokeError
from rooms.refunds.progress import progress_of

REFUNDS: Final = "payouts.add_refund"


class SilenceFilter(admin.SimpleListFilter):
    """Those that a person has to see to."""

    title = "to be seen to"
    parameter_name = "silent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice beside all."""
        return [("yes", "Over, paid for, and no voice is known")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Room]) -> QuerySet[Room]:
        """Those alone."""
        due = silence.due_rooms(now=clock.now())
        return queryset.filter(id__in=due.values("id")) if self.value() == "yes" else queryset


class CancelledFilter(admin.SimpleListFilter):
    """By why they were cancelled."""

    title = "cancelled"
    parameter_name = "because"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Each reason."""
        return list(CancelledBecause.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Room]) -> QuerySet[Room]:
        """Those with the reason."""
        return queryset.filter(cancellation__because=self.value()) if self.value() else queryset


class Cancellations:
    """Mixed into the rooms' admin: how a cancellation stands, and where finance decides on a silent room."""

    def get_urls(self) -> list[URLPattern]:
        """The page's address before the admin's own."""
        view = self.admin_site.admin_view(self.nobody_came_view)  # type: ignore[attr-defined]
        return [
            path("<uuid:room_id>/nobody-came/", view, name="rooms_room_nobody_came"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    @admin.display(description="cancelled because")
    def cancelled_because(self, room: Room) -> SafeString | str:
        """Why, by whom, and how far the refunds are."""
        found = RoomCancellation.objects.select_related("asked_by").filter(room=room).first()
        if found is None:
            return EMPTY
        progress = progress_of(room_id=room.id)
        who = found.asked_by.display_name if found.asked_by else "by itself"
        return format_html(
            "{} ({}): {} of {} refunded{}{}{}",
            CancelledBecause(found.because).label,
            who,
            progress.refunded,
            progress.buyers,
            f", {progress.disputed} disputed" if progress.disputed else "",
            f", {progress.stuck} did not go through" if progress.stuck else "",
            f". {found.reason}" if found.reason else "",
        )

    @admin.display(description="voices")
    def voices(self, room: Room) -> SafeString | str:
        """What is known of a room that is over."""
        found = silence.of_room(room, now=clock.now(), real_now=clock.real_now())
        if found is None:
            return EMPTY
        if found.is_sure:
            return f"Nobody came to speak. It refunds its buyers by itself at {found.refunds_at:%-d %b %Y, %H:%M} UTC."
        return format_html(
            "No voice is known, but the relay did not look all the time. Nothing is refunded by itself: {}",
            link("rooms_room_nobody_came", "decide", room.id),
        )

    def has_nobody_came_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Staff who may refund, for a room that is over and of which no voice is known."""
        room = Room.objects.filter(id=str(object_id)).first() if object_id else None
        if room is None or not request.user.has_perm(REFUNDS):
            return False
        return silence.of_room(room, now=clock.now(), real_now=clock.real_now()) is not None

    @action(description="Nobody came", url_path="silent", permissions=["nobody_came"])  # type: ignore[untyped-decorator]
    def say_nobody_came(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that asks once more."""
        return redirect("admin:rooms_room_nobody_came", room_id=object_id)

    def nobody_came_view(self, request: HttpRequest, room_id: UUID) -> HttpResponse:
        """GET asks once more; POST cancels the room and refunds everybody."""
        user = request.user
        if not (isinstance(user, User) and user.has_perm(REFUNDS)):
            raise PermissionDenied
        room = get_object_or_404(Room.objects.select_related("creator"), id=room_id)
        page = reverse("admin:rooms_room_change", args=[room.id])
        now, real_now = clock.now(fresh=True), clock.real_now()
        if request.method == "POST":
            try:
                no_show.cancel_as_finance(room_id=room.id, user_id=user.id, now=now, real_now=real_now)
                messages.success(request, "The room is cancelled. Its buyers are being refunded.")
            except SomebodySpokeError as refusal:
                messages.error(request, str(refusal))
            return redirect(page)
        found = silence.of_room(room, now=now, real_now=real_now)
        if found is None:
            messages.error(request, str(SomebodySpokeError(room_id=room.id)))
            return redirect(page)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": Room._meta,  # noqa: SLF001 (Django's own name for it)
            "title": f"Nobody came: {room.title}",
            "room": room,
            "silence": found,
        }
        return TemplateResponse(request, "admin/rooms/room/nobody_came.html", context)
