"""What a host types to refund a listener, and to cancel a room."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms

from payouts.gateway.amounts import step_minor
from payouts.models import Sale
from rooms import money
from rooms.currencies import decimal_text, exponent_of, money_text
from rooms.forms import OperationForm

NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
SUMMARY_MAX = 20


class RefundForm(OperationForm):
    """An amount of the sale's currency, all that is left at first; the key makes two clicks one refund.

    What is wrong with the amount is said with the remedy, and in the same words while it is typed and when it is sent.
    """

    amount = forms.CharField(label="How much", widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    note = forms.CharField(
        max_length=200,
        required=False,
        label="Why (optional)",
        help_text="For your records; the listener does not see it.",
    )  # fmt: skip
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sale: Sale, left_minor: int, **more: Any) -> None:
        """Start from all that is left."""
        more["initial"] = {"amount": decimal_text(left_minor, sale.currency), "key": str(uuid4())}
        super().__init__(*args, **more)
        self.sale, self.left_minor = sale, left_minor
        self.fields["amount"].help_text = f"In {sale.currency}. Parts are fine; whatever is left can follow later."
        self.fields["amount"].error_messages["required"] = f"Type how much goes back, {self._at_most()}."

    def clean_amount(self) -> str:
        """The amount as it was typed, which `amount_minor` has in minor units."""
        typed: str = self.cleaned_data["amount"]
        if not NUMBER.fullmatch(typed):
            shown = typed if len(typed) <= SUMMARY_MAX else f"{typed[:SUMMARY_MAX]}…"
            raise forms.ValidationError(f"“{shown}” is no amount. Write digits and a point alone, {self._such_as()}.")
        amount_minor = self._minor(Decimal(typed))
        if amount_minor <= 0:
            raise forms.ValidationError(f"Refund an amount above zero, {self._at_most()}.")
        if amount_minor > self.left_minor:
            asked = money_text(amount_minor, self.sale.currency)
            raise forms.ValidationError(f"{asked} is more than is left of this payment. Refund {self._at_most()}.")
        self.cleaned_data["amount_minor"] = amount_minor
        return typed

    def _minor(self, amount: Decimal) -> int:
        """In minor units, if the currency has as many decimals, and Stripe moves it in such steps."""
        currency = self.sale.currency
        try:
            amount_minor = money.to_minor(amount, currency)
        except ValueError as error:
            digits = exponent_of(currency)
            most = f"at most {digits} digits" if digits else "no digits"
            raise forms.ValidationError(
                f"{currency} has {most} after the point. Write it {self._such_as()}."
            ) from error
        step = step_minor(currency)
        if amount_minor % step:
            steps = decimal_text(step, currency)
            nearest = decimal_text(amount_minor - amount_minor % step, currency)
            raise forms.ValidationError(f"{currency} goes back in steps of {steps}. Write it such as {nearest}.")
        return amount_minor

    def _such_as(self) -> str:
        return f"such as {decimal_text(self.left_minor, self.sale.currency)}"

    def _at_most(self) -> str:
        return f"at most {money_text(self.left_minor, self.sale.currency)}"


class CancelRoomForm(forms.Form):
    """Calling a room off takes a word of confirmation, since it cannot be undone."""

    reason = forms.CharField(
        max_length=300,
        required=False,
        label="What happened (optional)",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For your records.",
    )
    sure = forms.BooleanField(
        label="Cancel this room and refund everybody",
        error_messages={"required": "Tick this to confirm: a cancelled room cannot be opened again."},
    )
