"""From where somebody buys or enters, as their request says it."""

from dataclasses import dataclass
from ipaddress import ip_address

from django.http import HttpRequest
from rest_framework.request import Request

USER_AGENT_MAX = 400
POLICY_FIELD = "refund_policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Address and browser; `ip` is None where the server does not know it."""

    ip: str | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseContext:
    """The same, with the version of the refund policy that the buyer was shown and accepted; empty if none."""

    whereabouts: Whereabouts = Whereabouts()
    refund_policy: str = ""


def whereabouts_of(request: HttpRequest | Request) -> Whereabouts:
    """The address is the peer's; the web server takes it from proxies that it trusts (`FORWARDED_ALLOW_IPS`)."""
    return Whereabouts(
        ip=_address(request.META.get("REMOTE_ADDR", "")),
        user_agent=_printable(request.headers.get("User-Agent", ""))[:USER_AGENT_MAX],
    )


def purchase_context(request: HttpRequest) -> PurchaseContext:
    """What a buy form sends: the policy's version is a hidden field beside the text (`{% refund_policy %}`)."""
    return PurchaseContext(
        whereabouts=whereabouts_of(request), refund_policy=request.POST.get(POLICY_FIELD, "")[:USER_AGENT_MAX]
    )


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
