"""A message taken apart as far as it can be, whatever is wrong with it: for whoever must find out.

What comes out holds what the message holds, NIPs too.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import fastavro

from jejak_schemas import avro, clock
from jejak_schemas.codec import LARGEST
from jejak_schemas.framing import SINGLE_OBJECT, Framing, header_length

_MOMENTS: Final[Mapping[str, Any]] = {
    "timestamp-micros": lambda micros: clock.rfc3339(clock.moment_of(micros)),
    "date": lambda days: clock.day_of(days).isoformat(),
}


@dataclass(frozen=True, slots=True)
class Dissected:
    """What a message says, up to where it breaks. `fault` says what is wrong there, if anything."""

    schema: str | None = None
    version: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fault: str | None = None


def dissect(value: bytes | None, framing: Framing = SINGLE_OBJECT) -> Dissected:
    """Take a message apart; never raises for what the message is."""
    if value is None:
        return Dissected(fault="no value")
    if len(value) > LARGEST:
        return Dissected(fault=f"{len(value)} bytes; {LARGEST} are the most")
    length = header_length(value)
    if length is None:
        return Dissected(fault="its first bytes are no framing's")
    schema = framing.schema_of(bytes(value[:length]))
    if schema is None:
        return Dissected(fault="no released schema has this header")
    return _body(schema, bytes(value[length:]))


def _body(schema: avro.Schema, body: bytes) -> Dissected:
    """The longest run of leading fields that can be read."""
    columns = schema.reader["fields"]
    for count in range(len(columns), -1, -1):
        source = io.BytesIO(body)
        part = {"type": "record", "name": schema.reader["name"], "fields": columns[:count]}
        try:
            plain = fastavro.schemaless_reader(source, part, None)
        except Exception:  # noqa: BLE001, S112  fastavro raises many kinds on bytes that lie
            continue
        fault = None if count == len(columns) else f"{columns[count]['name']} cannot be read"
        if fault is None and (left := len(body) - source.tell()):
            fault = f"{left} bytes follow its end"
        return Dissected(schema.name, schema.version, _shown(schema, dict(plain)), fault)  # type: ignore[arg-type]
    return Dissected(schema.name, schema.version, fault="its schema cannot be used here")


def _shown(schema: avro.Schema, plain: dict[str, Any]) -> dict[str, Any]:
    """Moments and days of the outermost fields as people write them, where they are any."""
    kinds = {} if schema.into else _logical_types(schema)
    return {name: _moment(kinds.get(name), value) for name, value in plain.items()}


def _logical_types(schema: avro.Schema) -> dict[str, str]:
    columns = json.loads(avro.released_text(schema.name, schema.version))["fields"]
    kinds = {}
    for column in columns:
        of = column["type"] if isinstance(column["type"], list) else [column["type"]]
        found = [one["logicalType"] for one in of if isinstance(one, dict) and "logicalType" in one]
        if found:
            kinds[column["name"]] = found[0]
    return kinds


def _moment(kind: str | None, value: Any) -> Any:
    write = _MOMENTS.get(kind or "")
    if write is None or not isinstance(value, int):
        return value
    try:
        return write(value)
    except (OverflowError, ValueError, OSError):
        return value
