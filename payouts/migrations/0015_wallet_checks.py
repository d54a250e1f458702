from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0014_wallets")]

    operations = [
        ValidateConstraint(model_name="sale", name="sale_fills_a_wallet_from_its_price"),
        ValidateConstraint(model_name="sale", name="sale_wallet_loses_at_most_what_it_filled"),
    ]
