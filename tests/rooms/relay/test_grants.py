"""Grants: signed, for one room, for a minute and a half."""

import datetime as dt

import jwt
import pytest

from rooms.relay import grants

KEY, OTHER_KEY = "k" * 32, "o" * 32
KEYS = {"obole": KEY}
NOW = dt.datetime(2026, 11, 21, 20, 0, tzinfo=dt.UTC)


def issue(**changes: object) -> str:
    values: dict[str, object] = {
        "key": KEY,
        "issuer": "obole",
        "identity": "seat-7",
        "room": "salon",
        "can_publish": False,
        "can_subscribe": True,
        "now": NOW,
    }
    return grants.issue(**(values | changes))  # type: ignore[arg-type]


def tampered(token: str) -> str:
    """The token with one character of its signature changed."""
    return token[:-20] + ("B" if token[-20] == "A" else "A") + token[-19:]


def verify(token: str, *, room: str = "salon", later_s: float = 0) -> grants.Grant:
    return grants.verify(token=token, keys=KEYS, room=room, now=NOW + dt.timedelta(seconds=later_s))


def test_it_says_who_may_do_what_where() -> None:
    grant = verify(issue(can_publish=True))

    assert (grant.identity, grant.room, grant.can_publish, grant.can_subscribe) == ("seat-7", "salon", True, True)
    assert grant.expires_at == int(NOW.timestamp()) + grants.GRANT_LIFE_S
    assert grant.issued_at == NOW.timestamp()
    assert grant.generation == ""


def test_its_claims_have_the_shape_that_livekit_reads() -> None:
    claims = jwt.decode(issue(), options={"verify_signature": False})

    assert set(claims) == {"iss", "sub", "iat", "nbf", "exp", "jti", "video"}
    assert claims["video"] == {"room": "salon", "roomJoin": True, "canPublish": False, "canSubscribe": True}


def test_no_two_grants_share_a_jti() -> None:
    assert verify(issue()).jti != verify(issue()).jti


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (issue(key=OTHER_KEY), grants.GrantForgedError),
        (issue(issuer="somebody"), grants.GrantForgedError),
        (issue(room="cellar"), grants.GrantRoomError),
        (issue(now=NOW - dt.timedelta(seconds=200)), grants.GrantExpiredError),
        (issue(now=NOW + dt.timedelta(seconds=30)), grants.GrantEarlyError),
        ("", grants.GrantError),
        ("a.b.c", grants.GrantError),
        ("x" * 5000, grants.GrantError),
        (jwt.encode({"iss": "obole", "sub": "x"}, KEY), grants.GrantError),
        (tampered(issue()), grants.GrantForgedError),
    ],
    # Tokens are random: without names of their own the cases would differ between test processes.
    ids=[
        "another key",
        "another issuer",
        "another room",
        "expired",
        "early",
        "empty",
        "no token",
        "too long",
        "claims missing",
        "signature changed",
    ],
)
def test_it_refuses(token: str, error: type[grants.GrantError]) -> None:
    with pytest.raises(error):
        verify(token)


def test_it_refuses_an_unsigned_grant() -> None:
    claims = jwt.decode(issue(), options={"verify_signature": False})
    with pytest.raises(grants.GrantForgedError):
        verify(jwt.encode(claims, "", algorithm="none"))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": ""},
        {"sub": 7},
        {"exp": "soon"},
        {"exp": True},
        {"video": []},
        {"video": {"room": "salon", "roomJoin": False}},
        {"jti": "j" * 201},
    ],
)
def test_it_refuses_claims_of_the_wrong_kind(changes: dict[str, object]) -> None:
    claims = jwt.decode(issue(), options={"verify_signature": False}) | changes
    with pytest.raises(grants.GrantError):
        verify(jwt.encode(claims, KEY))


def test_truthy_is_not_true() -> None:
    claims = jwt.decode(issue(), options={"verify_signature": False})
    claims["video"]["canPublish"] = "false"

    assert not verify(jwt.encode(claims, KEY)).can_publish


def test_a_resume_token_names_its_session_and_is_no_grant() -> None:
    grant = verify(issue())
    token = grants.issue_resume(key=KEY, issuer="obole", grant=grant, generation="session-1", now=NOW)

    resumed = verify(token, later_s=grants.RESUME_LIFE_S - 1)
    assert (resumed.generation, resumed.identity) == ("session-1", "seat-7")
    with pytest.raises(grants.GrantExpiredError):
        verify(token, later_s=grants.RESUME_LIFE_S + grants.LEEWAY_S)
    claims = jwt.decode(token, options={"verify_signature": False})
    del claims["gen"]
    with pytest.raises(grants.GrantForgedError):
        verify(jwt.encode(claims, grants._resume_key(KEY)))


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        issue(key="short")
