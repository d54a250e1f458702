"""Seats, which are rows made with the room, and the tickets that hold or own them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from rooms.models.room import Room


class Seat(models.Model):
    """One numbered seat. `taken` changes with its ticket in one transaction.

    The column exists so that buyers who skip each other's locked rows see at once, without looking for tickets, which
    seats are free, and so that a row that was taken while they waited fails its recheck.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="seats")
    number = models.PositiveIntegerField()
    taken = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "number"], name="seat_number_unique_in_room"),
            models.CheckConstraint(condition=Q(number__gte=1), name="seat_number_positive"),
        ]
        indexes = [models.Index(fields=["room", "number"], condition=Q(taken=False), name="seat_free")]

    def __str__(self) -> str:
        return f"Seat {self.number}"


class TicketState(models.TextChoices):
    """Where a ticket is. Held, ending, valid and disputed keep the seat from others."""

    HELD = "held", "Held, waiting for payment"
    ENDING = "ending", "Hold over, Stripe is closing the checkout"
    VALID = "valid", "Paid"
    RELEASED = "released", "Released without payment"
    LATE = "late", "Paid too late, being returned"
    RETURNED = "returned", "Paid too late, returned"
    DISPUTED = "disputed", "Payment disputed"
    CHARGEBACK = "chargeback", "Payment taken back by the bank"
    REFUNDED = "refunded", "Refunded"


class EndReason(models.TextChoices):
    """Why a held seat was given up."""

    HOLD_ENDED = "hold_ended", "The hold ran out"
    CANCELLED = "cancelled", "The buyer gave it back"
    ROOM_CANCELLED = "room_ended", "The room was cancelled"


ACTIVE_STATES = (TicketState.HELD, TicketState.ENDING, TicketState.VALID, TicketState.DISPUTED)
PAID_STATES = (
    TicketState.VALID, TicketState.LATE, TicketState.RETURNED, TicketState.DISPUTED, TicketState.CHARGEBACK,
    TicketState.REFUNDED,
)  # fmt: skip


class Ticket(models.Model):
    """A buyer's claim on a seat and the sale that pays for it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="tickets")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="tickets")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tickets")
    sale = models.OneToOneField("payouts.Sale", on_delete=models.PROTECT, related_name="ticket")
    state = models.CharField(max_length=10, choices=TicketState.choices, default=TicketState.HELD)
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True)
    held_at = models.DateTimeField()
    held_until = models.DateTimeField()
    ending_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)
    checked_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seat"], condition=Q(state__in=ACTIVE_STATES), name="ticket_one_active_per_seat"
            ),
            models.UniqueConstraint(
                fields=["room", "buyer"],
                condition=Q(state__in=ACTIVE_STATES),
                name="ticket_one_active_per_buyer_and_room",
            ),
            models.CheckConstraint(condition=Q(state__in=TicketState.values), name="ticket_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=PAID_STATES) | Q(paid_at__isnull=False),
                name="ticket_paid_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=TicketState.REFUNDED) | Q(refunded_at__isnull=False),
                name="ticket_refunded_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=TicketState.RELEASED) | Q(released_at__isnull=False),
                name="ticket_released_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=TicketState.ENDING) | (Q(ending_at__isnull=False) & ~Q(end_reason="")),
                name="ticket_ending_has_time_and_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["held_until"], condition=Q(state=TicketState.HELD), name="ticket_hold_ends"),
        ]

    def __str__(self) -> str:
        return f"Ticket {self.id}"

    def get_absolute_url(self) -> str:
        """The page that always knows where this ticket is."""
        return reverse("ticket", kwargs={"ticket_id": self.id})

    @property
    def is_active(self) -> bool:
        """Whether the seat is kept from others."""
        return self.state in ACTIVE_STATES
