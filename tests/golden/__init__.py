"""Golden files: for every class and version one event, its bytes and its statement.

A file, once there, MUST NOT change: it is what parties' programs have sent and stored. For a new
class or version: `python -m tests.golden` writes the files that are missing, and no other.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import fastavro
from pydantic import BaseModel

from jejak_schemas import avro, codec
from jejak_schemas.events import Event
from jejak_schemas.resolve import Reference, Resolved, references, resolve
from jejak_schemas.statement import to_statement

FOLDER = Path(__file__).parent
EXAMPLES = Path(avro.__file__).parent / "documents" / "examples"
REGISTRY_ID = b"\x00\x00\x00\x00\x2a"  # Confluent's framing, as if the registry's id were 42
_ROW = 16


def every_version() -> list[avro.Schema]:
    """Every version of every class, the newest of each last."""
    return [schema for name in sorted(avro.released()) for schema in avro.versions(name)]


def path_of(schema: avro.Schema) -> Path:
    """The golden file of a version."""
    return FOLDER / f"{schema.name}.v{schema.version}.json"


def held(schema: avro.Schema) -> dict[str, Any]:
    """What the golden file of a version holds."""
    found: dict[str, Any] = json.loads(path_of(schema).read_text("utf-8"))
    return found


def made(schema: avro.Schema, said: dict[str, Any]) -> dict[str, Any]:
    """The content of a golden file: what is said, as JSON, and what becomes of it."""
    model = schema.model.model_validate(said)
    body = body_of(schema, model)
    golden = {
        "said": said,
        "single_object": schema.header.hex(" "),
        "confluent": REGISTRY_ID.hex(" "),
        "body": dump(body),
    }
    if isinstance(model, Event):
        golden["statement"] = statement_of(model)
    return golden


def body_of(schema: avro.Schema, model: BaseModel) -> bytes:
    """The Avro body that a program of that version writes."""
    newest = avro.released()[schema.name]
    plain: Any = fastavro.schemaless_reader(
        io.BytesIO(codec.body_of(codec.encode(model))), newest.reader, None
    )
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema.reader, plain)
    return out.getvalue()


def statement_of(event: Event) -> dict[str, Any]:
    """The statement, persons resolved to ids made from their references."""
    return to_statement(resolve(event, {ref: person(ref) for ref in references(event)}))


def person(reference: Reference) -> Resolved:
    """Who is behind a reference, and the commitment to it: made up, always the same."""
    kind, value = reference
    known = UUID(value) if kind == "person_id" else uuid5(NAMESPACE_URL, f"{kind}:{value}")
    return Resolved(known, hashlib.sha256(f"{kind}:{value}".encode()).hexdigest())


def dump(raw: bytes) -> list[str]:
    """Bytes as rows that a person can compare: offset, hexadecimal, what is readable."""
    return [_row(at, raw[at : at + _ROW]) for at in range(0, len(raw), _ROW)]


def _row(at: int, part: bytes) -> str:
    shown = "".join(chr(one) if 32 <= one < 127 else "." for one in part)
    return f"{at:04x}  {part.hex(' '):<47}  {shown}"


def undump(rows: list[str]) -> bytes:
    """The bytes of such rows."""
    return b"".join(bytes.fromhex(row[6:53]) for row in rows)


def write_missing() -> list[Path]:
    """Write the files of versions that have none, from the newest version's example."""
    missing = [schema for schema in every_version() if not path_of(schema).exists()]
    for schema in missing:
        said = json.loads((EXAMPLES / f"{schema.name}.json").read_text("utf-8"))
        known = {field["name"] for field in schema.reader["fields"]}
        golden = made(schema, {name: value for name, value in said.items() if name in known})
        path_of(schema).write_text(json.dumps(golden, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return [path_of(schema) for schema in missing]
