"""The rest of the engine: folding, account changes, closed periods, holds, reversals, seals. SQL alone."""

from django.db import migrations

from ledger import sql

FILES = [
    "0002_a_fold.sql",
    "0002_b_accounts.sql",
    "0002_c_holds.sql",
    "0002_d_reversals.sql",
    "0002_e_seals.sql",
    "0002_f_recorded.sql",
    "0002_g_fee_basis.sql",
]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables")]

    operations = [migrations.RunSQL(sql.read(name)) for name in FILES]
