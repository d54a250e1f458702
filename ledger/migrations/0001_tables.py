"""The ledger: its tables in SQL, with Django's view of them as state alone."""

import django.db.models.deletion
from django.db import migrations, models

from ledger import sql

FILES = [
    "0001_a_currencies.sql",
    "0001_b_tables.sql",
    "0001_c_chart.sql",
    "0001_d_guards.sql",
    "0001_e_post.sql",
    "0001_f_grants.sql",
]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(sql.read(name)) for name in FILES],
            state_operations=[
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("code", models.TextField()),
                        ("currency", models.CharField(max_length=3)),
                        (
                            "type",
                            models.TextField(
                                choices=[
                                    ("asset", "Asset"),
                                    ("liability", "Liability"),
                                    ("equity", "Equity"),
                                    ("revenue", "Revenue"),
                                    ("expense", "Expense"),
                                ]
                            ),
                        ),
                        (
                            "hot",
                            models.BooleanField(
                                help_text="Takes no lock when posted to; its entries are folded into a balance afterwards."
                            ),
                        ),
                        ("opened_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["code", "currency"],
                    },
                ),
                migrations.CreateModel(
                    name="Entry",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("position", models.PositiveSmallIntegerField()),
                        ("amount_minor", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("memo", models.TextField(blank=True)),
                        ("effective_at", models.DateTimeField()),
                        (
                            "balance_minor",
                            models.BigIntegerField(
                                blank=True, help_text="The account's balance after this entry.", null=True
                            ),
                        ),
                        (
                            "version",
                            models.BigIntegerField(
                                blank=True, help_text="The account's count of entries at this one.", null=True
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "entries",
                        "ordering": ["transaction_id", "position"],
                    },
                ),
                migrations.CreateModel(
                    name="Transaction",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        ("key", models.TextField()),
                        ("kind", models.TextField()),
                        (
                            "subject",
                            models.TextField(
                                help_text="The business object it is about, such as a sale or a payout and its id."
                            ),
                        ),
                        ("actor", models.TextField()),
                        ("description", models.TextField()),
                        ("metadata", models.JSONField()),
                        ("effective_at", models.DateTimeField(help_text="When it happened.")),
                        ("posted_at", models.DateTimeField(help_text="When the ledger wrote it down.")),
                        ("legs", models.PositiveSmallIntegerField()),
                    ],
                    options={
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Balance",
                    fields=[
                        (
                            "account",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="balance",
                                serialize=False,
                                to="ledger.account",
                            ),
                        ),
                        ("balance_minor", models.BigIntegerField()),
                        ("held_minor", models.BigIntegerField()),
                        ("version", models.BigIntegerField()),
                        ("floor_minor", models.BigIntegerField(blank=True, null=True)),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        ("metadata", models.JSONField()),
                    ],
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.UniqueConstraint(
                        fields=("code", "currency"), name="ledger_account_code_currency_key"
                    ),
                ),
                migrations.AddField(
                    model_name="entry",
                    name="account",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="transaction",
                    name="reverses",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="ledger.transaction",
                    ),
                ),
                migrations.AddField(
                    model_name="entry",
                    name="transaction",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="ledger.transaction",
                    ),
                ),
                migrations.AddIndex(
                    model_name="entry",
                    index=models.Index(fields=["account", "effective_at", "id"], name="ledger_entry_account_eff_idx"),
                ),
                migrations.AddConstraint(
                    model_name="entry",
                    constraint=models.UniqueConstraint(
                        fields=("transaction", "position"), name="ledger_entry_transaction_position_key"
                    ),
                ),
            ],
        ),
    ]
