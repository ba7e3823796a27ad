"""The database's catalogue against what must be: tables, triggers, partitions, grants, roles.

What must be stands in one place, catalogue.txt: the catalogue of a freshly migrated database,
one line (kind, name, says) for each thing, partitions and agencies as a pattern. A test migrates a
database and compares; `make catalogue` writes the file anew.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from jejak_lrs.audit.difference import Difference
from jejak_lrs.roles import AGENCIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from jejak_lrs.database import Connection

_PARTITION = re.compile(r"\brecord_p\d+")
_BOUNDS = re.compile(r"FROM \('(\d+)'\) TO \('(\d+)'\)")
_PATTERN = "record_pN"  # how catalogue.txt writes the name of any partition
_FIRST = {  # what is the first partition's own, and how catalogue.txt has it
    "record_p0": _PATTERN,
    "FROM ('0') TO ('10000000')": "FROM ('<from>') TO ('<to>')",
    ">= 0)": ">= <start>)",
    "< 10000000)": "< <end>)",
}
_LARGEST_INT = 2**31 - 1
# The same of a generation's tables, of which the first is number 1.
_GENERATION = re.compile(r"\b(?:evidence|profile)_g(\d+)")
_NUMBERED = "_gN"
_OF_GENERATION = {"_g1": _NUMBERED, "IN (1)": "IN (<generation>)"}


class Line(NamedTuple):
    """One thing of the catalogue and what it is."""

    kind: str
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and whether all is there that the other checks read."""

    differences: tuple[Difference, ...]
    readable: bool


def compare(connection: Connection) -> Comparison:
    """The catalogue of this database against what must be."""
    found = read(connection)
    bounds = _partitions(found)
    must = {*_fixed(), *_agencies(found)}
    for name, (start, end) in bounds.items():
        must.update(_instance(line, name, start, end) for line in _pattern())
    generations = _generations(found)
    for number in generations:
        must.update(_of_generation(line, number) for line in _numbered())
    lacking, surplus = must - set(found), set(found) - must
    damaged = {"table", "column", "partition"} & {line.kind for line in lacking}
    promised = None if damaged else _partitioned_to(connection)
    without = () if damaged else _without_room(connection, generations)
    differences = (*_uncovered(bounds.values(), promised), *without, *_told(lacking, surplus))
    return Comparison(differences, readable=not damaged and bool(bounds))


def read(connection: Connection) -> list[Line]:
    """The catalogue of this database, sorted."""
    query = resources.files(__package__).joinpath("catalogue.sql").read_text("utf-8")
    return sorted(Line(*row) for row in connection.execute(query.encode()))


def written(found: Iterable[Line]) -> str:
    """A fresh database's catalogue as catalogue.txt has it."""
    return "".join("\t".join(_generalised(line)) + "\n" for line in found)


def _generalised(line: Line) -> Line:
    if _PARTITION.search(line.name):
        return _replaced(line, _FIRST)
    if _GENERATION.search(line.name):
        return _replaced(line, _OF_GENERATION)
    return line


def _replaced(line: Line, values: Mapping[str, str]) -> Line:
    kind, name, says = line
    for placeholder, value in values.items():
        name, says = name.replace(placeholder, value), says.replace(placeholder, value)
    return Line(kind, name, says)


@cache
def _lines() -> tuple[Line, ...]:
    text = resources.files(__package__).joinpath("catalogue.txt").read_text("utf-8")
    return tuple(Line(*line.split("\t")) for line in text.splitlines())


def _fixed() -> list[Line]:
    return [line for line in _lines() if not any(one in line.name for one in (_PATTERN, _NUMBERED))]


def _pattern() -> list[Line]:
    return [line for line in _lines() if _PATTERN in line.name]


def _numbered() -> list[Line]:
    return [line for line in _lines() if _NUMBERED in line.name]


def _instance(line: Line, name: str, start: int, end: int) -> Line:
    """The pattern's line for one partition; integers as PostgreSQL writes them."""
    values = {
        _PATTERN: name, "<from>": str(start), "<to>": str(end),
        "<start>": _literal(start), "<end>": _literal(end),
    }  # fmt: skip
    return _replaced(line, values)


def _of_generation(line: Line, number: str) -> Line:
    """The same of one generation."""
    return _replaced(line, {_NUMBERED: f"_g{number}", "<generation>": number})


def _literal(number: int) -> str:
    return str(number) if number <= _LARGEST_INT else f"'{number}'::bigint"


def _partitions(found: Iterable[Line]) -> dict[str, tuple[int, int]]:
    """Name and bounds [start, end) of each partition, in their order."""
    bounds = {}
    for line in found:
        named = _BOUNDS.search(line.says)
        if line.kind == "partition" and named and _PARTITION.fullmatch(line.name):
            bounds[line.name] = (int(named[1]), int(named[2]))
    return dict(sorted(bounds.items(), key=lambda item: item[1]))


def _generations(found: Iterable[Line]) -> set[str]:
    """The generations that have a table of evidence or profiles."""
    named = (_GENERATION.fullmatch(line.name) for line in found if line.kind == "partition")
    return {one[1] for one in named if one}


def _without_room(connection: Connection, generations: AbstractSet[str]) -> Iterator[Difference]:
    """The generation that is read, if it has neither table."""
    for (active,) in connection.execute("SELECT active::text FROM generation"):
        if active not in generations:
            yield Difference(f"partition evidence_g{active}", "is missing: it is read")


def _agencies(found: Iterable[Line]) -> Iterator[Line]:
    """What each agency's role must be."""
    for line in found:
        if line.kind == "role" and line.name.startswith(f"{AGENCIES}_"):
            yield Line("role", line.name, "login inherit")
            yield Line("member", f"{line.name} of {AGENCIES}", "")


def _told(lacking: set[Line], surplus: set[Line]) -> Iterator[Difference]:
    wanted: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    present: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for lines, by_name in ((lacking, wanted), (surplus, present)):
        for kind, name, says in sorted(lines):
            by_name[kind, name].append(says)
    for kind, name in sorted({*wanted, *present}, key=_rank):
        must, found = wanted[kind, name], present[kind, name]
        yield Difference(f"{kind} {name}", _difference(must, found))


def _rank(named: tuple[str, str]) -> tuple[bool, str, str]:
    """Tables and partitions first: what is said of their columns follows from them."""
    kind, name = named
    return kind not in {"table", "partition"}, kind, name


def _difference(must: list[str], found: list[str]) -> str:
    if not found:
        return "is missing: " + "; ".join(must)
    if not must:
        return "must not be: " + "; ".join(found)
    return f"is {'; '.join(found)}, must be {'; '.join(must)}"


def _partitioned_to(connection: Connection) -> int | None:
    found = connection.execute("SELECT max(partitioned_to) FROM ledger_head").fetchone()
    return None if found is None else found[0]


def _uncovered(bounds: Iterable[tuple[int, int]], promised: int | None) -> Iterator[Difference]:
    """Positions without a partition: they must be covered from 0 on, up to what the head says."""
    reached = 0
    for start, end in bounds:
        if start > reached:
            yield _hole(reached, start)
        reached = end
    if not reached or (promised is not None and promised > reached):
        yield _hole(reached, promised or 0)
    elif promised is not None and promised < reached:
        yield Difference("ledger_head", f"it says that partitions end at {promised}, not {reached}")


def _hole(start: int, end: int) -> Difference:
    upto = f" to {end - 1}" if end else ""
    return Difference(f"partition record_p{start}", f"is missing: positions {start}{upto}")
