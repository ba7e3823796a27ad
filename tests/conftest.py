"""Fixtures that every level of tests shares: real services, one per session.

`SERVICES=containers` gives the same ones in containers.
"""

import signal
from collections.abc import Iterator

import pytest
from kafka.net import compat
from kafka.net.selector import NetworkSelector

from jejak.foundations import prepare_kafka
from jejak.kafka_admin import connected
from jejak.services import Services
from jejak_schemas.kafka_python import EndingSelector
from tests import services


class _Selector(EndingSelector, NetworkSelector):  # type: ignore[misc]  # untyped
    """The library's, in which every TLS handshake and every socket ends."""

    handshake = 20.0


@pytest.fixture(scope="session", autouse=True)
def a_ctrl_c_is_heard() -> None:
    """What tests start hears a Ctrl-C, also where a script runs these with `&`, deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def every_socket_ends() -> Iterator[None]:
    """The library's own clients, which tests use as strangers do, end their sockets as ours do.

    Ours bring selectors of their own, which this leaves alone.
    """
    with pytest.MonkeyPatch.context() as library:
        library.setattr(compat, "NetworkSelector", _Selector)
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Postgres]:
    """A running PostgreSQL 18 with its superuser."""
    with services.running_postgres()(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[services.Kafka]:
    """A running broker with SCRAM and ACLs: `.operator` may do everything, nobody else anything.

    It is shared: use party codes and topics of your own.
    """
    with services.running_kafka()(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def template(postgres: services.Postgres) -> services.Database:
    """The migrated database that each test gets a copy of."""
    return services.migrated(postgres, "jejak_template")


@pytest.fixture
def database(template: services.Database) -> Iterator[services.Database]:
    """This test's own database: `.dsn("jejak_writer")` and the like."""
    with services.copied(template) as own:
        yield own


@pytest.fixture
def front(
    kafka: services.Kafka,
    database: services.Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Services:
    """The front door's view: the shared broker with our own users, this test's database."""
    found = services.services_on(kafka, database, tmp_path_factory.mktemp("secrets"))
    with connected(kafka.operator) as admin:
        prepare_kafka(found, admin)
    return found
