"""A failed refund that is posted after its sale gave back all else is more than is left of it.

Made beside running traffic: the check is added without looking at old rows, which are looked at afterwards.
"""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payouts", "0021_refund_status")]

    operations = [
        migrations.AddField("refund", "beyond_minor", models.BigIntegerField(db_default=0, default=0)),
        AddConstraintNotValid(
            "refund",
            models.CheckConstraint(
                condition=models.Q(
                    ("beyond_minor", 0),
                    models.Q(
                        ("beyond_minor__gt", 0), ("beyond_minor__lte", models.F("amount_minor")), ("state", "failed")
                    ),
                    _connector="OR",
                ),
                name="refund_beyond_its_sale_failed",
            ),
        ),
        ValidateConstraint("refund", "refund_beyond_its_sale_failed"),
    ]
