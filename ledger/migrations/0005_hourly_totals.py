"""Totals by hour for hot accounts, kept up by the fold. SQL alone."""

from django.db import migrations

from ledger import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_seal_the_rest")]

    operations = [migrations.RunSQL(sql.read("0005_a_hours.sql"))]
