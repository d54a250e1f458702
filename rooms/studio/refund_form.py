"""What a host types to refund a listener, and to cancel a room."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms

from payouts.models import Sale
from rooms import money
from rooms.forms import OperationForm


class RefundForm(OperationForm):
    """An amount of the sale's currency, all that is left at first; the key makes two clicks one refund."""

    amount = forms.DecimalField(
        label="How much", min_value=Decimal(0), max_digits=14, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    note = forms.CharField(
        max_length=200,
        required=False,
        label="Why (optional)",
        help_text="For your records; the listener does not see it.",
    )  # fmt: skip
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, sale: Sale, left_minor: int, **more: Any) -> None:
        """Start from all that is left."""
        more["initial"] = {"amount": money.from_minor(left_minor, sale.currency).amount, "key": str(uuid4())}
        super().__init__(*args, **more)
        self.sale = sale
        self.fields["amount"].help_text = f"In {sale.currency}. Parts are fine; whatever is left can follow later."

    def clean(self) -> dict[str, Any]:
        """Add `amount_minor`."""
        data = super().clean() or {}
        if "amount" in data:
            data["amount_minor"] = self.minor_of("amount", data["amount"], self.sale.currency)
        return data


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
