"""What somebody who tips types in."""

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings

from payouts.models import SavedCard
from payouts.models.wallet import CURRENCY
from rooms import currencies
from rooms.currencies import money_text
from rooms.forms import OperationForm
from rooms.limits import unit_minor
from rooms.models.oneoff import MESSAGE_MAX
from rooms.tips.targets import PRESETS, Target

CARD_PAGE = "card-page"
STARS = "stars"


class TipForm(OperationForm):
    """An amount, what to say with it, whose name stands there, and how it is paid.

    `key` is made with the form, so that two taps of its button are one tip.
    """

    key = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.DecimalField(
        max_digits=12, min_value=0, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in settings.CURRENCIES])
    message = forms.CharField(
        max_length=MESSAGE_MAX,
        required=False,
        label="Say something with it (optional)",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    show_name = forms.BooleanField(required=False, initial=True, label="Show my name with it")
    pay_by = forms.CharField(required=False, initial=CARD_PAGE, label="How you pay")

    def __init__(self, data: Any = None, *, target: Target, cards: list[SavedCard], stars: int, **more: Any) -> None:
        asked: dict[str, Any] = more.pop("initial", {})
        currency = target.currency or asked.get("currency") or settings.DEFAULT_CURRENCY
        initial = {"key": uuid4(), "currency": currency, "amount": _typed(PRESETS[1] * unit_minor(currency), currency)}
        if cards:
            initial["pay_by"] = cards[0].payment_method_id
        super().__init__(data, initial=initial | asked | {"currency": currency}, **more)
        self.target = target
        self.cards = cards
        self.stars = stars
        if target.currency:
            self.fields["currency"] = forms.ChoiceField(
                choices=[(currency, currency)], widget=forms.HiddenInput, initial=currency
            )

    @property
    def presets(self) -> list[tuple[str, str]]:
        """Amounts to choose from: as typed, and as shown."""
        currency = self["currency"].value() or settings.DEFAULT_CURRENCY
        return [
            (_typed(amount * unit_minor(currency), currency), money_text(amount * unit_minor(currency), currency))
            for amount in PRESETS
        ]

    def clean_pay_by(self) -> str:
        """The saved card's id, Stars, or nothing for the card page."""
        chosen: str = self.cleaned_data["pay_by"]
        if chosen in {"", CARD_PAGE}:
            return ""
        if chosen == STARS:
            if self.cleaned_data.get("currency") != CURRENCY:
                raise forms.ValidationError(f"Stars are worth cents of a dollar: choose {CURRENCY}, or pay by card.")
            return STARS
        if chosen not in {card.payment_method_id for card in self.cards}:
            raise forms.ValidationError("This card is no longer saved; choose another way to pay.")
        return chosen

    def clean(self) -> dict[str, Any]:
        """Add `amount_minor`."""
        data = super().clean() or {}
        if {"amount", "currency"} <= data.keys():
            data["amount_minor"] = self.minor_of("amount", data["amount"], data["currency"])
        return data


def _typed(amount_minor: int, currency: str) -> str:
    """An amount as a person would type it: whole where it is whole."""
    text = currencies.decimal_text(amount_minor, currency)
    whole, _, part = text.partition(".")
    return whole if not part.strip("0") else text
