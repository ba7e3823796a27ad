"""The examples of the contract's pages, and changes made to them."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from jejak_schemas import avro, codec
from jejak_schemas.documents import material

MODELS = {model.__name__: model for model in avro.MODELS}


# What the statement of a course's example says, and what none of ours would say in its place.
NO_COURSE_OF_OURS = (
    ('"https://w3id.org/jejak/ext/form"', '"https://w3id.org/jejak/ext/later"'),
    ('"https://w3id.org/jejak/ext/party"', '"https://w3id.org/jejak/ext/sender"'),
    ('"claimed_level"', '"later"'),
    ('"2026-03-27T09:00:00.000000Z"', '"27 Maret 2026"'),
    ('"2026-03-23"', '"2026-02-30"'),
)


def example(name: str) -> BaseModel:
    """The example of a class, as its model."""
    return MODELS[name].model_validate(material.example_of(name))


def changed(
    given: Mapping[str, Any], change: Mapping[str, Any], without: Sequence[str] = ()
) -> dict[str, Any]:
    """A copy of a document with other values at dotted paths, and without some members."""
    made = copy.deepcopy(dict(given))
    for path, value in change.items():
        *steps, last = path.split(".")
        place: Any = made
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return {name: value for name, value in made.items() if name not in without}


def refusal(model: type[BaseModel], document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Reason and field ("" where none is named) with which a document is refused."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        found = codec.refusal_of(error)
        return found.reason, found.field or ""
    return None


def places(value: Any, part: str, path: str = "") -> Iterator[str]:
    """The dotted paths in a model at which an instance of a part stands."""
    if isinstance(value, BaseModel):
        if type(value).__name__ == part:
            yield path
        for name, inner in value:
            yield from places(inner, part, f"{path}.{name}".lstrip("."))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from places(inner, part, f"{path}.{number}")
