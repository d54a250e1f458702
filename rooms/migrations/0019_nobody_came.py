"""What relays tell of rooms themselves, and rooms that were cancelled because nobody came to speak."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WATCH_IN_ORDER = (
    models.Q(first_at__isnull=True, last_at__isnull=True) | models.Q(last_at__gte=models.F("first_at"))
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("rooms", "0018_kept_months")]

    operations = [
        migrations.CreateModel(
            name="RoomWatch",
            fields=[
                (
                    "room",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="watch",
                        serialize=False,
                        to="rooms.room",
                    ),
                ),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("longest_gap_s", models.FloatField(default=0)),
                ("spoke_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=WATCH_IN_ORDER, name="room_watch_in_order"),
                    models.CheckConstraint(
                        condition=models.Q(longest_gap_s__gte=0), name="room_watch_gap_not_negative"
                    ),
                ]
            },
        ),
        migrations.AddField(
            model_name="roomcancellation",
            name="because",
            field=models.CharField(
                choices=[("host", "The host called it off"), ("no_show", "Nobody came to speak")],
                db_default="host",
                default="host",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="roomcancellation",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="roomcancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(because__in=["host", "no_show"]), name="cancellation_because_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="roomcancellation",
            constraint=models.CheckConstraint(
                condition=models.Q(asked_by__isnull=False) | models.Q(because="no_show"),
                name="cancellation_asked_by_somebody_unless_no_show",
            ),
        ),
    ]
