"""Sales: one purchase each, from the open checkout to the creators' money being free."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payouts.models.payee import Payee


class SaleState(models.TextChoices):
    """Where a sale is.

    open -> paid -> posted -> settled -> released is the usual life. An abandoned one goes open -> expiring -> expired,
    each confirmed by Stripe; a payment that wins that race still goes to paid. A payment for an expired sale is
    late -> parked -> returned: its money waits in `suspense` until its refund has left Stripe's balance. Should the
    refund fail, even afterwards, the sale is parked with `refund_failure`, for a person to look at.
    """

    OPEN = "open", "Waiting for payment"
    EXPIRING = "expiring", "Checkout being closed at Stripe"
    EXPIRED = "expired", "Ended without payment"
    PAID = "paid", "Paid, awaiting fee"
    POSTED = "posted", "In the ledger"
    SETTLED = "settled", "Funds available, on hold"
    RELEASED = "released", "Released to the payees"
    LATE = "late", "Paid too late, awaiting fee"
    PARKED = "parked", "Paid too late, in suspense"
    RETURNED = "returned", "Paid too late, returned"


class SaleChannel(models.TextChoices):
    """How a sale's money is collected; each is one charge at Stripe.

    A sale by saved card whose bank wants to hear from its owner goes on as one by Checkout.
    """

    CHECKOUT = "checkout", "Card page"
    CARD = "card", "Saved card"
    INVOICE = "invoice", "Invoice of Billing"


UNMATCHED_PRODUCT = "unmatched"
"""What stands for a charge that nothing asked for, while its money is in suspense."""
TOO_LATE = (SaleState.LATE, SaleState.PARKED, SaleState.RETURNED)
IN_LEDGER = (SaleState.POSTED, SaleState.SETTLED, SaleState.RELEASED, SaleState.PARKED, SaleState.RETURNED)
PAID_STATES = (SaleState.PAID, SaleState.LATE, *IN_LEDGER)
SETTLED_STATES = (SaleState.SETTLED, SaleState.RELEASED)


def _needs(states: tuple[SaleState, ...], field: str) -> models.CheckConstraint:
    """States that cannot be reached without a certain time."""
    return models.CheckConstraint(
        condition=~Q(state__in=states) | Q(**{f"{field}__isnull": False}), name=f"sale_state_needs_{field}"
    )


def _unique_unless_empty(field: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=[field], condition=~Q(**{field: ""}), name=f"sale_{field}_unique")


class Sale(models.Model):
    """One purchase, which is one incoming charge; `channel` says what brings it.

    `price_minor`, `charge_minor` and `currency` are what the buyer saw (presentment). The amounts below `basis` are in
    `settlement_currency`, taken from the balance transaction when it is known, split once and never again.
    A sale with `wallet_minor` is of Stars: so many go to the buyer's wallet, and no payee has a share; of those that
    were spent when the sale was reversed the platform bears `wallet_lost_minor`.
    `reversed_minor` (presentment) is how much of the charge has gone back in all, by refunds and lost disputes;
    `fee_returned_minor` (settlement) how much of its fee the processor gave back.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(
        max_length=10, choices=SaleChannel.choices, default=SaleChannel.CHECKOUT, db_default=SaleChannel.CHECKOUT
    )
    product = models.SlugField(max_length=40)
    subject = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="purchases")
    buyer_email = models.EmailField()
    price_minor = models.BigIntegerField()
    charge_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    policy_slug = models.SlugField(max_length=60)
    policy_version = models.PositiveIntegerField()
    tie_offset = models.PositiveIntegerField()

    basis = models.JSONField()
    settlement_currency = models.CharField(max_length=3, blank=True)
    gross_minor = models.BigIntegerField(null=True)
    processing_fee_minor = models.BigIntegerField(null=True)
    platform_fee_minor = models.BigIntegerField(null=True)
    processing_recovered_minor = models.BigIntegerField(null=True)
    reversed_minor = models.BigIntegerField(default=0, db_default=0)
    fee_returned_minor = models.BigIntegerField(default=0, db_default=0)

    state = models.CharField(max_length=10, choices=SaleState.choices, default=SaleState.OPEN)
    failure = models.CharField(max_length=500, blank=True)
    hold_until = models.DateTimeField()
    checkout_session_id = models.CharField(max_length=255, blank=True)
    checkout_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(null=True)
    payment_method_id = models.CharField(max_length=255, blank=True, db_default="")
    invoice_id = models.CharField(max_length=255, blank=True, db_default="")
    wallet_minor = models.BigIntegerField(null=True)
    wallet_lost_minor = models.BigIntegerField(default=0, db_default=0)
    decline_code = models.CharField(max_length=80, blank=True, db_default="")
    payment_intent_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    balance_transaction_id = models.CharField(max_length=255, blank=True)
    opened_at = models.DateTimeField()
    expiring_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    split_at = models.DateTimeField(null=True)
    posted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    refund_id = models.CharField(max_length=255, blank=True)
    returned_at = models.DateTimeField(null=True)
    refund_failed_at = models.DateTimeField(null=True)
    refund_failure = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject"], name="sale_subject_unique"),
            _unique_unless_empty("checkout_session_id"),
            _unique_unless_empty("payment_intent_id"),
            _unique_unless_empty("charge_id"),
            _unique_unless_empty("balance_transaction_id"),
            _unique_unless_empty("refund_id"),
            _unique_unless_empty("invoice_id"),
            models.CheckConstraint(
                condition=Q(wallet_minor__isnull=True)
                | Q(wallet_minor__gt=0, wallet_minor__lte=F("price_minor"), currency="USD", buyer__isnull=False),
                name="sale_fills_a_wallet_from_its_price",
            ),
            models.CheckConstraint(
                condition=Q(wallet_lost_minor=0)
                | Q(wallet_lost_minor__gt=0, wallet_minor__isnull=False, wallet_lost_minor__lte=F("wallet_minor")),
                name="sale_wallet_loses_at_most_what_it_filled",
            ),
            models.CheckConstraint(condition=Q(channel__in=SaleChannel.values), name="sale_channel_known"),
            models.CheckConstraint(
                condition=~Q(channel=SaleChannel.CHECKOUT) | Q(session_expires_at__isnull=False),
                name="sale_by_checkout_says_when_its_session_ends",
            ),
            models.CheckConstraint(
                condition=Q(channel=SaleChannel.CHECKOUT)
                | Q(checkout_session_id="", checkout_url="", session_expires_at__isnull=True),
                name="sale_session_only_by_checkout",
            ),
            models.CheckConstraint(
                condition=~Q(channel=SaleChannel.CARD) | ~Q(payment_method_id=""),
                name="sale_by_card_names_the_card",
            ),
            models.CheckConstraint(
                condition=~Q(channel=SaleChannel.CARD) | Q(paid_at__isnull=True) | ~Q(payment_intent_id=""),
                name="sale_paid_by_card_has_its_intent",
            ),
            models.CheckConstraint(
                condition=Q(channel=SaleChannel.INVOICE) & ~Q(invoice_id="")
                | ~Q(channel=SaleChannel.INVOICE) & Q(invoice_id=""),
                name="sale_by_invoice_and_no_other_names_it",
            ),
            models.CheckConstraint(condition=Q(state__in=SaleState.values), name="sale_state_known"),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="sale_price_positive"),
            models.CheckConstraint(condition=Q(charge_minor__gte=F("price_minor")), name="sale_charge_covers_price"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="sale_currency_wellformed"),
            _needs((SaleState.EXPIRING,), "expiring_at"),
            _needs((SaleState.EXPIRED, *TOO_LATE), "expired_at"),
            _needs(PAID_STATES, "paid_at"),
            _needs(IN_LEDGER, "posted_at"),
            _needs(SETTLED_STATES, "settled_at"),
            _needs((SaleState.RELEASED,), "released_at"),
            _needs((SaleState.RETURNED,), "returned_at"),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | Q(state=SaleState.RETURNED),
                name="sale_not_returned_has_no_time",
            ),
            models.CheckConstraint(
                condition=Q(refund_failed_at__isnull=True, refund_failure="")
                | Q(refund_failed_at__isnull=False, state=SaleState.PARKED) & ~Q(refund_failure=""),
                name="sale_parked_says_why_its_refund_failed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(SaleState.OPEN, SaleState.EXPIRING, SaleState.EXPIRED))
                | Q(paid_at__isnull=True, charge_id=""),
                name="sale_unpaid_has_no_charge",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=IN_LEDGER) | ~Q(charge_id="") & ~Q(balance_transaction_id=""),
                name="sale_in_ledger_has_charge_and_balance_transaction",
            ),
            models.CheckConstraint(
                condition=Q(split_at__isnull=True)
                | Q(
                    settlement_currency__regex=r"^[A-Z]{3}$",
                    gross_minor__isnull=False,
                    processing_fee_minor__isnull=False,
                    platform_fee_minor__isnull=False,
                    processing_recovered_minor__isnull=False,
                ),
                name="sale_split_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(SaleState.POSTED, *SETTLED_STATES)) | Q(split_at__isnull=False),
                name="sale_posted_from_its_split",
            ),
            models.CheckConstraint(
                condition=Q(reversed_minor__gte=0) & Q(reversed_minor__lte=F("charge_minor")),
                name="sale_reversed_at_most_whole",
            ),
            models.CheckConstraint(
                condition=Q(fee_returned_minor=0)
                | Q(fee_returned_minor__gt=0, fee_returned_minor__lte=F("processing_fee_minor")),
                name="sale_fee_returned_at_most_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["hold_until"], condition=Q(state=SaleState.SETTLED), name="sale_to_release"),
            models.Index(fields=["state", "-opened_at"], name="sale_by_state"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def ledger_subject(self) -> str:
        """The name under which the ledger keeps everything about this sale."""
        return f"sale:{self.id}"


class SaleShare(models.Model):
    """A payee's part in a sale; `amount_minor` (settlement currency) is empty until the fee is known.

    `given_minor` of it has gone back to buyers, `reserved_minor` is set aside for an open dispute. Where the payee
    bears the fee that is lost, more can go back than there was. `payouts.sales.positions` keeps both.
    """

    sale = models.ForeignKey(Sale, on_delete=models.CASCADE, related_name="shares")
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="shares")
    weight = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField(null=True)
    given_minor = models.BigIntegerField(default=0, db_default=0)
    reserved_minor = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["sale", "payee"], name="sale_share_once_per_payee"),
            models.UniqueConstraint(fields=["sale", "position"], name="sale_share_position_unique"),
            models.CheckConstraint(condition=Q(weight__gte=1), name="sale_share_weight_positive"),
            models.CheckConstraint(condition=Q(given_minor__gte=0), name="sale_share_given_not_negative"),
            models.CheckConstraint(condition=Q(reserved_minor__gte=0), name="sale_share_reserved_not_negative"),
            models.CheckConstraint(
                condition=Q(given_minor=0, reserved_minor=0) | Q(amount_minor__isnull=False),
                name="sale_share_moves_after_its_split",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weight} of {self.sale_id} to {self.payee_id}"


class FeeBasis(models.Model):
    """What a payee has sold so far, gross, under one tiered policy and currency (E3). Refunds do not lower it.

    Its row is locked before any balance row, so that concurrent sales are priced one after the other.
    """

    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="fee_bases")
    policy_slug = models.SlugField(max_length=60)
    currency = models.CharField(max_length=3)
    lifetime_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payee", "policy_slug", "currency"], name="fee_basis_unique"),
            models.CheckConstraint(condition=Q(lifetime_minor__gte=0), name="fee_basis_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.lifetime_minor} {self.currency} under {self.policy_slug}"
