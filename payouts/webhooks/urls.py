"""Addresses that Stripe calls back."""

from django.urls import path

from payouts.webhooks import views

urlpatterns = [
    path("", views.snapshot, name="stripe_webhook"),
    path("connect/", views.connect, name="stripe_webhook_connect"),
    path("v2/", views.thin, name="stripe_webhook_v2"),
]
