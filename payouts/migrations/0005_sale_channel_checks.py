from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_sale_channel")]

    operations = [
        ValidateConstraint(model_name="sale", name="sale_channel_known"),
        ValidateConstraint(model_name="sale", name="sale_by_checkout_says_when_its_session_ends"),
        ValidateConstraint(model_name="sale", name="sale_session_only_by_checkout"),
        ValidateConstraint(model_name="sale", name="sale_by_card_names_the_card"),
        ValidateConstraint(model_name="sale", name="sale_paid_by_card_has_its_intent"),
        ValidateConstraint(model_name="sale", name="sale_by_invoice_and_no_other_names_it"),
    ]
