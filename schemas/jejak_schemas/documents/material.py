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


class Lacking(LookupError):  # noqa: N818  says what is to be done
    """A class, a part, a field or a code has no words yet; names the table that wants them."""


@cache
def table(name: str) -> dict[str, Any]:
    """One of the tables, as its file holds it."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def _row(name: str, key: str) -> dict[str, Any]:
    if key not in table(name):
        raise Lacking(f"documents/{name}.toml has no [{key}] yet")
    found: dict[str, Any] = table(name)[key]
    return found


def word_of(name: str, section: str, key: str) -> Any:
    """What one of the tables says of something in one of its sections."""
    words = table(name)[section]
    if key not in words:
        raise Lacking(f"documents/{name}.toml has no {key} in [{section}] yet")
    return words[key]


def sentence_of(model: type[BaseModel]) -> Meaning:
    """What a class or a part is; the English is its docstring, unless the table has its own."""
    name = model.__name__
    words = table("parts").get(name) or _row("classes", name)
    return Meaning(words.get("en") or " ".join((model.__doc__ or "").split()), words["id"])


def readers_of(name: str) -> tuple[Reader, ...]:
    """The rules that read an event of this class."""
    keys = _row("classes", name).get("read_by", ())
    return tuple(Reader(**_row("readers", key)) for key in keys)


def meaning_of(model: type[BaseModel], name: str) -> Meaning:
    """What a field means in a class: the nearest base that has its own word, else every class's."""
    special = table("fields")["of"]
    for base in model.__mro__:
        if name in special.get(base.__name__, {}):
            return Meaning(**special[base.__name__][name])
    return Meaning(**word_of("fields", "every", name))


def types() -> dict[str, TypeWords]:
    """The types of fields, by the name of their alias."""
    return {name: TypeWords(**words) for name, words in table("types").items()}


def refusals_of(model: type[BaseModel]) -> list[Refused]:
    """What is refused beyond single fields: of the class itself, then of its bases."""
    rows = table("refused")
    return [Refused(**row) for base in model.__mro__ for row in rows.get(base.__name__, ())]


def example_of(name: str) -> dict[str, Any]:
    """The example of a class, as its JSON file holds it."""
    path = FOLDER / "examples" / f"{name}.json"
    if not path.exists():
        raise Lacking(f"documents/examples/ has no {name}.json yet")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def shown_of(code: str) -> Shown:
    """How a reason or a warning comes about."""
    return Shown(**(table("warnings").get(code) or _row("reasons", code)))
