"""What parties' programs have sent is read for ever: bytes, events and statements as files."""

import json

import pytest
from pydantic import BaseModel

from jejak_schemas import avro, codec, framing
from jejak_schemas.events import Event
from tests import golden

every_version = pytest.mark.parametrize(
    "schema", golden.every_version(), ids=lambda schema: f"{schema.name}.v{schema.version}"
)


def read(schema: avro.Schema, value: bytes, known: framing.Framing) -> BaseModel:
    if issubclass(schema.model, Event):
        return codec.read(value, known).event
    return codec.read_as(schema.model, value, known)


class Registered:
    """A registry that holds one schema, under the golden files' id (Framing)."""

    def __init__(self, schema: avro.Schema) -> None:
        self.schema = schema

    def header_of(self, _schema: avro.Schema) -> bytes:
        return golden.REGISTRY_ID

    def schema_of(self, header: bytes) -> avro.Schema | None:
        return self.schema if header == golden.REGISTRY_ID else None


@every_version
def test_golden_bytes_of_both_framings_are_read_as_what_was_said(schema: avro.Schema) -> None:
    file = golden.held(schema)
    body = golden.undump(file["body"])
    said = schema.model.model_validate(file["said"])
    single = bytes.fromhex(file["single_object"]) + body
    confluent = bytes.fromhex(file["confluent"]) + body
    assert read(schema, single, framing.SINGLE_OBJECT) == said
    assert read(schema, confluent, Registered(schema)) == said


@every_version
def test_what_is_said_is_written_in_the_golden_bytes(schema: avro.Schema) -> None:
    file = golden.held(schema)
    assert golden.made(schema, file["said"]) == file
    newest = avro.released()[schema.name]
    if schema is newest:
        said = schema.model.model_validate(file["said"])
        assert codec.encode(said).hex(" ").startswith(file["single_object"])
        assert codec.encode(said, Registered(schema)).hex(" ").startswith(file["confluent"])


@every_version
def test_the_statement_is_the_golden_one_to_the_byte(schema: avro.Schema) -> None:
    file = golden.held(schema)
    said = schema.model.model_validate(file["said"])
    if isinstance(said, Event):
        assert json.dumps(golden.statement_of(said)) == json.dumps(file["statement"])
    else:
        assert "statement" not in file


def test_every_version_has_a_golden_file_and_no_other_is_there() -> None:
    files = {path.name for path in golden.FOLDER.glob("*.json")}
    assert files == {golden.path_of(schema).name for schema in golden.every_version()}
