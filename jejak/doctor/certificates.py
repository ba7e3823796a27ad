"""The certificates that brokers show: for whom, by whom, until when."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from jejak.doctor.finding import Finding, Level, advised
from jejak.services import Services

PART = "certificates"
SOON: Final = 30  # days
PATIENCE: Final = 5.0


def examine(services: Services) -> Iterator[Finding]:
    """Each broker's, where TLS is on; as any client would check it."""
    if not services.security_protocol.endswith("SSL"):
        return
    context = ssl.create_default_context(cafile=services.ssl_cafile or None)
    for server in services.bootstrap_servers.split(","):
        yield _shown(server.strip(), context)


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
    days = int((ends - datetime.now(UTC).timestamp()) / 86_400)
    return advised(PART, server, f"{days} days left", "renew it", well=days > SOON)
