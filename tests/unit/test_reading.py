"""Reading and checking in one pass is sure: what it takes, the ordinary way takes, as the same."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic_core import core_schema

from jejak_schemas import avro, binary, checking, codec, known, reading
from jejak_schemas.catalogue import CATALOGUE
from jejak_schemas.derive import schema_of
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.framing import SINGLE_OBJECT
from jejak_schemas.parts import Part
from jejak_schemas.plain import Said
from jejak_schemas.wire import Many, Names, Position, Text, Time, holds_nip
from tests import golden
from tests.events import any_event
from tests.fuzz import hostile
from tests.fuzz.corpus import seeds
from tests.fuzz.mutator import Mutator

quick = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
EVENTS = [entry.event for entry in CATALOGUE if entry.event is not StatementSubmitted]
every_event = pytest.mark.parametrize("model", EVENTS, ids=lambda model: model.__name__)


def taken(model: type[Event], body: bytes) -> Said | None:
    """What is read at once; None where it is doubted."""
    try:
        return codec._quick(avro.released()[model.__name__])(body)
    except (ValueError, IndexError):
        return None


def ordinary(model: type[Event], body: bytes) -> Said:
    """What is decoded, and then checked; raises Refusal."""
    return codec._checked(model, codec._decode(avro.released()[model.__name__], body))


def same(one: Said, other: Said) -> bool:
    """The same values, of the same types, in the same order."""
    return json.dumps(one) == json.dumps(other)


def passes(model: type[Event], body: bytes) -> bool:
    said = codec._decode(avro.released()[model.__name__], body)
    try:
        checking.checker_of(model).validate_python(said)
    except ValueError:
        return False
    return True


@every_event
@quick
@given(data=st.data())
def test_a_good_event_is_read_as_the_ordinary_way_reads_it(
    model: type[Event], data: st.DataObject
) -> None:
    body = codec.body_of(codec.encode(data.draw(any_event(model))))
    said = taken(model, body)
    assert (said is not None) == passes(model, body)
    assert said is None or same(said, ordinary(model, body))


_bends = st.lists(
    st.tuples(
        st.floats(0, 1), st.integers(0, 2), st.binary(max_size=3) | st.sampled_from(hostile.BYTES)
    ),
    min_size=1,
    max_size=3,
)


@every_event
@quick
@given(data=st.data(), bends=_bends)
def test_what_is_taken_of_bent_bytes_the_ordinary_way_takes(
    model: type[Event], data: st.DataObject, bends: list[tuple[float, int, bytes]]
) -> None:
    body = codec.body_of(codec.encode(data.draw(any_event(model))))
    for place, lost, put in bends:
        at = int(place * len(body))
        body = body[:at] + put + body[at + lost :]
    said = taken(model, body)
    assert said is None or same(said, ordinary(model, body))


def test_what_is_taken_of_the_fuzz_the_ordinary_way_takes() -> None:
    mutator = Mutator(Random(20_261_127), seeds(), (SINGLE_OBJECT,))  # noqa: S311  no secret
    took = 0
    for offset in range(10_000):
        value = mutator.message(offset).value or b""
        schema = avro.by_header().get(value[:10])
        if schema is None or schema.model not in EVENTS:
            continue
        said = taken(schema.model, value[10:])  # type: ignore[arg-type]
        took += said is not None
        assert said is None or same(said, ordinary(schema.model, value[10:]))  # type: ignore[arg-type]
    assert took > 500


@every_event
def test_a_body_that_ends_too_soon_or_too_late_is_doubted(model: type[Event]) -> None:
    body = usual(model)
    assert taken(model, body) is not None
    assert taken(model, body + b"\0") is None
    for end in range(len(body)):
        assert taken(model, body[:end]) is None


def usual(model: type[Event]) -> bytes:
    schema = avro.released()[model.__name__]
    return codec.body_of(codec.encode(model.model_validate(golden.held(schema)["said"])))


class Small(Part):
    """A part of every shape."""

    texts: Many[Text]
    names: Names
    count: Position | None
    at: Time
    sure: bool


SMALL = avro.reader_of(schema_of(Small))
HEAD, NAMES, REST = b"\2\2a\0", b"\2\4id\2b\0", b"\2\6\0\1"
FEW = reading.reader_of(SMALL, Small)


def test_every_shape_is_read() -> None:
    assert FEW(HEAD + NAMES + REST) == {
        "texts": ["a"], "names": {"id": "b"}, "count": 3, "at": 0, "sure": True,
    }  # fmt: skip
    said = FEW(b"\4\2a\2a\0" + b"\4\4id\2b\4en\2c\0" + b"\0" + hostile.varint(2**52) + b"\0")
    assert said["texts"] == ["a", "a"]
    assert list(said["names"].items()) == [("id", "b"), ("en", "c")]
    assert (said["count"], said["at"], said["sure"]) == (None, 2**52, False)


def test_a_key_that_comes_twice_counts_as_fastavro_counts_it() -> None:
    body = HEAD + b"\6\4id\2b\4en\2c\4id\2d\0" + REST
    assert list(FEW(body)["names"].items()) == [("id", "d"), ("en", "c")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" + NAMES[:-1],
        b"\1\2a\0" + NAMES + REST,  # a count below nothing
        b"\1\4\2a\0" + NAMES + REST,  # the bytes of the block before it
        b"\1\0" + NAMES + REST,
        b"\2\2a\2\2b\0" + NAMES + REST,  # a second block
        b"\2\1a\0" + NAMES + REST,  # a length below nothing
        b"\2\0\0" + NAMES + REST,  # an empty text
        b"\2\2\xff\0" + NAMES + REST,
        HEAD + b"\0" + REST,  # no name
        HEAD + b"\2\4id\2b\2\4en\2c\0" + REST,
        HEAD + NAMES + b"\4\6\0\1",  # a third branch
        HEAD + NAMES + b"\1\6\0\1",
        HEAD + NAMES + b"\x82\0\6\0\1",
        HEAD + NAMES + b"\2\5\0\1",  # -3
        HEAD + NAMES + b"\2" + b"\xff" * 9 + b"\1\0\1",  # -2**63
        HEAD + NAMES + b"\2" + b"\xff" * 70 + b"\1\0\1",
        HEAD + NAMES + b"\2\6" + hostile.varint(2**53) + b"\1",  # in the year 2255
        HEAD + NAMES + b"\2\6\0\2",
    ],
)  # fmt: skip
def test_what_is_doubted(body: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        FEW(body)


@pytest.mark.parametrize("more", [b"\x86\0", b"\x86\x80\0", b"\x86" + b"\x80" * 7 + b"\0"])
def test_a_number_may_take_more_bytes_than_it_needs(more: bytes) -> None:
    assert FEW(HEAD + NAMES + b"\2" + more + b"\0\1")["count"] == 3


@given(
    number=st.integers(-(2**63), 2**63 - 1) | st.sampled_from([2**63 - 1, -(2**63), 2**62]),
    after=st.binary(max_size=9),
)
def test_a_number_is_read_as_it_is_written(number: int, after: bytes) -> None:
    written = binary.writer_of("long")(number)
    assume(len(written) > 1)  # the function of a class reads those of one byte itself
    for read in (reading._number, reading._time):
        size, at = read(written + after, 0)
        assert (size >> 1 ^ -(size & 1), at) == (number, len(written))


@pytest.mark.parametrize("tenth", [b"\0", b"\2", b"\x7f", b"\x81\0"])
def test_a_number_of_more_than_64_bits_is_doubted(tenth: bytes) -> None:
    for read in (reading._number, reading._time):
        with pytest.raises(reading.Doubt):
            read(b"\xff" * 9 + tenth, 0)


def test_a_schema_that_lacks_a_field_of_the_model_reads_nothing() -> None:
    fields = [field for field in SMALL["fields"] if field["name"] != "count"]
    read = reading.reader_of({**SMALL, "fields": fields}, Small)
    with pytest.raises(reading.Doubt):
        read(HEAD + NAMES + b"\0\1")


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_nothing_that_names_a_person_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KNOWN", {})
    names = set()
    for model in EVENTS:
        read = reading.reader_of(avro.released()[model.__name__].reader, model)
        for seed in seeds():
            if seed.model is model:
                names |= set(names_in(read(seed.body)))
    remembered = {text for texts in known.KNOWN.values() for text in texts.values()}
    assert len(names) > 3
    assert len(remembered) > 20
    assert not names & remembered
    assert not [text for text in remembered if UUID.fullmatch(text) or holds_nip(text)]


def names_in(said: Any) -> Iterator[str]:
    """Every NIP, NRP, id of a person or other alias."""
    for inner in said if isinstance(said, list) else ():
        yield from names_in(inner)
    for name, inner in said.items() if isinstance(said, dict) else ():
        if name in ("nip", "nrp", "person_id", "value") and isinstance(inner, str):
            yield inner
        yield from names_in(inner)


def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_MOST", 2)
    texts = known.Known({"type": "str", "max_length": 1})
    assert [texts[raw] for raw in (b"a", b"b", b"a", b"c")] == ["a", "b", "a", "c"]
    assert texts == {b"c": "c"}


def test_a_text_that_is_not_good_is_not_remembered() -> None:
    texts = known.Known({"type": "str", "max_length": 1})
    for raw in (b"ab", b"\xff"):
        with pytest.raises(ValueError, match=r"at most 1|invalid start"):
            texts[raw]
    assert not texts


@pytest.mark.parametrize(("longest", "remembered"), [(512, True), (513, False), (None, False)])
def test_no_long_text_is_remembered(longest: int | None, remembered: bool) -> None:
    text = core_schema.str_schema(max_length=longest)
    check = core_schema.chain_schema([text, core_schema.str_schema()])
    assert (known.known_by(check) is not None) == remembered
    assert known.known_by(text) is None
