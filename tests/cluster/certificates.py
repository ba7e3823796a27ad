"""A small authority and the certificates that it issues, as a site's own would be."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from jejak.private import write_private

HERE = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])


def make(folder: Path) -> tuple[Path, Path]:
    """Write `ca.pem`, and `broker.pem` with key and certificate; returns both paths."""
    authority = Authority(folder / "ca.pem")
    return authority.path, authority.issue("broker", folder / "broker.pem")


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs who is who; its own certificate is in `path`."""

    path: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=_key, repr=False)
    name: x509.Name = field(default_factory=lambda: _named("Jejak's test authority"))

    def __post_init__(self) -> None:
        own = (
            _certificate(self.name, self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        write_private(self.path, own.public_bytes(Encoding.PEM).decode())

    def issue(self, name: str, path: Path, days: int = 90) -> Path:
        """Write key and certificate of 127.0.0.1 with this common name, good for so many days."""
        key = _key()
        issued = (
            _certificate(_named(name), self.name, key.public_key(), days)
            .add_extension(HERE, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        held = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(path, (held + issued.public_bytes(Encoding.PEM)).decode())
        return path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 90
) -> x509.CertificateBuilder:
    until = datetime.now(UTC) + timedelta(days=days)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), until - timedelta(days=91), until
    )
