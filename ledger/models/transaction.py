"""Transactions and their entries."""

from django.db import models

from ledger.models.account import Account


class Transaction(models.Model):
    """One balanced transaction, under its business key. A row never changes."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField()
    kind = models.TextField()
    subject = models.TextField(help_text="The business object it is about, such as a sale or a payout and its id.")
    actor = models.TextField()
    description = models.TextField()
    metadata = models.JSONField()
    effective_at = models.DateTimeField(help_text="When it happened.")
    posted_at = models.DateTimeField(help_text="When the ledger wrote it down.")
    legs = models.PositiveSmallIntegerField()
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One leg of a transaction: an amount on an account, debit positive. A row never changes."""

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries", db_index=False)
    position = models.PositiveSmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_index=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    memo = models.TextField(blank=True)
    effective_at = models.DateTimeField()
    balance_minor = models.BigIntegerField(null=True, blank=True, help_text="The account's balance after this entry.")
    version = models.BigIntegerField(null=True, blank=True, help_text="The account's count of entries at this one.")

    class Meta:
        ordering = ["transaction_id", "position"]
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(fields=["transaction", "position"], name="ledger_entry_transaction_position_key")
        ]
        indexes = [models.Index(fields=["account", "effective_at", "id"], name="ledger_entry_account_eff_idx")]

    def __str__(self) -> str:
        return f"{self.transaction_id}/{self.position}: {self.amount_minor} {self.currency}"
