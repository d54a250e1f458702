"""What creators type in. Rules live in the operations; forms turn text into values, and name what cannot be turned."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings

from rooms.forms import OperationForm
from rooms.models import Creator
from rooms.models.room import CAPACITY_MAX
from rooms.scheduling.limits import COHOSTS_MAX, TITLE_MAX
from rooms.scheduling.operations import CoHostSpec
from rooms.studio import countries

DURATIONS = [
    (30, "30 minutes"),
    (45, "45 minutes"),
    (60, "1 hour"),
    (90, "1½ hours"),
    (120, "2 hours"),
    (180, "3 hours"),
]


class CreatorForm(OperationForm):
    """Becoming a creator."""

    display_name = forms.CharField(max_length=80, label="Name that listeners see")
    handle = forms.CharField(
        max_length=31,
        help_text="Part of your address: 3 to 30 small letters, digits and underscores.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    bio = forms.CharField(
        max_length=600, required=False, label="About you (optional)", widget=forms.Textarea(attrs={"rows": 3})
    )


class CountryForm(forms.Form):
    """Where a payee lives and has a bank account."""

    country = forms.ChoiceField(
        choices=countries.choices, initial="US", help_text="Where you live and have your bank account."
    )


def _timezones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


class RoomForm(OperationForm):
    """A room to schedule. Times are typed in the host's own zone and stored in UTC."""

    title = forms.CharField(max_length=TITLE_MAX)
    description = forms.CharField(
        max_length=4000,
        required=False,
        label="What it is about (optional)",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    starts_at = forms.DateTimeField(
        label="Starts", widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
    )
    timezone = forms.ChoiceField(choices=_timezones, initial="UTC", label="Time zone")
    duration_minutes = forms.TypedChoiceField(choices=DURATIONS, coerce=int, initial=60, label="Lasts")
    capacity = forms.IntegerField(min_value=1, max_value=CAPACITY_MAX, initial=100, label="Seats")
    price = forms.DecimalField(
        max_digits=12, initial="10.00", label="Price of a seat", widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    currency = forms.ChoiceField(
        choices=[(code, code) for code in settings.CURRENCIES], initial=settings.DEFAULT_CURRENCY
    )
    ways_in = forms.ChoiceField(
        choices=[
            ("tickets", "Ticket holders"),
            ("both", "Ticket holders and my subscribers"),
            ("subscribers", "My subscribers only"),
        ],
        initial="tickets",
        required=False,
        label="Who comes in",
    )
    cohosts = forms.CharField(
        required=False,
        label="Co-hosts (optional)",
        help_text="Handles, with commas between them. Each gets a part as large as yours, once they have accepted.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "placeholder": "grace, linus"}),
    )

    def clean_starts_at(self) -> datetime:
        """The wall time as typed; the zone is applied when all fields are known."""
        moment: datetime = self.cleaned_data["starts_at"]
        return moment.replace(tzinfo=None)

    def clean_cohosts(self) -> list[Creator]:
        """The creators named, in that order."""
        text: str = self.cleaned_data["cohosts"]
        handles = [handle.strip().lower().removeprefix("@") for handle in text.split(",") if handle.strip()]
        if len(handles) > COHOSTS_MAX:
            raise forms.ValidationError(f"A room has at most {COHOSTS_MAX} co-hosts; take some away.")
        found = {creator.handle: creator for creator in Creator.objects.filter(handle__in=handles)}
        unknown = [handle for handle in handles if handle not in found]
        if unknown:
            raise forms.ValidationError(f"No creator here has the handle @{unknown[0]}; check how it is written.")
        return [found[handle] for handle in handles]

    def clean(self) -> dict[str, Any]:
        """Add `price_minor`, `ends_at` and `cohost_specs`, and give `starts_at` its zone."""
        data = super().clean() or {}
        if {"price", "currency"} <= data.keys():
            data["price_minor"] = self.minor_of("price", data["price"], data["currency"])
        if {"starts_at", "timezone", "duration_minutes"} <= data.keys():
            data["starts_at"] = data["starts_at"].replace(tzinfo=ZoneInfo(data["timezone"]))
            data["ends_at"] = data["starts_at"] + timedelta(minutes=data["duration_minutes"])
        ways_in = data.get("ways_in") or "tickets"
        data["sells_tickets"] = ways_in != "subscribers"
        data["open_to_subscribers"] = ways_in != "tickets"
        data["cohost_specs"] = [CoHostSpec(creator_id=creator.id) for creator in data.get("cohosts", [])]
        return data
