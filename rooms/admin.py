"""Rooms, tickets, creators and people in the finance admin. Only people can be edited, and nothing about money."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from ledger.readonly import ReadOnly
from rooms import queries
from rooms.currencies import money_text
from rooms.donations.admin import CharityAdmin as CharityAdmin
from rooms.mail.admin import MailAdmin as MailAdmin
from rooms.models import CoHost, Creator, Room, Ticket, TicketState, User
from rooms.purchases.admin import DonationAdmin as DonationAdmin
from rooms.purchases.admin import StarOrderAdmin as StarOrderAdmin
from rooms.purchases.admin import StarTipAdmin as StarTipAdmin
from rooms.purchases.admin import TipAdmin as TipAdmin
from rooms.refunds.admin import Cancellations, CancelledFilter, SilenceFilter
from rooms.subscriptions.admin import GiftAdmin as GiftAdmin
from rooms.subscriptions.admin import PlanAdmin as PlanAdmin
from rooms.subscriptions.admin import SubscriptionAdmin as SubscriptionAdmin


class CoHostInline(ReadOnly, TabularInline):  # type: ignore[misc]  # django-unfold is untyped
    """Who shares in the room."""

    model = CoHost
    fields = ["position", "creator", "weight", "accepted_at"]
    extra = 0


@admin.register(Room)
class RoomAdmin(Cancellations, ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Rooms, the next ones first."""

    when_empty = "Rooms appear here when creators schedule them."
    list_display = ["title", "creator", "starts_at", "price_shown", "seats_shown", "cancelled_at"]
    list_filter = [SilenceFilter, CancelledFilter, "currency", "starts_at"]
    actions_detail = ("say_nobody_came",)
    search_fields = ["title", "slug", "creator__handle", "creator__display_name"]
    date_hierarchy = "starts_at"
    ordering = ["-starts_at"]
    fields = [
        "title", "creator", "slug", "description", "starts_at", "ends_at", "price_shown", "seats_shown", "policy_slug",
        "host_weight", "created_at", "cancelled_at", "cancelled_because", "voices",
    ]  # fmt: skip
    inlines = [CoHostInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        """With people and seats left, so that the list costs the same for any number of rooms."""
        return queries.with_seats_left(queries.with_people())

    @display(description="Price", ordering="price_minor")  # type: ignore[untyped-decorator]
    def price_shown(self, room: Room) -> str:
        """The price for people."""
        return money_text(room.price_minor, room.currency)

    @display(description="Seats left", ordering="seats_left")  # type: ignore[untyped-decorator]
    def seats_shown(self, room: Any) -> str:
        """Left and all."""
        return f"{room.seats_left:,} of {room.capacity:,}"


@admin.register(Ticket)
class TicketAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Tickets, newest first, each beside the sale that pays for it."""

    when_empty = "Tickets appear here from the moment a seat is held."
    list_display = ["short_id", "sale", "buyer_name", "state_shown", "held_at", "paid_at", "checked_in_at"]
    list_filter = ["state", "held_at"]
    list_select_related = ["buyer", "sale"]
    search_fields = ["id", "buyer__email", "buyer__display_name", "room__title"]
    ordering = ["-held_at"]

    @display(description="Ticket")  # type: ignore[untyped-decorator]
    def short_id(self, ticket: Ticket) -> str:
        """The first part of the id, which tells tickets apart in a list."""
        return format_html('<code title="{}">{}</code>', ticket.id, str(ticket.id)[:8])

    @display(description="Buyer", ordering="buyer__display_name")  # type: ignore[untyped-decorator]
    def buyer_name(self, ticket: Ticket) -> str:
        """The name that others see."""
        return ticket.buyer.display_name

    @display(  # type: ignore[untyped-decorator]
        description="State",
        ordering="state",
        label={
            TicketState.VALID.label: "success",
            TicketState.HELD.label: "info",
            TicketState.ENDING.label: "warning",
            TicketState.LATE.label: "danger",
            TicketState.RETURNED.label: "default",
            TicketState.DISPUTED.label: "warning",
            TicketState.CHARGEBACK.label: "danger",
            TicketState.REFUNDED.label: "default",
        },
    )
    def state_shown(self, ticket: Ticket) -> str:
        """The state in words."""
        return str(TicketState(ticket.state).label)


@admin.register(Creator)
class CreatorAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Creators and their payees."""

    when_empty = "People appear here when they become creators."
    list_display = ["display_name", "handle", "user", "payee", "created_at"]
    list_select_related = ["user", "payee"]
    search_fields = ["display_name", "handle", "user__email"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]  # django-unfold is untyped
    """People. Superusers may edit them; nobody deletes a person, since history refers to them."""

    when_empty = "Everybody who has an account appears here."
    form = UserChangeForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["display_name", "email", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    search_fields = ["display_name", "email"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = ()
    fieldsets = [
        (None, {"fields": ["email", "display_name", "password"]}),
        ("May", {"fields": ["is_active", "is_staff", "groups", "is_superuser"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nothing about the password for those who only look."""
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["email", "display_name"]}), *self.fieldsets[1:]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers alone."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Never; switch a person off instead."""
        return False


admin.site.unregister(Group)
