"""What a loop says of itself, as those who watch it see it over HTTP."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from jejak.errors import Misuse
from jejak.watching import watched
from jejak_consumers import errors
from jejak_consumers.messages import TopicPartition
from jejak_consumers.vitals import LONGEST_TURN, Vitals
from jejak_lrs import errors as ledger_errors
from jejak_lrs.ledger.standing import Behind
from tests.watched import Page, get, samples, value

WHERE = TopicPartition("jejak.inbox.lan", 3)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A loop's vitals, and the pages that show them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.vitals = Vitals("recorder", clock=self.clock)
        self.address = ""

    def page(self, name: str) -> Page:
        return get(f"{self.address}/{name}")

    def connect(self) -> None:
        self.vitals.reaches("kafka", yes=True)
        self.vitals.reaches("postgres", yes=True)


@pytest.fixture
def loop() -> Iterator[Watched]:
    made = Watched()
    with watched(made.vitals, "127.0.0.1", 0) as made.address:
        yield made


def test_a_loop_is_ready_once_it_reaches_what_it_needs(loop: Watched) -> None:
    assert loop.page("readyz") == Page(503, "kafka away\npostgres away\n")
    loop.vitals.reaches("postgres", yes=True)
    assert loop.page("readyz") == Page(503, "kafka away\n")
    loop.connect()
    assert loop.page("readyz") == Page(200, "ok\n")


def test_a_loop_needs_only_the_services_that_it_uses() -> None:
    projector = Vitals("projector", ("postgres",))
    projector.reaches("postgres", yes=True)
    projector.reaches("kafka", yes=False)
    assert projector.troubles() == []


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (errors.BrokersAway("away"), "kafka away\n"),
        (ledger_errors.Unreachable("away"), "postgres away\n"),
        (ledger_errors.Busy("busy"), "ok\n"),
    ],
)
def test_an_error_that_is_retried_is_counted_and_says_who_is_away(
    loop: Watched, error: Exception, says: str
) -> None:
    loop.connect()
    loop.vitals.retried(error)
    assert loop.page("readyz").text == says
    shown = loop.page("metrics").text
    assert value(shown, "jejak_retries_total", error=type(error).__name__) == 1
    assert value(shown, "jejak_connected") == (2 if says == "ok\n" else 1)


def test_a_loop_that_does_not_turn_is_neither_alive_nor_ready(loop: Watched) -> None:
    loop.connect()
    loop.clock.now += LONGEST_TURN - 1
    assert loop.page("healthz") == Page(200, "ok\n")
    loop.clock.now += 1
    assert loop.page("healthz") == Page(503, "the loop does not turn\n")
    assert loop.page("readyz").status == 503
    loop.vitals.turned()
    assert (loop.page("healthz").status, loop.page("readyz").status) == (200, 200)


def test_a_stopped_partition_is_named_until_it_is_read_again(loop: Watched) -> None:
    loop.connect()
    loop.vitals.stopped(WHERE, "a gap")
    assert loop.page("readyz") == Page(503, "partition stopped: jejak.inbox.lan 3: a gap\n")
    assert loop.page("healthz").status == 200  # a restart would not help
    labels = {"topic": "jejak.inbox.lan", "partition": "3"}
    assert value(loop.page("metrics").text, "jejak_partition_stopped", **labels) == 1
    loop.vitals.goes_on(WHERE)
    loop.vitals.goes_on(WHERE)
    assert loop.page("readyz").status == 200
    names = {name for name, _, _ in samples(loop.page("metrics").text)}
    assert "jejak_partition_stopped" not in names


def test_batches_are_counted_by_what_they_held(loop: Watched) -> None:
    loop.vitals.batch("recorder", {"recorded": 3, "refused": 1}, 41, 0.02)
    loop.vitals.batch("recorder", {"recorded": 2, "refused": 0}, 43, 7.0)
    shown = loop.page("metrics").text
    assert value(shown, "jejak_handled_total", work="recorder", kind="recorded") == 5
    assert value(shown, "jejak_handled_total", kind="refused") == 1
    assert value(shown, "jejak_position", work="recorder") == 43
    assert value(shown, "jejak_batch_seconds_count", work="recorder") == 2
    assert value(shown, "jejak_batch_seconds_bucket", le="0.025") == 1
    assert value(shown, "jejak_batch_seconds_bucket", le="10.0") == 2


def test_what_waits_is_shown_by_work_and_by_inbox(loop: Watched) -> None:
    loop.vitals.lags("recorder", Behind(7, 2.5))
    loop.vitals.inboxes_lag({"jejak.inbox.lan": 7, "jejak.inbox.bkn": 0})
    loop.vitals.inboxes_lag({"jejak.inbox.lan": 6})
    shown = loop.page("metrics").text
    assert value(shown, "jejak_lag_messages", work="recorder") == 7
    assert value(shown, "jejak_lag_seconds", work="recorder") == 2.5
    inboxes = [has for name, has, _ in samples(shown) if name == "jejak_inbox_lag_messages"]
    assert inboxes == [{"topic": "jejak.inbox.lan"}]  # the other is another recorder's by now


def test_memory_and_the_loops_name_are_shown(loop: Watched) -> None:
    shown = loop.page("metrics").text
    assert value(shown, "process_resident_memory_bytes") > 1_000_000
    assert value(shown, "jejak_loop_info", loop="recorder") == 1


def test_there_are_no_other_pages(loop: Watched) -> None:
    assert loop.page("").status == 404
    assert loop.page("metrics/x").status == 404


def test_a_port_that_is_taken_is_said_with_the_setting_to_change() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(Misuse, match=f"port {port} .*JEJAK_METRICS_PORT"),
            watched(Vitals("recorder"), "127.0.0.1", port),
        ):
            pass
