"""The words that no model holds: what fields mean, who reads an event, how reasons come about.

Each table says in its first lines how it is meant.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Meaning:
    """What something means, in English and Indonesian."""

    en: str
    id: str

    @property
    def first(self) -> "Meaning":
        """Its first sentence."""
        return Meaning(*(f"{text.partition('. ')[0].rstrip('.')}." for text in (self.en, self.id)))


@dataclass(frozen=True, slots=True)
class TypeWords:
    """A type of field: its name, how it is written in JSON, what is asked of it, its unit."""

    words: str
    json: str
    rule: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """A rule that reads an event, and the page of docs/ that tells it."""

    en: str
    page: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What makes a class or part impossible, and a change to its example that does it."""

    reason: str
    why: str
    change: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """How a reason or warning comes about: in words, or by a change to an event's example."""

    shown: str = ""
    event: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    long: str = ""
    field: str = ""


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def sentence_of(model: type[BaseModel]) -> Meaning:
    """What a class or a part is; the English is its docstring, unless the table has its own."""
    words = _table("classes").get(model.__name__) or _table("parts")[model.__name__]
    return Meaning(words.get("en") or " ".join((model.__doc__ or "").split()), words["id"])


def readers_of(name: str) -> tuple[Reader, ...]:
    """The rules that read an event of this class."""
    table = _table("readers")
    return tuple(Reader(**table[key]) for key in _table("classes")[name].get("read_by", ()))


def meaning_of(model: type[BaseModel], name: str) -> Meaning:
    """What a field means in a class: the nearest base that has its own word, else every class's."""
    special = _table("fields")["of"]
    for base in model.__mro__:
        if name in special.get(base.__name__, {}):
            return Meaning(**special[base.__name__][name])
    return Meaning(**_table("fields")["every"][name])


def types() -> dict[str, TypeWords]:
    """The types of fields, by the name of their alias."""
    return {name: TypeWords(**words) for name, words in _table("types").items()}


def refusals_of(model: type[BaseModel]) -> list[tuple[str, Refused]]:
    """What is refused beyond single fields: of the class itself and of each base, by its name."""
    table = _table("refused")
    return [
        (base.__name__, Refused(**row))
        for base in model.__mro__
        for row in table.get(base.__name__, ())
    ]


def example_of(name: str) -> dict[str, Any]:
    """The example of a class, as its JSON file holds it."""
    text = (FOLDER / "examples" / f"{name}.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def shown_of(code: str) -> Shown:
    """How a reason or a warning comes about."""
    return Shown(**(_table("reasons").get(code) or _table("warnings")[code]))
