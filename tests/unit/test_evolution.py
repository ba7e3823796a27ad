"""Schemas change by the gate: old bytes are read by the newest, new ones by the old.

The verdicts of Java are data: tests/data/avro-compatibility, made by tests/clients/avro-verdicts.
"""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest
from fastavro.schema import to_parsing_canonical_form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, create_model

from jejak_consumers import errors
from jejak_consumers.subscriber import Subscriber
from jejak_schemas import avro, codec, evolution, release
from jejak_schemas.compatibility import faults
from jejak_schemas.events import AssessmentPassed, Event
from jejak_schemas.newer import WithFolder
from jejak_schemas.outgoing import LearningHoursChanged, Receipt
from jejak_schemas.upcasting import fills
from tests.events import any_event
from tests.feeds import CREDENTIALS, MemoryFeed, Topic, hours

DATA = Path(__file__).parents[1] / "data/avro-compatibility"
CASES = json.loads((DATA / "cases.json").read_text("utf-8"))
JAVA = {
    verdict["name"]: verdict
    for verdict in map(json.loads, (DATA / "verdicts.jsonl").read_text("utf-8").splitlines())
}
FORMS = [json.loads(line) for line in (DATA / "forms.jsonl").read_text("utf-8").splitlines()]
# Where Java stops at a branch of a union, and at a quirk with an enum's default, ours says more.
SAID_BETTER = {"MISSING_UNION_BRANCH", "enum field missing, the enum with a default"}
OLDER = [old for name in avro.released() for old in avro.versions(name)[:-1]]
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)


# The verdict on two schemas.


def test_java_has_judged_every_case_and_no_other() -> None:
    assert [case["name"] for case in CASES] == list(JAVA)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_who_can_read_whom_is_as_java_says(case: dict[str, Any]) -> None:
    one, other, java = case["one"], case["other"], JAVA[case["name"]]
    assert (not faults(one, other)) == (not java["one_reads_other"])
    assert (not faults(other, one)) == (not java["other_reads_one"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_kinds_of_faults_are_those_of_java(case: dict[str, Any]) -> None:
    told = [kind for kind, _ in JAVA[case["name"]]["one_reads_other"]]
    if not SAID_BETTER & {case["name"], *told}:
        found = [fault.kind for fault in faults(case["one"], case["other"])]
        assert sorted(found) == sorted(told)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "faults two records deep",
            [
                "p.q.a: is string, and was written as int",
                "p.q.b: has no default, and is not among the written fields",
            ],
        ),
        (
            "union of null, record and the record grown without default",
            ["b: has no default, and is not among the written fields"],
        ),
        (
            "item of an array grown without default",
            ["l[].b: has no default, and is not among the written fields"],
        ),
        ("value of a map: another type", ["m{}: is long, and was written as string"]),
        (
            "several faults at once",
            [
                "a: is int, and was written as string",
                "c: has no default, and is not among the written fields",
            ],
        ),
    ],
)
def test_a_fault_says_where_it_is_and_why(name: str, said: list[str]) -> None:
    (case,) = [case for case in CASES if case["name"] == name]
    assert [str(fault) for fault in faults(case["other"], case["one"])] == said


@pytest.mark.parametrize("java", FORMS, ids=lambda java: java["file"])
def test_canonical_forms_and_fingerprints_are_those_of_java(java: dict[str, str]) -> None:
    plain = json.loads((DATA / "forms" / java["file"]).read_text("utf-8"))
    assert to_parsing_canonical_form(plain) == java["form"]
    assert avro.header_of(plain) == b"\xc3\x01" + bytes.fromhex(java["crc"])


# Old bytes, read by the newest.


def rewritten(encoded: bytes, newest: avro.Schema, old: avro.Schema) -> bytes:
    """The same message as somebody writes it who knows the old version only."""
    body = io.BytesIO(codec.body_of(encoded))
    plain: Any = fastavro.schemaless_reader(body, newest.reader, None)
    out = io.BytesIO(old.header)
    out.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(out, old.reader, plain)
    return out.getvalue()


@pytest.mark.parametrize("old", OLDER, ids=lambda old: f"{old.name}.v{old.version}")
@quick
@given(data=st.data())
def test_what_an_older_version_wrote_is_read_whole(old: avro.Schema, data: st.DataObject) -> None:
    newest = avro.released()[old.name]
    written = rewritten(codec.encode(data.draw(any_event(old.model))), newest, old)
    read = codec.read(written).event if issubclass(old.model, Event) else None
    message = read or codec.read_as(old.model, written)
    assert rewritten(codec.encode(message), newest, old) == written


STEPS = {
    ("AssessmentPassed", 1): fills(proctor="unknown"),
    ("LearningHoursChanged", 1): fills(note=None),
}


def grown(model: type[BaseModel], **fields: Any) -> type[BaseModel]:
    """The class as a newer Jejak has it, with more fields."""
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **fields)


NEWER = (
    grown(AssessmentPassed, proctor=(str | None, None)),
    grown(LearningHoursChanged, note=(str | None, None)),
)


def shelf_of_a_newer_jejak(folder: Path) -> avro.Shelf:
    """One class that is sent to us and one that we send: version 1 is what is spoken today."""
    texts = [(model.__name__, avro.released_text(model.__name__)) for model in NEWER]
    release.write([evolution.Version.of(name, 1, text) for name, text in texts], folder)
    planned = release.plan((), folder, NEWER, STEPS)
    assert planned.findings == ()
    release.write(planned.versions, folder)
    return avro.shelf(folder, NEWER, STEPS)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> avro.Shelf:
    return shelf_of_a_newer_jejak(tmp_path_factory.mktemp("newer"))


class TestARoadToVersionTwo:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "newer"
        folder.mkdir()
        shelf_of_a_newer_jejak(folder)
        return folder

    def later(self, folder: Path, **more: object) -> bytes:
        """A change as that newer Jejak sends it."""
        newest = avro.shelf(folder, NEWER, STEPS)["LearningHoursChanged"][-1]
        body = io.BytesIO(codec.body_of(codec.encode(hours(2))))
        plain: Any = fastavro.schemaless_reader(
            body, avro.released()["LearningHoursChanged"].reader, None
        )
        out = io.BytesIO()
        fastavro.schemaless_writer(out, newest.reader, plain | more)
        return newest.header + out.getvalue()

    @quick
    @given(data=st.data())
    def test_an_old_producer_is_understood_by_a_new_recorder(
        self, shelf: avro.Shelf, data: st.DataObject
    ) -> None:
        first, newest = shelf["AssessmentPassed"]
        event = data.draw(any_event(AssessmentPassed))
        written = rewritten(codec.encode(event), avro.released()["AssessmentPassed"], first)
        read = codec.read(written, Shelved(first, newest))
        assert read.event == newest.model.model_validate({**dict(event), "proctor": "unknown"})
        assert read.schema.sha256 == first.sha256

    def test_a_new_event_is_refused_by_an_old_recorder(self, folder: Path) -> None:
        second = avro.shelf(folder, NEWER, STEPS)["AssessmentPassed"][1]
        with pytest.raises(codec.Refusal) as refused:
            codec.read(second.header + b"\x00", WithFolder(folder))
        assert refused.value.reason == "unknown-schema"
        with pytest.raises(avro.Unusable, match="knows no message AssessmentPassed"):
            avro.foreign((folder / "AssessmentPassed.v2.avsc").read_text())

    def test_a_new_publisher_is_understood_by_an_old_subscriber_with_the_file(
        self, folder: Path, tmp_path: Path
    ) -> None:
        topic = Topic()
        topic.put(hours(1))
        topic.take(b"key", self.later(folder, note="new"))
        topic.put(hours(3))
        files = tmp_path / "files"
        files.mkdir()
        with self.subscriber(topic, tmp_path, files) as own:
            seen, changes = [], own.changes(patience=0.01)
            with pytest.raises(errors.UnknownSchema, match=f"put its .avsc file into {files}"):
                seen.extend(change.seq for change in changes)
            (folder / "LearningHoursChanged.v2.avsc").rename(files / "LearningHoursChanged.avsc")
            seen += [change.seq for change in own.changes(patience=0.01)]
        assert seen == [1, 2, 3]

    def test_a_stopped_subscriber_goes_on_with_the_message_it_could_not_read(
        self, folder: Path, tmp_path: Path
    ) -> None:
        topic = Topic()
        topic.put(hours(1))
        topic.take(b"key", self.later(folder))
        with (
            pytest.raises(errors.UnknownSchema, match="name a folder"),
            self.subscriber(topic, tmp_path) as own,
        ):
            list(own.changes(patience=0.01))
        with self.subscriber(topic, tmp_path, folder) as own:
            assert [change.seq for change in own.changes(patience=0.01)] == [2]

    def test_a_file_of_what_this_jejak_has_no_model_for_is_told_by_name(
        self, tmp_path: Path
    ) -> None:
        model = create_model("BadgeChanged", __base__=Receipt)
        (tmp_path / "BadgeChanged.v1.avsc").write_text(avro.text_of(model))
        (tmp_path / "other.avsc").write_text('"string"')
        topic = Topic()
        topic.take(b"key", avro.header_of(json.loads(avro.text_of(model))) + b"\x00" * 90)
        with (
            pytest.raises(errors.UnknownSchema, match="no message BadgeChanged"),
            self.subscriber(topic, tmp_path, tmp_path) as own,
        ):
            list(own.changes(patience=0.01))

    def subscriber(self, topic: Topic, folder: Path, schemas: Path | None = None) -> Subscriber:
        return Subscriber(
            CREDENTIALS, folder / "state", schemas=schemas, open_feed=lambda _: MemoryFeed(topic)
        )


class Shelved:
    """Single-object encoding with these schemas only (Framing)."""

    def __init__(self, *schemas: avro.Schema) -> None:
        self.schemas = {schema.header: schema for schema in schemas}

    def header_of(self, schema: avro.Schema) -> bytes:
        return schema.header

    def schema_of(self, header: bytes) -> avro.Schema | None:
        return self.schemas.get(header)


def test_a_foreign_schema_that_ours_cannot_read_is_unusable() -> None:
    text = avro.released_text("Receipt").replace('"partition"', '"part"')
    with pytest.raises(avro.Unusable, match=r"into version \d+: partition: has no"):
        avro.foreign(text)


@pytest.mark.parametrize("text", ["", "[]", '"string"', '{"type": "record"}', "{", '{"name": 1}'])
def test_what_is_no_schema_of_ours_is_unusable(text: str) -> None:
    with pytest.raises(avro.Unusable):
        avro.foreign(text)


# What is released.


def test_every_class_is_released_and_nothing_released_has_changed() -> None:
    found = evolution.check_released()
    before_the_first_release = not avro.releases()
    assert not [str(one) for one in found if not (before_the_first_release and one.rule == "draft")]


def test_no_two_schemas_of_any_version_share_a_fingerprint() -> None:
    everything = [schema for name in avro.released() for schema in avro.versions(name)]
    assert len(avro.by_header()) == len(everything)


@pytest.mark.parametrize("model", avro.MODELS, ids=lambda model: model.__name__)
def test_the_newest_schema_says_what_the_model_says(model: type[BaseModel]) -> None:
    released = json.loads(avro.released_text(model.__name__))
    assert evolution.says_the_same(released, json.loads(avro.text_of(model)))


def test_a_file_for_the_next_version_is_judged_before_it_is_released(tmp_path: Path) -> None:
    plain = json.loads(avro.released_text("Receipt"))
    file = tmp_path / "mine.avsc"
    plain["fields"].append({"name": "trace", "type": ["null", "string"], "default": None})
    file.write_text(json.dumps(plain))
    assert {one.rule for one in evolution.check_file(file)} <= {"step"}
    plain["name"] = "Unheard"
    file.write_text(json.dumps(plain))
    assert [one.rule for one in evolution.check_file(file)] == ["class"]
    file.write_text("{}")
    assert [one.rule for one in evolution.check_file(file)] == ["class"]
