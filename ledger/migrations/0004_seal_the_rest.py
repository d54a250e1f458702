"""Seal folds and fee sales too, and sign the time of a signature. SQL alone."""

from django.db import migrations

from ledger import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_lean_posting")]

    operations = [migrations.RunSQL(sql.read("0004_a_seals.sql"))]
