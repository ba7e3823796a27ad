"""What the fuzz begins with: valid messages of every class, as their values, text and bytes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from jejak_schemas import avro
from jejak_schemas.catalogue import BY_NAME, CATALOGUE, Actor
from jejak_schemas.events import Event, StatementSubmitted
from jejak_schemas.framing import CONFLUENT_MAGIC, SINGLE_OBJECT, SINGLE_OBJECT_LENGTH, Framing
from tests import matrix
from tests.events import submitted
from tests.matrix import Path

_TURNS: Final = 4


@dataclass(frozen=True, slots=True)
class Seed:
    """One valid message, taken apart."""

    model: type[BaseModel]
    schema: avro.Schema
    values: Mapping[str, Any]  # as Avro writes them
    places: tuple[Path, ...]  # in `values`
    body: bytes
    key: bytes
    statement: Mapping[str, Any] | None  # of a StatementSubmitted, parsed
    nodes: tuple[Path, ...]  # in `statement`


class Both(Framing):
    """Single-object encoding, and a registry that knows every schema by a number."""

    def __init__(self) -> None:
        schemas = avro.by_header().values()
        self._headers = {
            schema.sha256: CONFLUENT_MAGIC + number.to_bytes(4, "big")
            for number, schema in enumerate(schemas, 1)
        }
        self._schemas = {self._headers[schema.sha256]: schema for schema in schemas}

    def header_of(self, schema: avro.Schema) -> bytes:
        """00 and the number."""
        return self._headers[schema.sha256]

    def schema_of(self, header: bytes) -> avro.Schema | None:
        """Of either framing."""
        return self._schemas.get(header) or SINGLE_OBJECT.schema_of(header)


@cache
def seeds() -> tuple[Seed, ...]:
    """Of every class that has a schema, what we send included."""
    return tuple(_seeds())


def _seeds() -> Iterator[Seed]:
    for model in avro.MODELS:
        for turn in range(_TURNS):
            yield _seed(model, _of_turn(matrix.example(model, turn), turn))
    for entry in CATALOGUE:  # what a provider may state itself, following our Profile
        if entry.actor is Actor.LEARNER and "provider" in entry.roles:
            event = entry.event.model_validate(_of_turn(matrix.example(entry.event), 0))
            yield _seed(StatementSubmitted, submitted(event).model_dump(mode="json"))


def _of_turn(example: dict[str, Any], turn: int) -> dict[str, Any]:
    if "on_behalf_of" in example:
        example["on_behalf_of"] = "other" if turn % 2 else None
    return example


def _seed(model: type[BaseModel], example: Mapping[str, Any]) -> Seed:
    values = matrix.plain(model, example)
    text = example.get("statement")
    statement = json.loads(text) if text else None
    return Seed(
        model=model,
        schema=avro.released()[model.__name__],
        values=values,
        places=tuple(paths(values)),
        body=matrix.encoded(model, values)[SINGLE_OBJECT_LENGTH:],
        key=_key(model, example),
        statement=statement,
        nodes=tuple(paths(statement)) if statement else (),
    )


def _key(model: type[BaseModel], example: Mapping[str, Any]) -> bytes:
    if not issubclass(model, Event):
        return b""
    return BY_NAME[model.__name__].key_of(model.model_validate(example)).encode()


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place within a JSON value."""
    inner = value.items() if isinstance(value, dict) else ()
    for step, part in enumerate(value) if isinstance(value, list) else inner:
        yield (*path, step)
        yield from paths(part, (*path, step))
