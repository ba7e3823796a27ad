"""The same services in containers, for SERVICES=containers: as strict as the embedded ones.

What is started here is removed here, with its volumes; Ryuk, which would do it from a container of
its own, is not asked for. After a killed run: docker ps --filter label=org.testcontainers
"""

import gc
import secrets
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from docker.errors import APIError, DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

import docker
from jejak.addresses import PostgresAddress
from jejak.embedded.ports import free_port
from jejak.embedded.postgres import SETTINGS
from jejak.errors import Retry
from jejak.kafka_admin import connected
from tests.services import Kafka, Postgres

POSTGRES = "postgres:18"
KAFKA = "apache/kafka:4.3.1"
STARTING = Path(__file__).parents[1] / "docker" / "kafka"
LOOPBACK = "127.0.0.1"
INITDB = (
    "--auth=scram-sha-256 --encoding=UTF8 --no-locale --locale-provider=builtin "
    "--builtin-locale=C.UTF-8"
)


def need_engine() -> None:
    """End the run with one line where no container engine answers; a skip would hide it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaks a socket that fails
        why = what_the_engine_lacks()
        gc.collect()
    if why:
        give_up(
            f"no container engine answers (DOCKER_HOST, or the socket of Docker or Podman): {why}"
        )


def what_the_engine_lacks() -> str:
    """The name of the error with which it does not answer, or nothing."""
    try:
        with closing(docker.from_env()) as client:
            client.ping()
    except (DockerException, OSError) as error:
        return type(error).__name__
    return ""


def give_up(why: str) -> NoReturn:
    """End the run with one line."""
    pytest.exit(f"SERVICES=containers: {why}", returncode=3)


@contextmanager
def running(container: DockerContainer) -> Iterator[None]:
    """The container, started; gone at the end."""
    testcontainers_config.ryuk_disabled = True
    try:
        container.start()
    except APIError as error:
        container.stop()
        give_up(
            f"cannot start {container.image} ({type(error).__name__}); where no image registry is "
            "reachable, docker/dev/build-images makes it"
        )
    try:
        yield
    finally:
        container.stop()


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """PostgreSQL in a container, with the settings of the embedded one."""
    del folder
    need_engine()
    password, port = secrets.token_urlsafe(16), free_port()
    container = (
        DockerContainer(POSTGRES)
        .with_env("POSTGRES_PASSWORD", password)
        .with_env("POSTGRES_INITDB_ARGS", INITDB)
        .with_env("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256")
        .with_command(["postgres", *settings()])
    )
    container.ports["5432/tcp"] = (LOOPBACK, port)
    with running(container):
        server = Postgres(PostgresAddress(LOOPBACK, port), "postgres", password)
        wait_for_postgres(server)
        yield server


def settings() -> list[str]:
    """The embedded server's settings, but for those that are the machine's."""
    kept = {name: value for name, value in SETTINGS.items() if name != "listen_addresses"}
    return [word for name, value in kept.items() for word in ("-c", f"{name}={value}")]


def wait_for_postgres(server: Postgres, patience: float = 60.0) -> None:
    """Wait until it takes connections over TCP, which it does only after its initialisation."""
    end = time.monotonic() + patience
    while True:
        try:
            psycopg.connect(server.dsn(), connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


@contextmanager
def kafka(folder: Path) -> Iterator[Kafka]:
    """A broker in a container, started by the script that docker/compose.yaml uses too."""
    need_engine()
    password, port = secrets.token_urlsafe(16), free_port()
    secret = folder / "kafka-operator"
    secret.write_text(password)
    secret.chmod(0o644)  # the image's own user reads it; the folder above is private
    container = (
        DockerContainer(KAFKA)
        .with_env("ADVERTISED", f"{LOOPBACK}:{port}")
        .with_env("PASSWORD_FILE", "/secret")
        .with_volume_mapping(str(STARTING), "/start", "ro")
        .with_volume_mapping(str(secret), "/secret", "ro")
        .with_command("/start/start.sh")
        .with_kwargs(entrypoint=["/bin/bash"])
    )
    container.ports["9092/tcp"] = (LOOPBACK, port)
    with running(container):
        broker = Kafka(f"{LOOPBACK}:{port}", password)
        wait_for_kafka(broker)
        yield broker


def wait_for_kafka(broker: Kafka, patience: float = 90.0) -> None:
    """Wait until it lets its operator in."""
    try:
        with connected(broker.operator, patience):
            pass
    except Retry as error:
        give_up(f"{KAFKA} did not start: {error}")
