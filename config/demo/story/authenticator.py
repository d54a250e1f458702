"""Fin's second factor, computed as an authenticator app would."""

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt

from config.demo.story.cast import FIN


def code_of_fin(*, now_s: float) -> tuple[str, int]:
    """The code at `now_s` (seconds since 1970) and the seconds for which it is still good (RFC 6238).

    Raises:
        Authenticator.DoesNotExist: the story has not been told in this database.
    """
    authenticator = Authenticator.objects.get(user__email=FIN.email, type=Authenticator.Type.TOTP)
    period_s = app_settings.TOTP_PERIOD
    counter = int(now_s) // period_s
    code = format_hotp_value(hotp_value(decrypt(authenticator.data["secret"]), counter))
    return code, period_s - int(now_s) % period_s
