"""What people tell us when they sign up."""

from django import forms
from django.http import HttpRequest

from rooms.models import User


class SignupForm(forms.Form):
    """allauth's sign-up form, plus the name that others see."""

    display_name = forms.CharField(
        max_length=80, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ["display_name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth with the new user, who is not saved again after this."""
        user.display_name = self.cleaned_data["display_name"].strip()
        user.save(update_fields=["display_name"])
