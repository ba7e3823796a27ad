"""A real broker for one bench: ours, embedded, with SCRAM and ACLs; stopped at the end."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from jejak.embedded import jars
from jejak.embedded.java import find_java
from jejak.embedded.kafka import OPERATOR, EmbeddedKafka
from jejak.embedded.ports import free_port
from jejak.home import default_cache
from jejak.kafka_admin import connected
from jejak.provisioning import NewParty, provision_kafka
from jejak.services import quota_of
from jejak.settings import Settings
from jejak_schemas.credentials import Credentials, KafkaAccess


@dataclass(frozen=True, slots=True)
class Broker:
    """A running broker."""

    bootstrap_servers: str
    password: str

    def add_party(self, party: NewParty) -> Credentials:
        """Make a party's user, topics and rights, as `jejak party add` does; its credentials."""
        credentials = Credentials(
            party=party.code,
            roles=party.roles,
            kafka=self._access(party.code, secrets.token_urlsafe(16)),
            topics=party.topics,
        )
        with connected(self._access(OPERATOR, self.password)) as admin:
            provision_kafka(admin, [party], [credentials], quota_of(Settings()))
        return credentials

    def _access(self, user: str, password: str) -> KafkaAccess:
        return KafkaAccess(
            bootstrap_servers=self.bootstrap_servers, username=user, password=SecretStr(password)
        )


@contextmanager
def running_broker() -> Iterator[Broker]:
    """A broker of its own over a new folder."""
    with tempfile.TemporaryDirectory(prefix="jejak-bench-", ignore_cleanup_errors=True) as folder:
        broker = _new(Path(folder))
        try:
            broker.start()
            yield Broker(broker.bootstrap_servers, broker.password)
        finally:
            broker.stop()


def _new(folder: Path) -> EmbeddedKafka:
    port = free_port()
    cache = Path(os.environ.get("JEJAK_CACHE") or default_cache())
    return EmbeddedKafka(
        folder=folder / "kafka",
        port=port,
        controller_port=free_port([port]),
        password=secrets.token_urlsafe(16),
        java=find_java(os.environ),
        jars=jars.fetched(cache, jars.locked(), _tell),
        log=folder / "kafka.log",
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
