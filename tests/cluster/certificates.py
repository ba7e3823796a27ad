"""A small authority and a certificate for 127.0.0.1, as a site's own would be."""

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


def make(folder: Path) -> tuple[Path, Path]:
    """Write `ca.pem`, and `broker.pem` with key and certificate; returns both paths."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _named("Jejak's test authority")
    ca = (
        _certificate(authority, authority, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    broker = (
        _certificate(_named("broker"), authority, key.public_key())
        .add_extension(alternative, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    written = (folder / "ca.pem", folder / "broker.pem")
    write_private(written[0], ca.public_bytes(Encoding.PEM).decode())
    held = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(written[1], (held + broker.public_bytes(Encoding.PEM)).decode())
    return written


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(),
        now - timedelta(hours=1), now + timedelta(days=90),
    )  # fmt: skip
