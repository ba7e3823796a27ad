"""The embedded services of a home, started and stopped together."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from jejak.embedded import jars
from jejak.embedded.java import find_java
from jejak.embedded.kafka import OPERATOR, EmbeddedKafka
from jejak.embedded.ports import free_port, is_free
from jejak.embedded.postgres import SUPERUSER, EmbeddedPostgres
from jejak.home import Endpoints, Home, default_cache
from jejak.settings import Settings


@dataclass(frozen=True, slots=True)
class Embedded:
    """Kafka and PostgreSQL of one home."""

    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres

    def start(self) -> None:
        """Start both; from the thread that is to outlive them. Both are ready at the end."""
        with ThreadPoolExecutor(1) as pool:
            formatting = pool.submit(self.kafka.prepare)
            self.postgres.prepare()
            formatting.result()
        self.kafka.launch()
        self.postgres.launch()
        self.postgres.wait_until_ready()
        self.kafka.wait_until_ready()

    def stop(self) -> None:
        """Stop what was started."""
        with ThreadPoolExecutor(1) as pool:
            stopping = pool.submit(self.kafka.stop)
            self.postgres.stop()
            stopping.result()


def embedded(home: Home, settings: Settings, tell: Callable[[str], None]) -> Embedded:
    """The services of `home`, not started; fetches Kafka if need be and chooses the ports.

    Retry where Kafka cannot be fetched, Fatal where a piece is not installed.
    """
    java = find_java(os.environ)
    cached = jars.fetched(settings.cache or default_cache(), jars.locked(), tell)
    ports = chosen_ports(home)
    ports.save(home)
    return Embedded(
        EmbeddedKafka(
            folder=home.path / "kafka",
            port=ports.kafka,
            controller_port=ports.controller,
            password=home.secrets.ensure(f"kafka-{OPERATOR}"),
            java=java,
            jars=cached,
            log=home.logs / "kafka.log",
            heap_mb=settings.kafka_heap_mb,
        ),
        EmbeddedPostgres(
            folder=home.path / "postgres",
            port=ports.postgres,
            password=home.secrets.ensure(f"postgres-{SUPERUSER}"),
            log=home.logs / "postgres.log",
            archive=settings.wal_archive and settings.wal_archive.absolute(),
        ),
    )


def chosen_ports(home: Home) -> Endpoints:
    """The ports of the last start where they are still free, others in their place if not."""
    last = Endpoints.load(home)
    kept = [last.kafka, last.controller, last.postgres] if last else [0, 0, 0]
    chosen: list[int] = []
    for port in kept:
        chosen.append(port if port and is_free(port) else free_port(taken=[*kept, *chosen]))
    return Endpoints(*chosen)
