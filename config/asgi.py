"""The ASGI application: `uvicorn config.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_asgi_application()

from payouts.webhooks.front import Front  # noqa: E402 (needs the settings, which are loaded by now)

application = Front(django)  # type: ignore[arg-type]  # Django's types want a dict where ASGI gives any mapping
