"""What somebody who donates types in."""

from typing import Any

from django import forms

from rooms.tips.forms import TipForm


class DonationForm(TipForm):
    """As a tip's form, with the choice to pay the processing on top."""

    covers_processing = forms.BooleanField(
        required=False,
        initial=True,
        label="Pay the card processing on top",
        help_text="Else Obole pays it. Either way the charity gets all that you give.",
    )

    def clean(self) -> dict[str, Any]:
        """An unchecked box of a bound form means that Obole pays."""
        data = super().clean()
        data["covers_processing"] = bool(data.get("covers_processing"))
        return data
