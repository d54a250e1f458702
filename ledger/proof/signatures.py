"""What a signature of a seal signs."""


def signed_message(*, chain: bytes, signed_us: int | None) -> bytes:
    """The seal's link, then when it was signed, in microseconds since 1970; signatures from before have no time."""
    return chain if signed_us is None else chain + b"/" + str(signed_us).encode()
