"""Every address of Obole, by app."""

from django.contrib import admin
from django.urls import include, path

from config import health
from rooms.live import livekit

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("webhooks/livekit/", livekit.webhook, name="livekit-webhook"),
    path("webhooks/stripe/", include("payouts.webhooks.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("rooms.urls")),
]

handler400 = "rooms.pages.errors.bad_request"
handler403 = "rooms.pages.errors.forbidden"
handler404 = "rooms.pages.errors.not_found"
handler500 = "rooms.pages.errors.server_error"
