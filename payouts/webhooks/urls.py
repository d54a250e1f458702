"""Addresses that Stripe calls back."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
