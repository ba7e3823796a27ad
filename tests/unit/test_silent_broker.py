"""A broker that takes a connection and says nothing, as one that is frozen: nobody waits long."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import psutil  # type: ignore[import-untyped]
import pytest
from kafka.errors import RequestTimedOutError
from kafka.future import Future
from kafka.net import compat
from kafka.net.transport import KafkaTCPTransport
from kafka.producer.transaction_manager import FindCoordinatorHandler, TransactionManager

from jejak.embedded.ports import free_port
from jejak_consumers import errors
from jejak_consumers.kafka import KafkaFeed, line
from jejak_consumers.kafka.line import Network
from jejak_producers.errors import BrokersAway, ProducerError
from jejak_producers.kafka import KafkaInlet, connections
from jejak_schemas.credentials import KafkaAccess

PATIENCE = 0.6
LONG = 20.0  # seconds; far more than a patience


@pytest.fixture
def access() -> Iterator[KafkaAccess]:
    """A login at the silent one, over TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        yield KafkaAccess(bootstrap_servers=where, security_protocol="SASL_SSL", username="lan")


def raised_by(act: Callable[[], object]) -> Exception | None:
    """What an act raises; None where it goes on."""
    raised: list[Exception] = []

    def attempt() -> None:
        try:
            act()
        except (errors.LoopError, ProducerError) as exc:
            raised.append(exc)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(LONG)
    return raised[0] if raised else None


def test_a_loop_hears_that_it_is_away(access: KafkaAccess) -> None:
    assert isinstance(raised_by(lambda: KafkaFeed(access, "t", PATIENCE)), errors.BrokersAway)


def test_a_party_hears_that_it_is_away(access: KafkaAccess) -> None:
    assert isinstance(raised_by(lambda: KafkaInlet(access, "t", PATIENCE)), BrokersAway)


def test_where_nobody_listens_no_socket_is_left_open() -> None:
    access = KafkaAccess(bootstrap_servers=f"127.0.0.1:{free_port()}", username="lan")
    gc.disable()  # it would close them some day
    try:
        before = open_files()
        with pytest.raises(errors.BrokersAway, match="no answer") as kept:
            KafkaFeed(access, "t", PATIENCE)
        assert open_files() == before, kept
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("of", "name"),
    [(line, "Selector"), (connections, "Selector"), (compat, "NetworkSelector")],
    ids=["a loop's", "a party's", "a test's own"],
)
def test_what_was_still_to_be_sent_leaves_no_socket_open(of: ModuleType, name: str) -> None:
    here, there = socket.socketpair()
    here.settimeout(0)
    with there:
        net = getattr(of, name)()
        net.start()
        transport = KafkaTCPTransport(net, here)
        transport.write(bytes(10_000_000))  # more than the one who does not read it is sent
        transport.close()
        net.close()
        net.close()
        assert here.fileno() == -1


def open_files() -> int:
    return int(psutil.Process().num_fds())


class Unanswering:
    """Connections to a coordinator that has become silent."""

    def send(self, _request: object, node_id: int) -> Future:
        return Future().failure(RequestTimedOutError(f"node {node_id}"))


def test_a_transaction_goes_on_with_whoever_coordinates_it_now() -> None:
    manager = TransactionManager("jejak-publisher", api_version=(4, 0))
    manager.initialize_transactions()
    asked = manager.next_request_handler(has_incomplete_batches=False)
    answer = Network(net=object(), manager=Unanswering()).send(1, asked.request)
    answer.add_both(asked.on_complete, manager.next_in_flight_request_correlation_id())
    assert not manager.has_fatal_error()
    found = manager.next_request_handler(has_incomplete_batches=False)
    assert isinstance(found, FindCoordinatorHandler)
    assert manager.next_request_handler(has_incomplete_batches=False) is asked
