"""Wallets of Stars: what was bought in packs, and what of which pack pays for what (E8).

A Star is a hundredth of a dollar, and each has a number: packs are ranges of numbers in the order in which they were
bought, spending takes the next ones. So which pack's money funds a tip is arithmetic (the oldest first), and a tip
changes one row of the wallet, however many packs there are. The ledger holds the same balance, with a floor of 0.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payouts.models.payee import Payee
from payouts.models.sale import Sale

CURRENCY = "USD"
"""Stars are kept in this currency, one minor unit each."""


class Wallet(models.Model):
    """One person's Stars: all that have numbers up to `bought`, of which those up to `spent` are spent.

    While a pack's payment is disputed the wallet is frozen: nothing is spent from it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="wallet"
    )
    bought = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    is_frozen = models.BooleanField(default=False)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(spent__gte=0, spent__lte=F("bought")), name="wallet_spends_what_it_has"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.balance} Stars"

    @property
    def balance(self) -> int:
        """The Stars that are left."""
        return self.bought - self.spent


class StarLot(models.Model):
    """The Stars of one pack: those numbered `start` up to before `stop`. A pack that is taken back ends earlier."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="lots")
    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="star_lots")
    start = models.BigIntegerField()
    stop = models.BigIntegerField()
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["start", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(start__gte=0, stop__gte=F("start")), name="star_lot_runs_forward"),
        ]

    def __str__(self) -> str:
        return f"Stars {self.start} to {self.stop}"


class StarSpend(models.Model):
    """Stars given away: those numbered `start` up to before `stop`, to the payees of its shares.

    They are pending until `hold_until`, and until the money of every pack they came from is available at Stripe.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="spends")
    subject = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    start = models.BigIntegerField()
    stop = models.BigIntegerField()
    spent_at = models.DateTimeField()
    hold_until = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject"], name="star_spend_subject_unique"),
            models.UniqueConstraint(fields=["wallet", "start"], name="star_spent_once"),
            models.CheckConstraint(condition=Q(stop__gt=F("start")), name="star_spend_is_something"),
        ]
        indexes = [
            models.Index(fields=["hold_until"], condition=Q(released_at__isnull=True), name="star_spend_to_release"),
        ]

    def __str__(self) -> str:
        return f"{self.stars} Stars, {self.subject}"

    @property
    def stars(self) -> int:
        """How many."""
        return self.stop - self.start


class StarShare(models.Model):
    """A payee's part of Stars given away."""

    spend = models.ForeignKey(StarSpend, on_delete=models.CASCADE, related_name="shares")
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="star_shares")
    weight = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["spend", "payee"], name="star_share_once_per_payee"),
            models.CheckConstraint(condition=Q(weight__gte=1, amount_minor__gte=0), name="star_share_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} Stars to {self.payee_id}"


class WalletFreeze(models.Model):
    """Why a wallet is frozen: a pack whose payment is disputed. The wallet thaws when none is left."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="freezes")
    sale = models.ForeignKey(Sale, on_delete=models.PROTECT, related_name="wallet_freezes")
    frozen_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sale"], condition=Q(lifted_at__isnull=True), name="wallet_freeze_one_open_per_sale"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id} frozen for {self.sale_id}"
