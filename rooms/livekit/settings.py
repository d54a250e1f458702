"""What the settings of LiveKit have to be, for the engine's process and for the site. Pure, and loads nothing."""

from typing import Final

MIN_SECRET_BYTES: Final = 32


def complaint(*, url: str, key: str, secret: str) -> str | None:
    """What is wrong with the settings, naming the variable and the remedy; None when nothing is."""
    if not url.startswith(("wss://", "ws://")):
        return "LIVEKIT_URL: give LiveKit's address as browsers reach it, beginning with wss://"
    if not key:
        return "LIVEKIT_API_KEY: give the API key that LiveKit's configuration names"
    if len(secret.encode()) < MIN_SECRET_BYTES:
        return f"LIVEKIT_API_SECRET: give the secret of that key, {MIN_SECRET_BYTES} bytes or more"
    return None
