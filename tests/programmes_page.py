"""docs/programmes.md as data: the tables that the page shows, read without the product's code."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "programmes.md"
ANY_OTHER = "Any other programme"


@dataclass(frozen=True)
class Way:
    """An event, and what it must say, to enter a state."""

    event: str
    said: tuple[tuple[str, str], ...]
    last: bool


@dataclass(frozen=True)
class State:
    """A row: `entered_by` is its text, `ways` the same taken apart."""

    rank: int
    name: str
    entered_by: str
    kind: str

    @property
    def end(self) -> bool:
        return self.kind == "end"

    @property
    def again(self) -> bool:
        return self.kind == "step, again"

    @property
    def ways(self) -> tuple[Way, ...]:
        return tuple(map(way, self.entered_by.split(" or ")))


def way(text: str) -> Way:
    event, _, rest = text.partition(" (")
    conditions = [part for part in rest.removesuffix(")").split(", ") if part]
    said = tuple(
        (name, value) for name, _, value in (part.partition(" ") for part in conditions) if value
    )
    return Way(event, said, "last" in conditions)


@cache
def tables() -> dict[str, tuple[State, ...]]:
    """Programme code (`other` for any other) to its rows."""
    found: dict[str, list[State]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            title = line[3:]
            rows = found.setdefault("other" if title == ANY_OTHER else title.partition(":")[0], [])
        elif row := re.fullmatch(r"\| (\d+) \| ([a-z-]+) \| ([^|]+) \| ([^|]+) \|", line):
            rows.append(State(int(row[1]), row[2], row[3], row[4]))
    return {programme: tuple(rows) for programme, rows in found.items() if rows}


@cache
def outcomes() -> dict[str, str]:
    """State to what it comes to."""
    rows = re.findall(r"^\| ([a-z-]+) \| ([a-z-]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {state: outcome for state, outcome in rows if state != "state"}


def text() -> str:
    """The whole page."""
    return PAGE.read_text("utf-8")
