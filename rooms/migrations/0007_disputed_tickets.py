"""Two more states of tickets; a disputed one keeps its seat.

Made beside running traffic: unique indexes are built concurrently under another name and take the old one's place, and
checks are added without looking at old rows, which are looked at afterwards.
"""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import Q

ACTIVE = ("held", "ending", "valid", "disputed")
STATES = ["held", "ending", "valid", "released", "late", "returned", "disputed", "chargeback"]
UNIQUE = {"ticket_one_active_per_seat": ("seat",), "ticket_one_active_per_buyer_and_room": ("room", "buyer")}


def _unique(name: str, fields: tuple[str, ...]) -> Operation:
    columns = ", ".join(f"{field}_id" for field in fields)
    states = ", ".join(f"'{state}'" for state in ACTIVE)
    return migrations.SeparateDatabaseAndState(
        state_operations=[
            migrations.RemoveConstraint(model_name="ticket", name=name),
            migrations.AddConstraint(
                model_name="ticket",
                constraint=models.UniqueConstraint(fields=list(fields), condition=Q(state__in=ACTIVE), name=name),
            ),
        ],
        database_operations=[
            migrations.RunSQL(statement, migrations.RunSQL.noop)
            for statement in (
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}_new",
                f"CREATE UNIQUE INDEX CONCURRENTLY {name}_new ON rooms_ticket ({columns}) WHERE state IN ({states})",
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                f"ALTER INDEX {name}_new RENAME TO {name}",
            )
        ],
    )


def _check(name: str, condition: Q) -> list[Operation]:
    return [
        migrations.RemoveConstraint(model_name="ticket", name=name),
        AddConstraintNotValid(model_name="ticket", constraint=models.CheckConstraint(condition=condition, name=name)),
        ValidateConstraint(model_name="ticket", name=name),
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payouts", "0009_disputes"), ("rooms", "0006_purchase_records")]

    operations = [
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
                ],
                default="held",
                max_length=10,
            ),
        ),
        *(_unique(name, fields) for name, fields in UNIQUE.items()),
        *_check("ticket_state_known", Q(state__in=STATES)),
        *_check(
            "ticket_paid_has_time",
            ~Q(state__in=("valid", "late", "returned", "disputed", "chargeback")) | Q(paid_at__isnull=False),
        ),
    ]
