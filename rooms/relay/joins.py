"""The use cases behind the HTTP face: publish, listen, restart ICE, end, ask for the state."""

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from OpenSSL import SSL

from rooms.relay import grants
from rooms.relay.access import ENDED, Access
from rooms.relay.answer import Accepted, Place, accept_listen, accept_publish, write, write_fragment
from rooms.relay.dtls import Handshake
from rooms.relay.governor import Governor
from rooms.relay.grants import Grant
from rooms.relay.ice import Credentials, IceSide
from rooms.relay.problems import (
    Forbidden,
    NoSuchSession,
    PreconditionFailed,
    PreconditionRequired,
    SessionEnded,
    Unauthorised,
)
from rooms.relay.relay import Relay
from rooms.relay.sdp import Offer, parse_fragment, parse_offer
from rooms.relay.session import HttpsSession, Kind, RtcSession, Session, new_session_id, seat_name
from rooms.relay.sources import source_of
from rooms.relay.stage import SLOTS
from rooms.relay.store import Store

# Ends that were nobody's decision: the connection was lost, or the person went and comes back.
RESUMABLE = frozenset({"left", "consent", "setup", "handshake"})


@dataclass(frozen=True, slots=True)
class Welcome:
    """A session that has been made, with the SDP answer and the resume token."""

    session: Session
    answer: str
    resume: str


@dataclass(slots=True, kw_only=True)
class Joins:
    """What it takes to let somebody in."""

    relay: Relay
    access: Access
    governor: Governor
    store: Store
    dtls: SSL.Context
    place: Place
    keys: dict[str, str]
    issuer: str
    lease_s: float
    clock: Callable[[], float]
    wall: Callable[[], float]

    async def publish(self, *, token: str, room: str, body: bytes) -> Welcome:
        """WHIP: a speaker comes on. Raises Refusal and its kinds."""
        grant = self._verified(token, room)
        if not grant.can_publish:
            raise Forbidden("This grant lets you listen; ask the host to bring you on stage.")
        self.access.check_speaker(room, grant.identity, grant.issued_at)
        offer = parse_offer(body)
        accepted = accept_publish(offer)
        return await self._open(Kind.PUBLISH, grant, offer, accepted)

    async def listen(self, *, token: str, room: str, body: bytes) -> Welcome:
        """WHEP: a listener comes in. Raises Refusal and its kinds."""
        grant = self._verified(token, room)
        self._check_listener(grant)
        offer = parse_offer(body)
        accepted = accept_listen(offer, SLOTS)
        return await self._open(Kind.LISTEN, grant, offer, accepted)

    async def listen_over_https(self, *, token: str, room: str) -> Welcome:
        """A listener whose network lets no UDP through. Raises Refusal and its kinds."""
        grant = self._verified(token, room)
        self._check_listener(grant)
        session_id = new_session_id()
        await self._spend(Kind.WEBM, grant, session_id)
        # A revocation may have come in while the store was asked.
        self.access.check(room, grant.identity, grant.issued_at)
        now = self.clock()
        session = HttpsSession(
            id=session_id,
            kind=Kind.WEBM,
            grant=grant,
            created_at=now,
            lease_until=now + self.lease_s,
            heard_at=now,
        )
        self.relay.open(session)
        self.relay.outlet.metrics.counters.joins += 1
        self.relay.ready(session, now)
        return Welcome(session, "", self._resume(session))

    def restart_or_trickle(self, *, session_id: str, if_match: str, body: bytes) -> tuple[RtcSession, str]:
        """PATCH: with If-Match "*" and new credentials restart ICE and return the answering fragment, else empty.

        Raises Refusal and its kinds. Source: RFC 9725 sections 4.3.1 to 4.3.3.
        """
        session = self.session(session_id)
        if not isinstance(session, RtcSession):
            raise NoSuchSession
        if not if_match:
            raise PreconditionRequired
        fragment = parse_fragment(body)
        if if_match.strip() != "*":
            if if_match.strip() != session.etag:
                raise PreconditionFailed
            return session, ""
        if not fragment.ice_ufrag:
            raise PreconditionFailed("To restart ICE, send new ice-ufrag and ice-pwd.")
        if fragment.ice_ufrag == session.ice.credentials.remote_ufrag:
            return session, ""
        return session, self._restart(session, fragment.ice_ufrag)

    def end(self, *, session_id: str) -> None:
        """DELETE: the client leaves. Raises NoSuchSession or SessionEnded."""
        self.relay.close(self.session(session_id), "left", self.clock())

    def session(self, session_id: str) -> Session:
        """A live session; raises SessionEnded with the reason, or NoSuchSession."""
        session = self.relay.sessions.get(session_id)
        if session is not None:
            return session
        reason = self.relay.tombstones.get(session_id)
        if reason is None:
            raise NoSuchSession
        raise SessionEnded(ENDED.get(reason, ""), reason=reason)

    async def state(self, *, session_id: str) -> dict[str, Any]:
        """What a page asks for when it hears nothing; hands out a fresh resume token. Raises as `session`."""
        session = self.session(session_id)
        await self.store.claim(seat=session.seat, generation=session.id)
        room = self.relay.rooms[session.room]
        return {
            "state": "live" if session.ready_at is not None else "connecting",
            "muted": session.muted,
            "listeners": room.audience,
            "speaking": room.stage.speaking(),
            "slots": [source_of(slot.speaker) if slot.speaker else 0 for slot in room.stage.slots],
            "resume": self._resume(session),
        }

    def _verified(self, token: str, room: str) -> Grant:
        now = dt.datetime.fromtimestamp(self.wall(), dt.UTC)
        try:
            grant = grants.verify(token=token, keys=self.keys, room=room, now=now)
        except grants.GrantError as error:
            raise _refusal_of(error) from error
        self.access.check(room, grant.identity, grant.issued_at)
        return grant

    def _check_listener(self, grant: Grant) -> None:
        if not grant.can_subscribe:
            raise Forbidden("This grant does not let you listen.")
        listeners = sum(len(room.seats) - len(room.publishers) for room in self.relay.rooms.values())
        self.governor.admit(listeners=listeners, unready=len(self.relay.unready))

    async def _spend(self, kind: Kind, grant: Grant, session_id: str) -> None:
        """Use the grant up, or check that a resume token's session still holds the seat."""
        seat = seat_name(kind, grant.room, grant.identity)
        if not grant.generation:
            life_s = grant.expires_at + grants.LEEWAY_S + 1 - int(self.wall())
            if not await self.store.spend(jti=grant.jti, life_s=life_s, seat=seat, generation=session_id):
                raise _spent()
            return
        reason = self.relay.tombstones.get(grant.generation, "")
        if reason and reason not in RESUMABLE:
            raise SessionEnded(ENDED.get(reason, ""), reason=reason)
        holder = await self.store.holder(seat=seat)
        if holder not in {"", grant.generation}:
            raise SessionEnded(ENDED["moved"], reason="moved")
        self.relay.outlet.metrics.counters.resumes += 1
        await self.store.claim(seat=seat, generation=session_id)

    async def _open(self, kind: Kind, grant: Grant, offer: Offer, accepted: Accepted) -> Welcome:
        session_id = new_session_id()
        await self._spend(kind, grant, session_id)
        # A revocation may have come in while the store was asked.
        self.access.check(grant.room, grant.identity, grant.issued_at)
        session = self._session(session_id, kind, grant, offer, accepted)
        self.relay.open(session)
        self.relay.outlet.metrics.counters.joins += 1
        ssrcs = [slot.ssrc for slot in self.relay.rooms[grant.room].stage.slots] if kind is Kind.LISTEN else []
        answer = write(
            offer,
            accepted,
            place=self.place,
            credentials=session.ice.credentials,
            session_number=secrets.randbits(62),
            slot_ssrcs=ssrcs,
        )
        return Welcome(session, answer, self._resume(session))

    def _session(self, session_id: str, kind: Kind, grant: Grant, offer: Offer, accepted: Accepted) -> RtcSession:
        now = self.clock()
        return RtcSession(
            id=session_id,
            kind=kind,
            grant=grant,
            created_at=now,
            lease_until=now + self.lease_s,
            muted=kind is Kind.PUBLISH and self.access.is_muted(grant.room, grant.identity),
            accepted=accepted,
            mid=offer.sections[accepted.indexes[0]].mid,
            ice=IceSide(Credentials.fresh(offer.ice_ufrag), heard_at=now),
            etag=_new_etag(),
            handshake=Handshake(self.dtls, offer.fingerprint, server=True),
        )

    def _restart(self, session: RtcSession, remote_ufrag: str) -> str:
        old = session.ice.credentials.local_ufrag
        session.ice.credentials = Credentials.fresh(remote_ufrag)
        session.etag = _new_etag()
        self.relay.restart_ice(session, old)
        return write_fragment(self.place, session.ice.credentials, mid=session.mid, opus=session.accepted.opus)

    def _resume(self, session: Session) -> str:
        now = dt.datetime.fromtimestamp(self.wall(), dt.UTC)
        return grants.issue_resume(
            key=self.keys[self.issuer],
            issuer=self.issuer,
            grant=session.grant,
            generation=session.id,
            now=now,
        )


def _new_etag() -> str:
    return f'"{secrets.token_urlsafe(12)}"'


def _refusal_of(error: grants.GrantError) -> Unauthorised:
    refusal = Unauthorised(error.detail)
    refusal.code = error.code
    return refusal


def _spent() -> Unauthorised:
    refusal = Unauthorised("This grant was used before. Ask the site for a new one.")
    refusal.code = "grant-spent"
    return refusal
