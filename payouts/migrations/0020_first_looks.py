"""Payouts of before: those on their way are looked at when overdue, those of the last ninety days once more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0019_look_at_payouts")]

    operations = [
        migrations.RunSQL(
            """
            UPDATE payouts_payout SET check_at = coalesce(arrives_on, sent_at::date) + interval '3 days'
            WHERE state = 'sent';
            UPDATE payouts_payout SET check_at = paid_at + interval '40 days'
            WHERE state = 'paid' AND paid_at > now() - interval '90 days';
            """,
            migrations.RunSQL.noop,
        )
    ]
