"""The lite agent: RFC 8445 section 7.3, and what an attacker may try."""

import secrets

import pytest

from rooms.relay import stun
from rooms.relay.ice import MAX_ADDRESSES, Answer, Credentials, IceLite, IceSide

HOME, ELSEWHERE = ("192.0.2.1", 4000), ("198.51.100.7", 5000)


@pytest.fixture
def side() -> IceSide:
    return IceSide(Credentials.fresh("theirs"))


@pytest.fixture
def agent(side: IceSide) -> IceLite:
    made = IceLite()
    made.add(side)
    return made


def check(
    side: IceSide,
    *extra: tuple[int, bytes],
    username: str | None = None,
    password: str | None = None,
    transaction: bytes | None = None,
    controlling: bool = True,
) -> bytes:
    role = stun.ICE_CONTROLLING if controlling else stun.ICE_CONTROLLED
    name = username or f"{side.credentials.local_ufrag}:theirs"
    attributes = [(stun.USERNAME, name.encode()), (stun.PRIORITY, bytes(4)), (role, bytes(8)), *extra]
    key = side.credentials.local_password if password is None else password
    return stun.build(stun.BINDING_REQUEST, transaction or secrets.token_bytes(12), attributes, key.encode())


def code(answer: Answer) -> int:
    """The error code in an answer."""
    assert answer.datagram is not None
    value = stun.parse(answer.datagram).attributes[stun.ERROR_CODE]
    return value[2] * 100 + value[3]


def test_it_answers_a_check_with_the_address_it_saw(agent: IceLite, side: IceSide) -> None:
    transaction = secrets.token_bytes(12)
    answer = agent.handle(check(side, transaction=transaction), HOME, 1.0)

    assert answer.datagram is not None
    message = stun.parse(answer.datagram)
    assert message.type == stun.BINDING_SUCCESS
    assert message.integrity_holds(side.credentials.local_password.encode())
    assert stun.read_xor_mapped_address(message.attributes[stun.XOR_MAPPED_ADDRESS], transaction) == HOME
    assert (side.selected, side.heard_at) == (HOME, 1.0)


def test_it_follows_use_candidate_to_another_address(agent: IceLite, side: IceSide) -> None:
    agent.handle(check(side, (stun.USE_CANDIDATE, b"")), HOME, 1.0)
    agent.handle(check(side), ELSEWHERE, 2.0)
    assert side.selected == HOME

    answer = agent.handle(check(side, (stun.USE_CANDIDATE, b"")), ELSEWHERE, 3.0)

    assert answer.moved
    assert side.selected == ELSEWHERE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "not the password at all"}, 401),
        ({"username": "WITH-UFRAG:somebody-else"}, 401),
        ({"controlling": False}, 487),
    ],
    ids=["wrong password", "wrong peer", "role conflict"],
)
def test_it_refuses_a_check_and_learns_nothing(
    agent: IceLite, side: IceSide, changes: dict[str, object], expected: int
) -> None:
    if "username" in changes:
        changes = {"username": f"{side.credentials.local_ufrag}:somebody-else"}
    answer = agent.handle(check(side, (stun.USE_CANDIDATE, b""), **changes), ELSEWHERE, 1.0)  # type: ignore[arg-type]

    assert code(answer) == expected
    assert side.selected is None
    assert side.addresses == []


def test_it_names_attributes_it_must_know_and_does_not(agent: IceLite, side: IceSide) -> None:
    answer = agent.handle(check(side, (0x0033, b"")), HOME, 1.0)

    assert code(answer) == 420
    assert answer.datagram is not None
    assert stun.parse(answer.datagram).attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x00\x33"


def test_it_asks_for_integrity(agent: IceLite, side: IceSide) -> None:
    name = f"{side.credentials.local_ufrag}:theirs".encode()
    bare = stun.build(stun.BINDING_REQUEST, bytes(12), [(stun.USERNAME, name)])

    assert code(agent.handle(bare, HOME, 1.0)) == 400
    assert side.selected is None


def test_a_stranger_gets_silence(agent: IceLite, side: IceSide) -> None:
    assert agent.handle(check(side, username="unknown:theirs"), HOME, 1.0) == Answer(None)
    assert agent.handle(b"\x00\x01rubbish", HOME, 1.0) == Answer(None)


def test_a_copied_check_from_another_address_does_not_move_the_session(agent: IceLite, side: IceSide) -> None:
    seen = check(side, (stun.USE_CANDIDATE, b""))
    agent.handle(seen, HOME, 1.0)

    assert agent.handle(seen, ELSEWHERE, 1.1) == Answer(None)

    assert side.selected == HOME
    assert agent.handle(seen, HOME, 1.2).datagram is not None  # its own repeat is answered


def test_addresses_do_not_pile_up(agent: IceLite, side: IceSide) -> None:
    forgotten = []
    for port in range(100):
        answer = agent.handle(check(side), ("192.0.2.1", 1000 + port), 1.0)
        forgotten.append(answer.forgotten)

    assert len(side.addresses) == MAX_ADDRESSES
    assert side.selected == ("192.0.2.1", 1000)
    assert sum(address is not None for address in forgotten) == 100 - MAX_ADDRESSES


def test_old_credentials_are_silent_after_they_are_dropped(agent: IceLite, side: IceSide) -> None:
    request = check(side)
    agent.drop(side.credentials.local_ufrag)

    assert agent.handle(request, HOME, 1.0) == Answer(None)
    assert len(agent) == 0
