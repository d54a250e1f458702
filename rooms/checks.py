"""What Django checks at the start of every command."""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, register

CLIENT = "livekit/livekit-client.js"


@register()
def livekit_client(**_: Any) -> list[CheckMessage]:
    """Pages need LiveKit's client, which is no Python package."""
    if settings.RELAY != "livekit" or finders.find(CLIENT):
        return []
    hint = "Run `make livekit-client` once (it needs npm), before the image is built or static files are collected."
    return [Error("RELAY is livekit, and LiveKit's client for browsers is not there.", hint=hint, id="rooms.E001")]
