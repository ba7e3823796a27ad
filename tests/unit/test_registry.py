"""The framing with a schema registry, against one that speaks HTTP on loopback."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from jejak_schemas import avro, backoff, codec
from jejak_schemas.framing import SINGLE_OBJECT
from jejak_schemas.outgoing import LearningHoursChanged
from jejak_schemas.registry import (
    Access,
    BadAddress,
    NotRegistered,
    RegistryAway,
    RegistryRefuses,
    SchemaRegistry,
    client,
    framing,
    register_all,
)
from jejak_schemas.registry.access import shown
from jejak_schemas.registry.registering import subject_of, text_of
from tests.feeds import hours
from tests.schema_registry import Answer, Asked, Registry, absent, serving

CLASS = "LearningHoursChanged"
SUBJECT = subject_of(CLASS)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving(Registry()) as one:
        yield one


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry found away may be asked again at once."""
    monkeypatch.setattr(client, "_REST_SECONDS", 0.0)


@pytest.fixture
def full(registry: Registry) -> Registry:
    registry.hold_all()
    return registry


@pytest.fixture
def own(registry: Registry) -> Iterator[SchemaRegistry]:
    """A framing with that registry, which does not wait for it."""
    with framing_at(registry.url) as one:
        yield one


@contextmanager
def framing_at(where: Access | str, patience: float = 0) -> Iterator[SchemaRegistry]:
    with closing(SchemaRegistry(where, patience=patience)) as one:
        yield one


def ours(name: str = CLASS) -> avro.Schema:
    return avro.released()[name]


def text(name: str = CLASS) -> str:
    return text_of(ours(name))


def framed(number: int) -> bytes:
    return b"\x00" + number.to_bytes(4, "big")


# -- writing ------------------------------------------------------------------------------------


def test_a_message_begins_with_0_and_the_four_bytes_of_the_id(
    registry: Registry, own: SchemaRegistry
) -> None:
    registry.hold(SUBJECT, text(), 0x01020304)
    message = codec.encode(hours(1), own)
    assert message[:5] == b"\x00\x01\x02\x03\x04"
    assert message[5:] == codec.body_of(codec.encode(hours(1)))


def test_an_id_is_asked_for_once_and_no_schema_is_ever_registered_by_a_writer(
    full: Registry, own: SchemaRegistry
) -> None:
    for seq in (1, 2, 3):
        assert codec.read_as(LearningHoursChanged, codec.encode(hours(seq), own), own).seq == seq
    assert [(one.method, one.path.partition("?")[0]) for one in full.asked] == [
        ("POST", f"/subjects/{SUBJECT}")
    ]


def test_a_schema_that_is_not_registered_is_a_clear_error(
    registry: Registry, own: SchemaRegistry
) -> None:
    with pytest.raises(NotRegistered, match=f"{CLASS} version .*jejak schema register"):
        own.header_of(ours())
    registry.hold(SUBJECT, "{}")
    with pytest.raises(NotRegistered):
        own.header_of(ours())
    registry.hold(SUBJECT, text())
    assert own.header_of(ours()) == framed(2)


def test_what_was_learnt_needs_the_registry_no_more(full: Registry, own: SchemaRegistry) -> None:
    assert own.learn() == ()
    full.bent = lambda _: Answer(500, {})
    for schema in avro.released().values():
        assert own.schema_of(own.header_of(schema)) == schema


def test_learning_tells_what_the_registry_lacks(registry: Registry, own: SchemaRegistry) -> None:
    registry.hold_all()
    del registry.subjects[SUBJECT]
    assert own.learn() == (f"{CLASS} version {ours().version}",)


# -- reading ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("full")
def test_both_framings_are_read(own: SchemaRegistry) -> None:
    for encoded in (codec.encode(hours(7)), codec.encode(hours(7), own)):
        assert codec.read_as(LearningHoursChanged, encoded, own) == hours(7)


@pytest.mark.usefixtures("full")
def test_without_a_registry_confluents_framing_is_refused(own: SchemaRegistry) -> None:
    with pytest.raises(codec.Refusal, match="unknown-schema"):
        codec.read_as(LearningHoursChanged, codec.encode(hours(7), own), SINGLE_OBJECT)


def relaid(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema as another tool may lay it out: other order, no docs."""
    return {key: schema[key] for key in sorted(schema, reverse=True) if key != "doc"}


@pytest.mark.parametrize(
    "lay_out",
    [
        lambda schema: json.dumps(schema, separators=(",", ":")),
        lambda schema: json.dumps(relaid(schema), indent=1),
    ],
)
def test_a_released_schema_is_known_however_it_is_laid_out(
    registry: Registry, own: SchemaRegistry, lay_out: Callable[[Any], str]
) -> None:
    number = registry.hold(SUBJECT, lay_out(json.loads(text())), 77)
    assert own.schema_of(framed(number)) is ours()


def test_an_id_of_ours_is_looked_up_once(full: Registry, own: SchemaRegistry) -> None:
    header = framed(full.subjects[SUBJECT][0])
    assert [own.schema_of(header) for _ in range(3)] == [ours()] * 3
    assert len(full.asked) == 1


def test_a_newer_version_of_what_we_send_is_read_by_an_older_subscriber(
    registry: Registry, own: SchemaRegistry
) -> None:
    newer = json.loads(text())
    newer["fields"].append({"name": "later", "type": ["null", "string"], "default": None})
    header = framed(registry.hold(SUBJECT, json.dumps(newer)))
    message = header + codec.body_of(codec.encode(hours(3))) + b"\x02\x04ok"
    assert codec.read_as(LearningHoursChanged, message, own) == hours(3)


def test_a_version_of_an_event_that_is_not_released_is_refused(
    registry: Registry, own: SchemaRegistry
) -> None:
    newer = json.loads(text("CourseCompleted"))
    newer["fields"].append({"name": "later", "type": ["null", "string"], "default": None})
    header = framed(registry.hold(subject_of("CourseCompleted"), json.dumps(newer)))
    with pytest.raises(codec.Refusal, match="unknown-schema"):
        codec.read(header + b"\x00", own)


# -- ids that are none of ours ------------------------------------------------------------------


STRANGERS = {
    "a string": ('"string"', {}),
    "another's record": ('{"type":"record","name":"id.other.Thing","fields":[]}', {}),
    "no Avro schema": ('{"type":"nonsense"}', {}),
    "a list": ("[[[]]]", {}),
    "too deep": ('{"type":"array","items":' * 2_000 + '"int"' + "}" * 2_000, {}),
    "JSON Schema": (text(), {"schemaType": "JSON"}),
    "with references": (text(), {"references": [{"name": "a", "subject": "b", "version": 1}]}),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_the_id_of_another_schema_is_unknown_and_asked_for_once(
    registry: Registry, own: SchemaRegistry, stranger: str
) -> None:
    said, registry.extra[5] = STRANGERS[stranger]
    registry.hold("other", said, 5)
    assert [own.schema_of(framed(5)) for _ in range(3)] == [None] * 3
    assert len(registry.asked) == 1


def test_an_unknown_id_is_asked_for_again_after_a_while(
    registry: Registry, own: SchemaRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "_OTHERS_SECONDS", 0.05)
    assert own.schema_of(framed(1)) is None
    assert own.schema_of(framed(1)) is None
    registry.hold(SUBJECT, text(), 1)
    assert len(registry.asked) == 1
    time.sleep(0.06)
    assert own.schema_of(framed(1)) is ours()


def test_made_up_ids_cannot_make_us_hammer_the_registry(
    full: Registry, own: SchemaRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "_MOST_OTHERS", 5)
    own.learn()
    full.asked.clear()
    for number in range(1_000_000, 1_000_500):
        assert own.schema_of(framed(number)) is None
    assert len(full.asked) == 5
    assert own.schema_of(framed(full.subjects[SUBJECT][0])) is ours()


@pytest.mark.parametrize("number", [0, 2**31, 2**32 - 1])
def test_an_id_that_no_registry_gives_is_not_asked_for(
    registry: Registry, own: SchemaRegistry, number: int
) -> None:
    assert own.schema_of(framed(number)) is None
    assert registry.asked == []


# -- a registry that is away, or answers wrongly --------------------------------------------------

WRONG = {
    "HTML": Answer(200, b"<html>Sign in to the network</html>"),
    "nothing": Answer(200, b""),
    "no content": Answer(204, b""),
    "half": Answer(200, b'{"schema": "'),
    "a list": Answer(200, []),
    "a number": Answer(200, 3),
    "null": Answer(200, None),
    "too deep": Answer(200, b"[" * 100_000),
    "another object": Answer(200, {"hello": "world"}),
    "a schema that is no text": Answer(200, {"schema": {"type": "string"}}),
    "a schema that is no JSON": Answer(200, {"schema": "<html>"}),
    "not found, by another server": Answer(404, b"<html>no such page</html>"),
    "not found, with no code": Answer(404, {"error_code": 0, "message": "no such path"}),
    "not found, in words only": Answer(404, {"error_code": "40403"}),
    "a fault": Answer(500, {"error_code": 50001, "message": "store error"}),
    "busy": Answer(429, b""),
    "elsewhere": Answer(302, b"", {"Location": "http://127.0.0.1:9/"}),
    "too large": Answer(200, {"schema": "x" * client.LARGEST_ANSWER}),
    "packed, unasked": Answer(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    "cut off": Answer(200, b"{}", {"Content-Length": "99", "Connection": "close"}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_is_no_answer(registry: Registry, own: SchemaRegistry, wrong: str) -> None:
    registry.bent = lambda _: WRONG[wrong]
    with pytest.raises(RegistryAway) as raised:
        own.schema_of(framed(9))
    assert "html" not in str(raised.value)
    registry.bent = lambda _: None
    registry.hold(SUBJECT, text(), 9)
    assert own.schema_of(framed(9)) is ours()


@pytest.mark.parametrize("number", ["7", True, 7.5, 0, -1, 2**31, 2**40, None, [7], {}])
def test_an_id_that_is_none_is_a_wrong_answer(
    registry: Registry, own: SchemaRegistry, number: object
) -> None:
    said = {"subject": SUBJECT, "version": 1, "id": number, "schema": text()}
    registry.bent = lambda _: Answer(200, said)
    with pytest.raises(RegistryAway, match="does not answer as a schema registry does"):
        own.header_of(ours())


def test_a_redirect_is_not_followed(registry: Registry, own: SchemaRegistry) -> None:
    with serving(Registry()) as elsewhere:
        there = {"Location": f"{elsewhere.url}/schemas/ids/9"}
        registry.bent = lambda _: Answer(307, b"", there)
        with pytest.raises(RegistryAway, match="HTTP status 307"):
            own.schema_of(framed(9))
    assert elsewhere.asked == []


def test_a_registry_that_is_not_there_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = pytest.raises(RegistryAway, match=f"http://127.0.0.1:{port} does not answer")
    with framing_at(f"http://127.0.0.1:{port}") as own, away:
        own.header_of(ours())


def test_a_registry_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with framing_at(url) as own, pytest.raises(RegistryAway, match="ReadTimeout"):
            own.schema_of(framed(1))


def test_an_answer_that_drips_is_not_waited_for(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_ANSWER_SECONDS", -1.0)
    with framing_at(registry.url) as own, pytest.raises(RegistryAway, match="ReadTimeout"):
        own.schema_of(framed(1))


@pytest.mark.parametrize("bad", [Answer(503, b""), Answer(200, b"garbage")])
def test_a_registry_is_asked_again_until_it_answers(registry: Registry, bad: Answer) -> None:
    registry.hold(SUBJECT, text())
    failing = iter([bad, bad])
    registry.bent = lambda _: next(failing, None)
    with framing_at(registry.url, 5) as own:
        assert own.header_of(ours()) == framed(1)
    assert len(registry.asked) == 3


def test_asking_again_ends_with_patience(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.bent = lambda _: Answer(503, b"")
    monkeypatch.setattr(backoff, "pause", lambda *_: 2.0)
    with framing_at(registry.url, 3) as own, pytest.raises(RegistryAway, match="status 503"):
        own.header_of(ours())
    assert len(registry.asked) == 2  # a third would come after four seconds


def test_many_that_wait_for_a_registry_do_not_wait_in_a_row(
    registry: Registry, own: SchemaRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_REST_SECONDS", 3600.0)
    registry.bent = lambda _: Answer(503, b"")
    for number in range(1, 50):
        with pytest.raises(RegistryAway, match="status 503"):
            own.schema_of(framed(number))
    assert len(registry.asked) == 1


# -- signing in -----------------------------------------------------------------------------------

USER, PASSWORD = "siti", "rahasia sekali"
HELLO = "Basic c2l0aTpyYWhhc2lhIHNla2FsaQ=="  # siti:rahasia sekali


@pytest.mark.parametrize("written", ["in the URL", "beside it"])
def test_a_user_signs_in_and_the_password_shows_nowhere(
    registry: Registry, written: str, caplog: pytest.LogCaptureFixture
) -> None:
    registry.bent = lambda _: Answer(401, {"error_code": 401, "message": PASSWORD})
    url = registry.url.replace("//", "//siti:rahasia%20sekali@")
    access = Access.of(url) if written == "in the URL" else Access.of(registry.url, USER, PASSWORD)
    refused = pytest.raises(RegistryRefuses)
    with caplog.at_level(0), framing_at(access, 5) as own, refused as raised:
        own.header_of(ours())
    assert [one.authorization for one in registry.asked] == [HELLO]
    said = f"{raised.value} {access} {access!r} {caplog.text} {shown(url)}"
    assert "rahasia" not in said
    assert USER in str(raised.value)


NO_URLS = ["", "registry:8081", "ftp://a", "http://", "https://a:b@:1", "http://h:99999", ","]


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadAddress, match=r"http\(s\)://host") as raised:
        SchemaRegistry(url)
    assert not url or url not in str(raised.value)


def test_several_urls_are_tried_in_turn(full: Registry) -> None:
    with framing_at(f"http://127.0.0.1:9,{full.url}/") as own:
        assert own.schema_of(framed(full.subjects[SUBJECT][0])) is ours()


# -- the operator's act ---------------------------------------------------------------------------


def test_every_released_version_is_registered_in_order_under_its_own_subject(
    registry: Registry,
) -> None:
    done = register_all(registry.url)
    assert (done.subjects, done.new) == (len(avro.released()), done.versions)
    assert registry.compatibility == dict.fromkeys(registry.subjects, "FULL_TRANSITIVE")
    for name in avro.released():
        held = [registry.texts[number] for number in registry.subjects[f"id.jejak.events.{name}"]]
        assert held == [text_of(one) for one in avro.versions(name)]


def test_a_subject_is_ruled_before_it_gets_a_second_version(registry: Registry) -> None:
    register_all(registry.url)
    name = max(avro.released(), key=lambda one: len(avro.versions(one)))
    steps = [
        (one.method, one.path.rpartition("/")[2].partition("?")[0])
        for one in registry.asked
        if subject_of(name) in one.path
    ]
    put = ("POST", "versions")
    assert steps[1:3] == [put, ("PUT", subject_of(name))]
    assert steps.count(put) == len(avro.versions(name))


def test_an_incompatible_subject_is_a_clear_error(registry: Registry) -> None:
    def refuse(asked: Asked) -> Answer | None:
        return Answer(409, {"error_code": 409}) if "/versions" in asked.path else None

    registry.bent = refuse
    with pytest.raises(RegistryRefuses, match="does not take this schema"):
        register_all(registry.url)


def test_registering_with_a_registry_that_is_away_says_so() -> None:
    with pytest.raises(RegistryAway):
        register_all("http://127.0.0.1:9", patience=0)


# -- the plain install ----------------------------------------------------------------------------


def test_the_library_is_needed_only_where_a_registry_is_used() -> None:
    program = """
import sys
sys.modules["confluent_kafka"] = None
import jejak_producers, jejak_consumers.subscriber, jejak.cli
from jejak_schemas.registry import NotInstalled, SchemaRegistry
try:
    SchemaRegistry("http://127.0.0.1:9")
except NotInstalled as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "a schema registry needs: pip install 'jejak[registry]'\n", done.stderr


def test_an_absent_id_of_another_code_is_unknown_too(
    registry: Registry, own: SchemaRegistry
) -> None:
    registry.bent = lambda _: absent(40402)
    assert own.schema_of(framed(4)) is None
