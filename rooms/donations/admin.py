"""Charities in the finance admin: taken on there, and led through Stripe's onboarding from there."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from config import clock
from payouts.errors import OnboardingUnavailableError
from payouts.models import TransfersState
from payouts.payees.operations import onboarding_url
from rooms.donations.operations import open_charity
from rooms.errors import InvalidFieldsError
from rooms.models import Charity
from rooms.studio import countries


class NewCharityForm(forms.ModelForm):  # type: ignore[type-arg]  # its stub is generic, the class is not
    """What finance knows of a charity; Stripe asks the rest."""

    email = forms.EmailField(help_text="Who goes through Stripe's onboarding for the charity.")
    country = forms.ChoiceField(choices=countries.choices, initial="US")

    class Meta:
        model = Charity
        fields = ("name", "about", "registration", "email", "country")


@admin.register(Charity)
class CharityAdmin(ModelAdmin):  # type: ignore[misc]  # django-unfold is untyped
    """Charities by name. None is deleted, since donations refer to it: take it off the list instead."""

    when_empty = "Charities that hosts may choose for their rooms appear here."
    list_display = ("name", "registration", "state_shown", "is_active", "created_at")
    list_filter = ("is_active",)
    list_select_related = ("payee",)
    search_fields = ("name", "registration")
    fields = ("name", "about", "registration", "is_active", "payee", "state_shown", "created_at")
    readonly_fields = ("payee", "state_shown", "created_at")
    actions_detail = ("onboard",)

    def get_form(self, request: HttpRequest, obj: Charity | None = None, change: bool = False, **more: Any) -> Any:  # noqa: FBT001, FBT002 (the framework's signature)
        """A new one needs what its payee needs."""
        return super().get_form(request, obj, change, **more) if obj else NewCharityForm

    def get_fields(self, request: HttpRequest, obj: Charity | None = None) -> Any:
        """As above."""
        return self.fields if obj else NewCharityForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Charity | None = None) -> Any:
        """As above."""
        return self.readonly_fields if obj else ()

    def save_model(self, request: HttpRequest, obj: Charity, form: Any, change: bool) -> None:  # noqa: FBT001 (the framework's signature)
        """A new charity is an operation; of a present one only words and its place on the list change."""
        if change:
            obj.save(update_fields=["name", "about", "registration", "is_active"])
            return
        data = form.cleaned_data
        try:
            made = open_charity(now=clock.now(), **data)
        except InvalidFieldsError as refusal:  # the name was taken since the form was checked
            self.message_user(request, str(refusal), messages.ERROR)
            return
        obj.pk, obj.payee, obj.created_at = made.pk, made.payee, made.created_at

    def has_delete_permission(self, request: HttpRequest, obj: Charity | None = None) -> bool:
        """Never."""
        return False

    @display(  # type: ignore[untyped-decorator]
        description="Can be paid",
        label={TransfersState.ACTIVE.label: "success", TransfersState.RESTRICTED.label: "danger"},
    )
    def state_shown(self, charity: Charity) -> str:
        """What Stripe says."""
        return str(TransfersState(charity.payee.transfers_state).label)

    def has_onboard_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Who may change charities."""
        return bool(request.user.has_perm("rooms.change_charity"))

    @action(description="Open Stripe's onboarding", permissions=["onboard"])  # type: ignore[untyped-decorator]
    def onboard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To Stripe's form for the charity; the link works once, for minutes."""
        charity = Charity.objects.get(pk=object_id)
        page = reverse("admin:rooms_charity_change", args=[object_id])
        back = settings.PUBLIC_URL + page
        try:
            url = onboarding_url(payee_id=charity.payee_id, return_url=back, refresh_url=back, now=clock.now())
        except OnboardingUnavailableError as refusal:
            self.message_user(request, refusal.reason, messages.ERROR)
            return redirect(page)
        return redirect(url)
