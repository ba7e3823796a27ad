"""Every loop as a process under `jejak up`, watched over HTTP, and stopped as an operator would.

One home for all: the tests stand in the order of a day, the stops last.
"""

import json
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import promql_parser as promql
import psutil  # type: ignore[import-untyped]
import pytest
import yaml

from jejak import health, processes, provisioning, registrar, running, settings
from jejak.home import Home
from jejak_lrs import database, roles
from jejak_producers import Producer
from jejak_schemas.events import CourseCompleted
from jejak_schemas.parts import Activity, PersonRef
from tests.waiting import until
from tests.watched import get, labels_of, samples, value

pytestmark = [pytest.mark.integration, pytest.mark.kills]

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
NOW = datetime.now(UTC)
NIPS = [f"19850312201001{1 + number % 2}{number:03d}" for number in range(40)]
PARTIES = [
    provisioning.NewParty("pusdiklat", "Pusdiklat", ("provider",)),
    provisioning.NewParty("2060", "Kementerian PANRB", ("agency",)),
]


class House:
    """A home that is up with every loop."""

    def __init__(self, up: processes.Up) -> None:
        self.up = up
        self.home = up.home

    def address(self, loop: str) -> str:
        (found,) = (one for one in running.written_down(self.home) if one.name == loop)
        return f"http://127.0.0.1:{found.port}"

    def metrics(self, loop: str) -> str:
        return get(self.address(loop) + "/metrics").text

    def everything(self) -> list[str]:
        return [self.metrics(loop) for loop in processes.LOOPS]

    def settled(self) -> list[str]:
        """The same, once the recorder has looked at the inboxes that it was given."""
        until(lambda: "jejak_inbox_lag_messages{" in self.metrics("recorder"))
        return self.everything()

    def process(self, loop: str) -> processes.Loop:
        (found,) = (one for one in self.up.loops if one.name == loop)
        return found

    def lines(self, loop: str) -> list[dict[str, Any]]:
        text = (self.home.logs / f"{loop}.log").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def emit(self, count: int) -> None:
        with Producer(self.home.credentials_file("pusdiklat"), receipts=False) as producer:
            for number in range(count):
                producer.emit(completed(NIPS[number % len(NIPS)]))

    def signal(self, loop: str) -> None:
        """Tell a loop to stop."""
        process = self.process(loop).process
        assert process is not None
        process.process.terminate()

    def code(self, loop: str) -> int:
        """Wait for the code that a loop ends with."""
        process = self.process(loop).process
        assert process is not None
        return process.process.wait(60)

    def start(self, loop: str) -> None:
        """Start a loop again that has ended."""
        self.process(loop).start()
        self.up._write_down()


def completed(nip: str) -> CourseCompleted:
    return CourseCompleted(
        occurred_at=NOW - timedelta(hours=1), party="pusdiklat", form="9", duration=3600,
        learner=PersonRef(nip=nip),
        activity=Activity(id="https://pusdiklat.example/7", name={"id": "Seminar"}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = Home(tmp_path_factory.mktemp("watching") / "home")
    with processes.running(home, settings.load(home), tell=lambda _: None) as up:
        declare = registrar.declaring(up.services)
        provisioning.add_parties(up.services, home.credentials, PARTIES, declare)
        made = House(up)
        until(lambda: all(answers(made.address(loop)) for loop in processes.LOOPS))
        yield made


def answers(address: str) -> bool:
    try:
        return get(address + "/readyz").status == 200
    except OSError:
        return False


# -- metrics ------------------------------------------------------------------------------


def test_each_loop_shows_on_loopback_what_it_did(house: House) -> None:
    house.emit(100)
    until(lambda: value(house.metrics("recorder"), "jejak_handled_total", kind="recorded") == 100)
    until(lambda: value(house.metrics("publisher"), "jejak_handled_total", kind="receipts") == 100)
    until(lambda: value(house.metrics("projector"), "jejak_handled_total") >= 100)
    # At rest: nobody is behind, everything is reached.
    until(lambda: all(value(text, "jejak_lag_messages") == 0 for text in house.everything()))
    for loop in processes.LOOPS:
        text = house.metrics(loop)
        assert value(text, "jejak_loop_info", loop=loop) == 1
        assert value(text, "jejak_active") == 1
        assert value(text, "jejak_connected") == (1 if loop == "projector" else 2)
        assert value(text, "jejak_batch_seconds_count") > 0
        assert value(text, "process_resident_memory_bytes") > 10_000_000
        assert get(house.address(loop) + "/healthz").status == 200
    heads = {value(house.metrics(loop), "jejak_position", work=work)
             for loop, work in (("recorder", "recorder"), ("projector", "projector"),
                                ("publisher", "publisher-receipts"))}  # fmt: skip
    assert len(heads) == 1


def test_nothing_listens_beyond_loopback(house: House) -> None:
    for loop in processes.LOOPS:
        process = house.process(loop).process
        assert process is not None
        listening = [
            one.laddr.ip
            for one in psutil.Process(process.process.pid).net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"]


def test_status_says_where_each_loop_shows_its_metrics(house: House) -> None:
    found = health.look(house.home, house.up.services, embedded=True)
    assert found.metrics == {loop: house.address(loop) + "/metrics" for loop in processes.LOOPS}
    assert len(set(found.metrics.values())) == len(processes.LOOPS)


def test_no_label_holds_anything_that_came_in_a_message(house: House) -> None:
    works = {"recorder", "projector", "publisher-receipts", "publisher-changes",
             "publisher-newcomers", "figures", "notary", "notary-announcer"}  # fmt: skip
    for text in house.everything():
        for name, labels, _ in samples(text):
            if not name.startswith("jejak_"):
                continue
            assert labels.keys() <= {"loop", "version", "service", "error", "work", "kind", "le",
                                     "topic", "partition"}  # fmt: skip
            assert labels.get("work", "recorder") in works
            assert labels.get("topic", "jejak.inbox.2060") in {
                "jejak.inbox.pusdiklat", "jejak.inbox.2060",
            }  # fmt: skip


# -- logs ---------------------------------------------------------------------------------


def test_every_loop_logs_one_line_a_batch_and_no_person(house: House) -> None:
    for loop in processes.LOOPS:
        batches = [line for line in house.lines(loop) if line["event"] == "batch"]
        counted = value(house.metrics(loop), "jejak_batch_seconds_count")
        assert len(batches) == counted
        for line in batches:
            assert line["loop"] == loop
            assert {"work", "position", "milliseconds", "timestamp"} <= line.keys()
    logged = "".join((house.home.logs / f"{loop}.log").read_text() for loop in processes.LOOPS)
    shown = "".join(house.everything())
    assert [nip for nip in NIPS if nip in logged + shown] == []


# -- dashboard and alerts -----------------------------------------------------------------

PROMETHEUS_OWN = {"job", "instance"}  # what Prometheus adds to every sample
QUERIES: dict[str, str] = {}
for _group in yaml.safe_load((DOCKER / "prometheus/alerts.yaml").read_text())["groups"]:
    QUERIES |= {rule["alert"]: rule["expr"] for rule in _group["rules"]}
DASHBOARD = json.loads((DOCKER / "grafana/dashboards/jejak.json").read_text())
for _panel in DASHBOARD["panels"]:
    QUERIES |= {f"{_panel['title']} {one['refId']}": one["expr"] for one in _panel["targets"]}
OPTIONAL = {  # shown only when there is something to show
    "jejak_partition_stopped": {"topic": set[str](), "partition": set[str]()},
    "jejak_retries_total": {"error": set[str]()},
}


def asked(query: str) -> tuple[list[Any], set[str]]:
    """The selectors of a query, and the labels that it groups or joins by."""
    selectors: list[Any] = []
    grouped: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            selectors.append(node)
        elif isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            grouped.update(node.modifier.labels)
        return True

    promql.walk(promql.parse(query), visit)
    return selectors, grouped


def test_every_query_asks_for_metrics_and_labels_that_the_loops_show(house: House) -> None:
    shown = OPTIONAL | labels_of(house.settled()) | {"up": {}}
    assert len(QUERIES) > 20
    wrong = []
    for title, query in QUERIES.items():
        selectors, grouped = asked(query)
        assert selectors, title
        labels = PROMETHEUS_OWN.union(*(shown.get(one.name, {}) for one in selectors))
        wrong += [f"{title}: no label {label}" for label in grouped - labels]
        for one in selectors:
            if one.name not in shown:
                wrong.append(f"{title}: no metric {one.name}")
                continue
            for matcher in one.matchers.matchers:
                if matcher.name in PROMETHEUS_OWN:
                    continue
                values = shown[one.name].get(matcher.name)
                if values is None:
                    wrong.append(f"{title}: {one.name} has no label {matcher.name}")
                elif values and matcher.value not in values:
                    wrong.append(f"{title}: {one.name} never has {matcher.name}={matcher.value}")
    assert wrong == []


def test_every_text_uses_labels_that_its_query_gives() -> None:
    rules = yaml.safe_load((DOCKER / "prometheus/alerts.yaml").read_text())["groups"][0]["rules"]
    texts = [(one["expr"], one["annotations"]["summary"], r"\$labels\.(\w+)") for one in rules]
    for panel in DASHBOARD["panels"]:
        texts += [(one["expr"], one["legendFormat"], r"{{(\w+)}}") for one in panel["targets"]]
    for query, text, pattern in texts:
        _, grouped = asked(query)
        given = grouped if " by " in query else PROMETHEUS_OWN
        assert set(re.findall(pattern, text)) <= given, text


def test_the_page_for_operators_explains_every_metric(house: House) -> None:
    page = (ROOT / "docs/operating.md").read_text("utf-8")
    page = page[page.index("## Watching") : page.index("### When to worry")]
    explained = {f"jejak_{name}" for name in re.findall(r"`jejak_(\w+)[`{]", page)}
    shown = {
        re.sub(r"_(bucket|sum|count|created)$", "", name)
        for name in OPTIONAL | labels_of(house.settled())
        if name.startswith("jejak_")
    }
    assert explained == shown


def test_every_alert_names_a_part_of_the_page_for_operators() -> None:
    page = (ROOT / "docs/operating.md").read_text("utf-8")
    rules = yaml.safe_load((DOCKER / "prometheus/alerts.yaml").read_text())["groups"][0]["rules"]
    for rule in rules:
        file, _, heading = rule["annotations"]["page"].partition(", ")
        assert file == "docs/operating.md"
        assert re.search(f"^##+ {heading}$", page, re.MULTILINE), heading
        assert f"`{rule['alert']}`" in page


# -- what is away -------------------------------------------------------------------------


def test_a_loop_whose_kafka_is_away_says_so_and_recovers(house: House) -> None:
    broker = house.up.embedded.kafka
    broker.stop()
    for loop in ("recorder", "publisher"):
        address = house.address(loop)
        until(lambda address=address: get(address + "/readyz").text == "kafka away\n")  # type: ignore[misc]
        assert get(address + "/healthz").status == 200
    assert get(house.address("projector") + "/readyz").status == 200
    broker.start()
    until(lambda: all(answers(house.address(loop)) for loop in processes.LOOPS))
    for loop in ("publisher", "notary"):  # a request after these words is forgotten by the library
        assert not [line for line in house.lines(loop) if "trying to find a node" in line["event"]]


# -- stopping -----------------------------------------------------------------------------


def test_loops_that_are_told_to_stop_under_load_end_with_0(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.emit(2_000)
    for loop in processes.LOOPS:
        house.signal(loop)
    assert {loop: house.code(loop) for loop in processes.LOOPS} == dict.fromkeys(processes.LOOPS, 0)
    monkeypatch.setenv("JEJAK_STOP_SECONDS", "1")  # for the next test
    for loop in processes.LOOPS:
        assert house.lines(loop)[-1]["event"] == "stopped"
        house.start(loop)
    folded(house, 2_100)


def test_a_loop_whose_database_does_not_answer_abandons_its_batch_and_ends_with_0(
    house: House,
) -> None:
    backend = backend_of(house, "jejak projector")
    backend.send_signal(signal.SIGSTOP)
    try:
        until(lambda: since_last_turn(house, "projector") > 2.0)  # it waits for an answer
        house.signal("projector")
        assert house.code("projector") == 0
        assert house.lines("projector")[-1]["event"] == "abandoned"
    finally:
        backend.send_signal(signal.SIGCONT)
    house.start("projector")
    house.emit(10)
    folded(house, 2_110)


def since_last_turn(house: House, loop: str) -> float:
    turned = value(house.metrics(loop), "jejak_last_turn_timestamp_seconds")
    return time.time() - turned


def folded(house: House, events: int) -> None:
    """Wait until so many events are recorded, once each, and folded."""
    query = (
        "SELECT (SELECT count(*) FROM record WHERE source_kind = 'inbox'), "
        "(SELECT next_position - 1 FROM ledger_head) - "
        "(SELECT position FROM cursor WHERE follower = 'projector')"
    )
    until(lambda: ask(house, query) == [(events, 0)])


def backend_of(house: House, name: str) -> psutil.Process:
    """The PostgreSQL process that serves a loop."""
    query = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{name}'"
    until(lambda: len(ask(house, query)) == 1)
    return psutil.Process(ask(house, query)[0][0])


def ask(house: House, query: str) -> list[Any]:
    connection = database.connect(house.up.services.dsn(roles.READER))
    try:
        return connection.execute(query.encode()).fetchall()
    finally:
        connection.close()
