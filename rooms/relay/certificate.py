"""The relay's DTLS certificate: self-signed, made at each start, known to peers by its fingerprint (RFC 8122)."""

import datetime as dt
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

LIFE_DAYS = 30
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A certificate digest as SDP writes it: `sha-256 AB:CD:…` (RFC 8122 section 5)."""

    algorithm: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.algorithm} {self.digest.hex(':').upper()}"

    @classmethod
    def parse(cls, text: str) -> "Fingerprint":
        """Read an SDP fingerprint; raises ValueError for a hash that is too weak or unknown."""
        algorithm, _, digits = text.strip().partition(" ")
        hash_ = HASHES.get(algorithm.lower())
        digest = bytes.fromhex(digits.strip().replace(":", ""))
        if hash_ is None or len(digest) != hash_.digest_size:
            raise ValueError(f"fingerprint {algorithm!r} is not one of {', '.join(HASHES)}")
        return cls(algorithm.lower(), digest)

    def matches(self, certificate: x509.Certificate) -> bool:
        """Whether this is the digest of that certificate."""
        return certificate.fingerprint(HASHES[self.algorithm]) == self.digest


@dataclass(frozen=True, slots=True)
class Identity:
    """A key, its certificate, and the certificate's fingerprint."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("sha-256", self.certificate.fingerprint(hashes.SHA256()))

    @classmethod
    def generate(cls, now: dt.datetime) -> "Identity":
        """A P-256 key and a certificate valid for 30 days around `now` (an aware time)."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=LIFE_DAYS))
        )
        return cls(key, builder.sign(key, hashes.SHA256()))
