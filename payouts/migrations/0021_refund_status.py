"""When a refund has left Stripe, and what Stripe says of one that has not."""

from django.db import migrations, models

STATES = [
    ("asked", "Being asked for at Stripe"),
    ("made", "Made at Stripe"),
    ("posted", "In the ledger"),
    ("failed", "Failed, the card did not take it"),
    ("refused", "Refused by Stripe"),
]
# Refunds to cards have left when they are made; of those before, nothing else was known.
SENT = "UPDATE payouts_refund SET sent_at = made_at, stripe_status = 'succeeded' WHERE state IN ('made', 'posted')"


class Migration(migrations.Migration):
    dependencies = [("payouts", "0020_first_looks")]

    operations = [
        migrations.AddField(
            "refund", "stripe_status", models.CharField(blank=True, max_length=20, db_default="", default="")
        ),
        migrations.AddField("refund", "sent_at", models.DateTimeField(null=True)),
        migrations.AlterField("refund", "state", models.CharField(choices=STATES, default="asked", max_length=10)),
        migrations.RunSQL(SENT, migrations.RunSQL.noop),
    ]
