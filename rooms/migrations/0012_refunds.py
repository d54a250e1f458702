"""Refunded tickets, and rooms that were cancelled.

Made beside running traffic: checks are added without looking at old rows, which are looked at afterwards.
"""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import Q

STATES = ["held", "ending", "valid", "released", "late", "returned", "disputed", "chargeback", "refunded"]
PAID = ("valid", "late", "returned", "disputed", "chargeback", "refunded")


def _check(name: str, condition: Q) -> list[Operation]:
    return [
        AddConstraintNotValid(model_name="ticket", constraint=models.CheckConstraint(condition=condition, name=name)),
        ValidateConstraint(model_name="ticket", name=name),
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("payouts", "0013_refunds"),
        ("rooms", "0011_stars"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RoomCancellation",
            fields=[
                (
                    "room",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="cancellation",
                        serialize=False,
                        to="rooms.room",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(finished_at__isnull=True), fields=["started_at"], name="cancellation_to_carry_on"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="ticket", name="refunded_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AlterField(
            model_name="ticket",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("hold_ended", "The hold ran out"),
                    ("cancelled", "The buyer gave it back"),
                    ("room_ended", "The room was cancelled"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="state",
            field=models.CharField(
                choices=[
                    ("held", "Held, waiting for payment"),
                    ("ending", "Hold over, Stripe is closing the checkout"),
                    ("valid", "Paid"),
                    ("released", "Released without payment"),
                    ("late", "Paid too late, being returned"),
                    ("returned", "Paid too late, returned"),
                    ("disputed", "Payment disputed"),
                    ("chargeback", "Payment taken back by the bank"),
                    ("refunded", "Refunded"),
                ],
                default="held",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="ticket", name="ticket_state_known"),
        *_check("ticket_state_known", Q(state__in=STATES)),
        migrations.RemoveConstraint(model_name="ticket", name="ticket_paid_has_time"),
        *_check("ticket_paid_has_time", ~Q(state__in=PAID) | Q(paid_at__isnull=False)),
        *_check("ticket_refunded_has_time", ~Q(state="refunded") | Q(refunded_at__isnull=False)),
    ]
