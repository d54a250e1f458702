"""Accounts, and the state of each."""

from django.db import models


class AccountType(models.TextChoices):
    """The five kinds of account; assets and expenses grow by debits, the others by credits."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    REVENUE = "revenue"
    EXPENSE = "expense"


class Account(models.Model):
    """One account for one owner, purpose and currency. A row never changes."""

    id = models.BigAutoField(primary_key=True)
    code = models.TextField()
    currency = models.CharField(max_length=3)
    type = models.TextField(choices=AccountType.choices)
    hot = models.BooleanField(
        help_text="Takes no lock when posted to; its entries are folded into a balance afterwards."
    )
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["code", "currency"]
        constraints = [models.UniqueConstraint(fields=["code", "currency"], name="ledger_account_code_currency_key")]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class Balance(models.Model):
    """The state of an account: its balance or, for a hot account, what is folded so far (see `ledger.queries`)."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, primary_key=True, related_name="balance")
    balance_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField()
    version = models.BigIntegerField()
    floor_minor = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField()

    def __str__(self) -> str:
        return f"{self.account_id}: {self.balance_minor}"
