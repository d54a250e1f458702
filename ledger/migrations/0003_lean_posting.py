"""ledger_post with a quarter less work, and references checked where every entry is looked at anyway. SQL alone."""

from django.db import migrations

from ledger import sql

FILES = ["0003_a_post.sql", "0003_b_guards.sql"]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_engine")]

    operations = [migrations.RunSQL(sql.read(name)) for name in FILES]
