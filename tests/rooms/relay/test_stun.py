"""STUN against the published messages of RFC 5769."""

import pytest

from rooms.relay import stun

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")

REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
RESPONSE_V4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
RESPONSE_V6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)


def test_it_reads_the_sample_request() -> None:
    """RFC 5769 section 2.1."""
    message = stun.parse(REQUEST)

    assert message.type == stun.BINDING_REQUEST
    assert message.transaction_id == TRANSACTION
    assert message.attributes[stun.USERNAME] == b"evtj:h6vY"
    assert message.attributes[stun.PRIORITY] == bytes.fromhex("6e0001ff")
    assert message.integrity_holds(PASSWORD)
    assert not message.integrity_holds(b"another password")


@pytest.mark.parametrize(
    ("datagram", "address"),
    [
        (RESPONSE_V4, ("192.0.2.1", 32853)),
        (RESPONSE_V6, ("2001:db8:1234:5678:11:2233:4455:6677", 32853)),
    ],
    ids=["section 2.2, IPv4", "section 2.3, IPv6"],
)
def test_it_reads_the_sample_responses(datagram: bytes, address: stun.Address) -> None:
    message = stun.parse(datagram)

    assert message.type == stun.BINDING_SUCCESS
    assert message.integrity_holds(PASSWORD)
    value = message.attributes[stun.XOR_MAPPED_ADDRESS]
    assert stun.read_xor_mapped_address(value, TRANSACTION) == address
    assert stun.xor_mapped_address(address, TRANSACTION) == (stun.XOR_MAPPED_ADDRESS, value)


def test_what_it_writes_it_reads() -> None:
    attributes = [(stun.USERNAME, b"a:b"), (stun.USE_CANDIDATE, b"")]
    message = stun.parse(stun.build(stun.BINDING_REQUEST, TRANSACTION, attributes, PASSWORD))

    assert message.attributes[stun.USERNAME] == b"a:b"
    assert stun.USE_CANDIDATE in message.attributes
    assert message.integrity_holds(PASSWORD)


def test_it_writes_the_sample_response_byte_for_byte() -> None:
    software = (0x8022, b"test vector")
    mapped = stun.xor_mapped_address(("192.0.2.1", 32853), TRANSACTION)
    written = stun.build(stun.BINDING_SUCCESS, TRANSACTION, [software, mapped], PASSWORD)

    # The sample pads with a space where this writer pads with zero, which changes both digests after it.
    assert written[:35] == RESPONSE_V4[:35]
    assert written[36:48] == RESPONSE_V4[36:48]
    assert len(written) == len(RESPONSE_V4)


def holds(datagram: bytes) -> bool:
    """Whether a datagram would be believed."""
    try:
        return stun.parse(datagram).integrity_holds(PASSWORD)
    except stun.StunError:
        return False


def test_no_changed_bit_is_believed() -> None:
    assert holds(REQUEST)
    for position in range((len(REQUEST) - 8) * 8):  # all but FINGERPRINT itself
        changed = bytearray(REQUEST)
        changed[position // 8] ^= 1 << position % 8
        assert not holds(bytes(changed)), position


def test_what_follows_the_integrity_is_ignored() -> None:
    integrity_end = stun.parse(REQUEST).integrity_at + 24
    smuggled = REQUEST[:integrity_end] + bytes.fromhex("00250000")
    smuggled = smuggled[:2] + (len(smuggled) - 20).to_bytes(2, "big") + smuggled[4:]

    message = stun.parse(smuggled)

    assert stun.USE_CANDIDATE not in message.attributes
    assert message.integrity_holds(PASSWORD)


@pytest.mark.parametrize("datagram", [b"", REQUEST[:19], REQUEST[:-4], REQUEST + b"\0\0\0\0", bytes(1300)])
def test_it_refuses_a_wrong_length(datagram: bytes) -> None:
    with pytest.raises(stun.StunError):
        stun.parse(datagram)
