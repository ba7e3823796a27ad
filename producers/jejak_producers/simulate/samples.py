"""The sample nation and the eighteen stories: where they lie and how a row becomes an event.

A row is one JSON object a line: `"event": "CourseCompleted"` and the fields of that class. The
row of a ruleset says `"document_file": "2026.1"` in place of the document, whose text the caller
supplies: the rules belong to the record's side, which producers do not import.
"""

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jejak_producers import plain
from jejak_schemas.events import Event
from jejak_schemas.parts import Role

Documents = Callable[[str], str]

PROGRAMMES: Final = (
    "talent-academy",
    "reformer-academy",
    "learning-marketplace",
    "outbound-business-learning",
    "pkn-ekosistem",
    "jejaring-internasional",
)
STORIES: Final = ("story", "drop-out", "failure")  # of each programme


@dataclass(frozen=True, slots=True)
class Party:
    """An institution of the nation: its code, its name, its roles."""

    code: str
    name: str
    roles: tuple[Role, ...]


@cache
def folder() -> Path:
    """Where the samples lie: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside, beside = package / "samples", package.parent / "samples"
    return inside if inside.is_dir() else beside


def nation_file(name: str) -> Path:
    """A file of the nation's registry."""
    return folder() / "nation" / name


def story_file(programme: str, story: str = STORIES[0]) -> Path:
    """A story of `STORIES` of one programme of `PROGRAMMES`."""
    return folder() / programme / f"{story}.jsonl"


def story_files() -> tuple[Path, ...]:
    """Every story of every programme, in the order in which they are played."""
    return tuple(story_file(programme, story) for programme in PROGRAMMES for story in STORIES)


def irregular_file() -> Path:
    """What is recorded and odd: a case for each rule of the exceptions report."""
    return folder() / "irregular" / "planted.jsonl"


def parties() -> tuple[Party, ...]:
    """Every institution of the nation, in the order in which they are declared."""
    with nation_file("parties.toml").open("rb") as file:
        found = tomllib.load(file)["party"]
    return tuple(Party(p["code"], p["name"], tuple(p["roles"])) for p in found)


def no_documents(name: str) -> str:
    """The caller who has no documents; raises LookupError."""
    raise LookupError(f"the document {name} was not supplied")


def event_of(row: str, documents: Documents = no_documents) -> Event:
    """The event of one line; raises BadEvent, and whatever `documents` raises."""
    fields = json.loads(row)
    if "document_file" in fields:
        fields["document"] = documents(fields.pop("document_file"))
    return plain.event_of(fields)


def row_of(event: Event) -> str:
    """The line of an event: who says what when, then its fields; empty ones are left out."""
    fields = event.model_dump(mode="json", exclude_none=True)
    filled = {name: value for name, value in fields.items() if value not in ([], {})}
    first = {name: filled.pop(name) for name in Event.model_fields if name in filled}
    return json.dumps({"event": type(event).__name__, **first, **filled}, ensure_ascii=False)


def events(path: Path, documents: Documents = no_documents) -> Iterator[Event]:
    """The events of a file of rows, in its order."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield event_of(line, documents)
