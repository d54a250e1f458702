"""A late payment that a bank took back whole is returned without a refund.

Made beside running traffic: the check is added without looking at old rows, which are looked at afterwards.
"""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payouts", "0022_refund_beyond_its_sale")]

    operations = [
        migrations.RemoveConstraint("sale", "sale_returned_by_a_refund"),
        AddConstraintNotValid(
            "sale",
            models.CheckConstraint(
                condition=models.Q(("returned_at__isnull", True), ("state", "returned"), _connector="OR"),
                name="sale_not_returned_has_no_time",
            ),
        ),
        ValidateConstraint("sale", "sale_not_returned_has_no_time"),
    ]
