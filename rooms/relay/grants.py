"""Grants: who may hear or speak in which room, as short-lived signed tokens in LiveKit's shape. Pure.

Django issues them from paid access; the relay verifies them. A grant is used once and lives a minute or two. A resume
token takes its place when the relay has been started again: it is bound to the seat and to the session it came from.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

ALGORITHM = "HS256"
GRANT_LIFE_S = 90
RESUME_LIFE_S = 600
LEEWAY_S = 5
MIN_KEY_BYTES = 32
MAX_TOKEN = 4096


class GrantError(Exception):
    """A token was refused. `code` is stable, for the problem document."""

    code = "grant-malformed"
    detail = "The grant cannot be read. Ask the site for a new one."


class GrantForgedError(GrantError):
    """Its signature, algorithm or issuer is not ours."""

    code = "grant-forged"
    detail = "The grant was not issued here. Ask the site for a new one."


class GrantExpiredError(GrantError):
    """It is past `exp`."""

    code = "grant-expired"
    detail = "The grant has run out. Ask the site for a new one."


class GrantEarlyError(GrantError):
    """It is before `nbf`."""

    code = "grant-early"
    detail = "The grant is not valid yet."


class GrantRoomError(GrantError):
    """It is for another room."""

    code = "grant-room"
    detail = "The grant is for another room."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a verified token says. `identity` is the seat; times are Unix seconds; `generation` a resume's session."""

    identity: str
    room: str
    can_publish: bool
    can_subscribe: bool
    jti: str
    expires_at: int
    issued_at: float
    generation: str = ""


def issue(
    *,
    key: str,
    issuer: str,
    identity: str,
    room: str,
    can_publish: bool,
    can_subscribe: bool,
    now: datetime,
    life_s: int = GRANT_LIFE_S,
) -> str:
    """Sign a grant for one join. `now` is an aware time, `key` at least 32 bytes; raises ValueError.

    Source: LiveKit's token reference (claims `iss`, `sub`, `nbf`, `exp`, `jti`, `video`).
    """
    video = {"room": room, "roomJoin": True, "canPublish": can_publish, "canSubscribe": can_subscribe}
    return _sign(key, _claims(issuer, identity, video, now, life_s))


def issue_resume(*, key: str, issuer: str, grant: Grant, generation: str, now: datetime) -> str:
    """Sign a resume token for the session `generation` of the grant's seat; it lives 10 minutes.

    Its `iat` stays the grant's: a revocation voids what Django issued before it, however often that was resumed.
    """
    video = {
        "room": grant.room,
        "roomJoin": True,
        "canPublish": grant.can_publish,
        "canSubscribe": grant.can_subscribe,
    }
    claims = _claims(issuer, grant.identity, video, now, RESUME_LIFE_S)
    claims |= {"gen": generation, "iat": grant.issued_at}
    return _sign(_resume_key(key), claims)


def verify(*, token: str, keys: Mapping[str, str], room: str, now: datetime) -> Grant:
    """Check a grant or a resume token for a room (`keys` by issuer); raises GrantError and its kinds.

    A resume token comes back with its `generation`, a grant with an empty one.
    """
    claims = _read(token, keys)
    moment = now.timestamp()
    grant = _grant_of(claims)
    if moment >= grant.expires_at + LEEWAY_S:
        raise GrantExpiredError
    if moment < _integer(claims, "nbf") - LEEWAY_S:
        raise GrantEarlyError
    if grant.room != room:
        raise GrantRoomError
    return grant


def _claims(issuer: str, identity: str, video: dict[str, Any], now: datetime, life_s: int) -> dict[str, Any]:
    start = int(now.timestamp())
    return {
        "iss": issuer,
        "sub": identity,
        "iat": now.timestamp(),
        "nbf": start,
        "exp": start + life_s,
        "jti": secrets.token_urlsafe(16),
        "video": video,
    }


def _sign(key: str, claims: dict[str, Any]) -> str:
    if len(key.encode()) < MIN_KEY_BYTES:
        raise ValueError(f"the grant key is shorter than {MIN_KEY_BYTES} bytes")
    return jwt.encode(claims, key, ALGORITHM)


def _resume_key(key: str) -> str:
    # Another key, so that no resume token can ever pass for a grant.
    return hmac.new(key.encode(), b"relay resume", hashlib.sha256).hexdigest()


def _read(token: str, keys: Mapping[str, str]) -> dict[str, Any]:
    if len(token) > MAX_TOKEN:
        raise GrantError
    try:
        unchecked = jwt.decode(token, options={"verify_signature": False})
        key = keys.get(str(unchecked.get("iss", "")))
        if key is None:
            raise GrantForgedError
        signing_key = _resume_key(key) if "gen" in unchecked else key
        # Times are checked against the caller's clock, not PyJWT's.
        options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        return jwt.decode(token, signing_key, algorithms=[ALGORITHM], options=options)  # type: ignore[arg-type]
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError) as error:
        raise GrantForgedError from error
    except jwt.PyJWTError as error:
        raise GrantError from error


def _grant_of(claims: dict[str, Any]) -> Grant:
    video = claims.get("video")
    if not isinstance(video, dict) or video.get("roomJoin") is not True:
        raise GrantError
    return Grant(
        identity=_text(claims, "sub"),
        room=_text(video, "room"),
        can_publish=video.get("canPublish") is True,
        can_subscribe=video.get("canSubscribe") is True,
        jti=_text(claims, "jti"),
        expires_at=_integer(claims, "exp"),
        issued_at=_moment(claims),
        generation=_text(claims, "gen") if "gen" in claims else "",
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value or len(value) > 200:
        raise GrantError
    return value


def _moment(claims: Mapping[str, Any]) -> float:
    value = claims.get("iat", claims.get("nbf"))
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise GrantError
    return float(value)


def _integer(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise GrantError
    return value
