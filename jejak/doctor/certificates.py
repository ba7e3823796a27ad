"""Certificates that brokers show, and those that stand for users: of whom, until when."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from jejak.doctor.finding import Finding, Level, advised
from jejak.services import OWN_USERS, Services
from jejak_schemas.credentials import Credentials, CredentialsError, KafkaAccess

PART = "certificates"
SOON: Final = 30  # days
PATIENCE: Final = 5.0


def examine(services: Services, parties: Sequence[Credentials]) -> Iterator[Finding]:
    """Each broker's, where TLS is on, as any client would check it; and those that stand for users.

    A party's own is looked at only where a copy lies beside its credentials file.
    """
    if services.by_certificate:
        own = (services.kafka(user) for user in (services.operator, *OWN_USERS))
        yield from (_held(access) for access in own)
        theirs = (party.kafka for party in parties if Path(party.kafka.ssl_certfile).is_file())
        yield from (_held(access) for access in theirs)
    if services.security_protocol.endswith("SSL"):
        try:
            context = services.access(services.operator, "").tls(showing=False)
        except CredentialsError as error:
            yield Finding(PART, "CA", Level.WRONG, str(error), "see JEJAK_KAFKA_SSL_CAFILE")
            return
        for server in services.bootstrap_servers.split(","):
            yield _shown(server.strip(), context)


def _held(access: KafkaAccess) -> Finding:
    """What stands for a user: there, its own, and not soon over."""
    name, path = f"of {access.username}", Path(access.ssl_certfile)
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        why = f"{path}: {getattr(error, 'strerror', None) or 'no certificate in it'}"
        return Finding(PART, name, Level.WRONG, why, "put its key and certificate there, as PEM")
    named = [
        str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ]
    if named != [access.username]:
        mend = f"have one issued with the common name {access.username}"
        return Finding(PART, name, Level.WRONG, f"is of {', '.join(named) or 'nobody'}", mend)
    return _lasting(name, certificate.not_valid_after_utc)


def _shown(server: str, context: ssl.SSLContext) -> Finding:
    host, _, port = server.rpartition(":")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host) as line,
        ):
            told = line.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        mend = "its name, its date or its CA is wrong; see JEJAK_KAFKA_SSL_CAFILE"
        return Finding(PART, server, Level.WRONG, error.verify_message, mend)
    except (OSError, ValueError) as error:
        return Finding(PART, server, Level.AWAY, type(error).__name__, "is it up, and does it TLS?")
    ends = ssl.cert_time_to_seconds(str(told["notAfter"]))
    return _lasting(server, datetime.fromtimestamp(ends, UTC))


def _lasting(name: str, ends: datetime) -> Finding:
    days = (ends - datetime.now(UTC)).days
    if days < 0:
        return Finding(PART, name, Level.WRONG, f"ended on {ends:%Y-%m-%d}", "renew it")
    return advised(PART, name, f"{days} days left", "renew it", well=days > SOON)
