"""What a giver types in."""

from typing import Any
from uuid import uuid4

from django import forms

from rooms.currencies import money_text
from rooms.forms import OperationForm
from rooms.gifts.operations import MONTHS
from rooms.models import Plan
from rooms.models.oneoff import MESSAGE_MAX


class GiftForm(OperationForm):
    """How long, for whom, and what to say. `key` is made with the form, so that two taps are one gift."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    recipient_email = forms.EmailField(
        label="Their e-mail address", help_text="The link to claim the gift is sent there once you have paid."
    )
    message = forms.CharField(
        max_length=MESSAGE_MAX,
        required=False,
        label="Say something with it (optional)",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, plan: Plan, **more: Any) -> None:
        super().__init__(data, initial={"key": uuid4(), "months": MONTHS[1]}, **more)
        choices = [
            (count, f"{count} month{'s' if count > 1 else ''}, {money_text(plan.price_minor * count, plan.currency)}")
            for count in MONTHS
        ]
        self.fields["months"] = forms.TypedChoiceField(
            choices=choices, coerce=int, initial=MONTHS[1], widget=forms.RadioSelect, label="How long"
        )
        self.order_fields(["key", "months", "recipient_email", "message"])
