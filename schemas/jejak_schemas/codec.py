"""Events to bytes and back: Avro single-object encoding. Source: Avro 1.12, "Single-object".

`read` never lets an exception of a library out: whatever is wrong becomes `Refusal` with a
reason of `reasons.REASONS` and, where it can be told, the field.
"""

import contextlib
import io
import json
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import zip_longest
from typing import Final, TypeVar, cast
from uuid import UUID

import fastavro
from pydantic import BaseModel, ValidationError

from jejak_schemas import avro, binary, checking, reading, sure
from jejak_schemas.catalogue import BY_NAME, Entry
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.framing import SINGLE_OBJECT, Framing, header_length
from jejak_schemas.plain import Said, values_of
from jejak_schemas.reasons import REASONS
from jejak_schemas.wire import FORMS, FROM_WIRE, holds_nip

LARGEST: Final = 64 * 1024  # bytes of an event on the wire; what we send may be larger
M = TypeVar("M", bound=BaseModel)


class Refusal(Exception):  # noqa: N818  the glossary's word: a refusal is an outcome
    """A message refused: `reason` of the closed list, `field`, `detail` without any value of it."""

    def __init__(self, reason: str, field: str | None = None, detail: str = "") -> None:
        super().__init__(f"{reason}: {field}: {detail}" if field else f"{reason}: {detail}")
        self.reason = reason
        self.field = field
        self.detail = detail or REASONS[reason].en
        self.event_id: UUID | None = None


@dataclass(slots=True)
class Read:
    """An event as read: the schema it was written in, its Avro body, and what it says.

    `said` is in the terms of the newest version of its class. Body and said show NIPs.
    """

    schema: avro.Schema
    body: bytes = field(repr=False)
    said: Said = field(repr=False)

    @property
    def entry(self) -> Entry:
        """The event's row in the catalogue."""
        return BY_NAME[self.schema.name]

    @property
    def event(self) -> Event:
        """The event itself, made anew."""
        return cast("Event", _validated(self.schema.model, self.said))


def encode(model: BaseModel, framing: Framing = SINGLE_OBJECT) -> bytes:
    """A message with the newest released schema, framed.

    Raises Refusal(wrong-type) where a value has no wire form (a sealed alias).
    """
    schema, write = _writing(type(model))
    header = framing.header_of(schema)
    try:
        return header + write(model)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise Refusal("wrong-type", None, "has no form on the wire") from exc


@cache
def _writing(model: type[BaseModel]) -> tuple[avro.Schema, binary.Write]:
    """The newest released schema of a class, and what writes a body with it."""
    schema = avro.released()[model.__name__]
    return schema, binary.writer_of(json.loads(avro.released_text(model.__name__)))


def body_of(encoded: bytes) -> bytes:
    """The Avro body of a message of either framing."""
    return encoded[header_length(encoded) :]


def read(value: bytes | None, framing: Framing = SINGLE_OBJECT) -> Read:
    """One message to one event; raises Refusal."""
    if value is not None and len(value) > LARGEST:
        raise Refusal("too-large")
    schema, body = _unframed(value, framing)
    return Read(schema, body, _reading(schema)(body))


@cache
def _reading(schema: avro.Schema) -> reading.Read:
    """What reads a body of this schema as we would write it; it raises Refusal."""
    if not issubclass(schema.model, Event):
        raise Refusal("unknown-schema", None, f"{schema.name} is not an event that may be sent")
    if schema is not avro.released().get(schema.name) or schema.model is StatementSubmitted:
        return partial(_said, schema)
    quick = _quick(schema)

    def said(body: bytes) -> Said:
        try:
            return quick(body)
        except (ValueError, IndexError):
            return _said(schema, body)  # says whether it is bad, and why

    return said


@cache
def _quick(schema: avro.Schema) -> reading.Read:
    return reading.reader_of(schema.reader, schema.model)


def _said(schema: avro.Schema, body: bytes) -> Said:
    return _checked(schema.model, _decode(schema, body))


def read_as(expected: type[M], value: bytes | None, framing: Framing = SINGLE_OBJECT) -> M:
    """One of our own messages, as a model that is an `expected`; raises Refusal."""
    schema, body = _unframed(value, framing)
    if not issubclass(schema.model, expected):
        raise Refusal("unknown-schema", None, f"{schema.name} is not a {expected.__name__}")
    return _validated(schema.model, _decode(schema, body))


def _unframed(value: bytes | None, framing: Framing) -> tuple[avro.Schema, bytes]:
    length = header_length(value) if value is not None else None
    if value is None or length is None:
        raise Refusal("unreadable")
    schema = framing.schema_of(bytes(value[:length]))
    if schema is None:
        raise Refusal("unknown-schema")
    return schema, bytes(value[length:])


def _decode(schema: avro.Schema, body: bytes) -> Said:
    source = io.BytesIO(body)
    try:
        said: Said = fastavro.schemaless_reader(  # type: ignore[assignment]
            source, schema.reader, schema.into
        )
    except UnicodeDecodeError:
        raise Refusal("invalid-utf8") from None
    except EOFError:
        raise Refusal("truncated") from None
    except Exception:  # noqa: BLE001  fastavro raises many kinds on bytes that lie
        raise Refusal("unreadable", None, "the body does not follow its schema") from None
    if source.tell() != len(body):
        raise Refusal("trailing-bytes")
    for step in schema.steps:  # none but for a body of an older version
        said = step(said)
    return said


def _checked(model: type[BaseModel], said: Said) -> Said:
    """What is said, if it is good, as we would write it; raises Refusal if it is not."""
    try:
        checking.checker_of(model).validate_python(said)
    except ValidationError:
        return values_of(_explained(model, said))
    return said


def _validated(model: type[M], said: Said) -> M:
    with contextlib.suppress(ValidationError):
        good: M = sure.reader_of(model).validate_python(said, context=FROM_WIRE)
        return good
    return _explained(model, said)


def _explained(model: type[M], said: Said) -> M:
    """The model, the ordinary way, which says whether it is bad, and why."""
    try:
        return model.model_validate(said, context=FROM_WIRE)
    except ValidationError as exc:
        refusal = refusal_of(exc)
        refusal.event_id = _readable_id(said)
        raise refusal from None


def _readable_id(said: Said) -> UUID | None:
    try:
        return UUID(said["event_id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


_REASON_OF: Final = {
    "missing": "missing",
    "extra_forbidden": "unknown-field",
    "literal_error": "unknown-code",
    "string_pattern_mismatch": "bad-format",
    "string_too_short": "missing",
    "too_short": "missing",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "string_unicode": "invalid-utf8",
}


def refusal_of(error: ValidationError) -> Refusal:
    """The first fault that pydantic found, in the contract's words; holds no value of the event."""
    first = error.errors(include_url=False)[0]
    kind = first["type"]
    reason = kind if kind in REASONS else _REASON_OF.get(kind, "wrong-type")
    if kind == "literal_error" and not isinstance(first["input"], str):
        reason = "wrong-type"
    form = str(first.get("ctx", {}).get("pattern"))  # of a text that does not have it
    return Refusal(reason, field_name(first["loc"]) or None, FORMS.get(form, first["msg"]))


_KEY: Final = "[key]"  # pydantic's word after the key of a map that is bad itself
_FORM: Final = "tuple["  # how pydantic's word for one form of a union begins
_LONGEST_NAME: Final = 64


def field_name(path: tuple[int | str, ...]) -> str:
    """`competencies[0].claimed_level` for a path of pydantic's.

    A map's bad key is left out: it is a value, and can be a NIP. So are pydantic's own words.
    """
    text = ""
    for step, after in zip_longest(path, path[1:], fillvalue=""):
        if isinstance(step, int):
            text += f"[{step}]"
        elif _KEY not in (step, after) and not step.startswith(_FORM):
            text += f".{_shown(step)}"
    return text.lstrip(".")


def _shown(name: str) -> str:
    """A name that the event gives a field: it need not be one that can be repeated."""
    if holds_nip(name):
        return "(a name that holds a NIP)"
    if len(name) > _LONGEST_NAME or not name.isprintable():
        return "(a name of no field)"
    return name
