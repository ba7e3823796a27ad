"""The gate: how a class may change, and whether everything released still keeps to it.

A new version MUST be able to read, and be read by, every released version of its class
(FULL_TRANSITIVE); its parsing canonical form MUST be new, since the wire tells versions apart by
that form's fingerprint alone; and a step in upcasting.py MUST lead to it. Released files MUST NOT
change or go.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel

from jejak_schemas import avro
from jejak_schemas.avro import AVSC, DRAFT, LIST, MODELS, Release, Unusable, file_name
from jejak_schemas.compatibility import faults
from jejak_schemas.upcasting import STEPS, Steps

Rule = Literal["frozen", "listed", "class", "compatible", "told-apart", "step", "model", "draft"]
Models = Sequence[type[BaseModel]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: of which class or file, against which rule, in one sentence."""

    name: str
    rule: Rule
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a class, or one that wants to be: its file's text, and what follows from it."""

    name: str
    number: int
    text: str
    plain: Any
    header: bytes

    @classmethod
    def of(cls, name: str, number: int, text: str) -> Self:
        """The version whose file holds this text."""
        plain = json.loads(text)
        return cls(name, number, text, plain, avro.header_of(plain))

    def __str__(self) -> str:
        return f"{self.name} version {self.number}"


def check_released(
    folder: Path = AVSC, models: Models = MODELS, steps: Steps = STEPS
) -> list[Finding]:
    """Everything wrong with the released schemas, or between them and the models."""
    return check_files(folder) or [
        *check_history(folder, models, steps),
        *check_models(folder, models),
    ]


def check_files(folder: Path) -> list[Finding]:
    """Which files of a folder are not as its list says; the other checks read them."""
    listed = avro.releases(folder)
    return [*_unfrozen(folder, listed), *_unlisted(folder, listed)]


def check_history(folder: Path, models: Models, steps: Steps) -> list[Finding]:
    """Which released versions do not stand to each other as the gate wants it."""
    held = tuple(read(folder, avro.releases(folder)))
    return [*_classes(held, models), *_history(held, steps)]


def check_models(folder: Path, models: Models) -> list[Finding]:
    """Which models say something else than their newest released schema."""
    held = {version.name: version for version in read(folder, avro.releases(folder))}
    return [finding for model in models for finding in _model(model, held.get(model.__name__))]


def check_next(candidate: Version, held: Sequence[Version], steps: Steps = STEPS) -> list[Finding]:
    """Why a candidate cannot be the version after those held of its class; empty if it can.

    `held` is every released version of every class.
    """
    own = [version for version in held if version.name == candidate.name]
    found = [finding for older in own for finding in _between(candidate, older)]
    return [*found, *_twins(candidate, held), *_step(candidate, own, steps)]


def check_file(
    path: Path, folder: Path = AVSC, models: Models = MODELS, steps: Steps = STEPS
) -> list[Finding]:
    """Why an .avsc file cannot be the next version of its class; empty if it can.

    Raises OSError: it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
        _, name = avro.named(text)
    except (Unusable, UnicodeDecodeError) as exc:
        return [Finding(path.name, "class", str(exc))]
    held = tuple(read(folder, avro.releases(folder)))
    candidate = Version.of(name, 1 + newest(name, held), text)
    return [*_classes([candidate], models), *check_next(candidate, held, steps)]


def read(folder: Path, listed: Iterable[Release]) -> Iterator[Version]:
    """The versions on a list, from their files."""
    for one in listed:
        yield Version.of(one.name, one.version, (folder / one.file).read_text("utf-8"))


def newest(name: str, held: Iterable[Version]) -> int:
    """The number of the newest version held of a class; DRAFT where there is none."""
    return max((version.number for version in held if version.name == name), default=DRAFT)


def says_the_same(one: Any, other: Any) -> bool:
    """Whether two schemas differ in their docs at most: wording may be mended without a version."""
    return bool(avro.without("doc", one) == avro.without("doc", other))


def _unfrozen(folder: Path, listed: Sequence[Release]) -> Iterator[Finding]:
    for one in listed:
        path = folder / one.file
        if not path.exists():
            yield Finding(one.file, "frozen", f"is gone, and {LIST} has it: bring it back")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256:
            yield Finding(one.file, "frozen", f"its bytes are not those of {LIST}: bring them back")


def _unlisted(folder: Path, listed: Sequence[Release]) -> Iterator[Finding]:
    known, done = {one.file for one in listed}, {one.name for one in listed}
    for path in sorted(folder.glob("*.avsc")):
        name = path.name.rpartition(".v")[0]
        draft = path.name == file_name(name, DRAFT) and name not in done
        if path.name not in known and not draft:
            yield Finding(path.name, "listed", f"is not on {LIST}: only a release makes such files")


def _classes(held: Iterable[Version], models: Models) -> Iterator[Finding]:
    names = {model.__name__ for model in models}
    for name in sorted({version.name for version in held} - names):
        yield Finding(name, "class", "is no class of the catalogue or of what we send")


def _history(held: Sequence[Version], steps: Steps) -> Iterator[Finding]:
    """Every version against those before it, as if it were released today."""
    for name, group in groupby(held, key=lambda version: version.name):
        numbers = [version.number for version in group]
        if numbers != list(range(1, len(numbers) + 1)):
            yield Finding(
                name, "listed", f"has versions {numbers}: they count from 1, without gaps"
            )
    for at, version in enumerate(held):
        yield from check_next(version, held[:at], steps)


def _between(candidate: Version, older: Version) -> Iterator[Finding]:
    """FULL: each reads the other."""
    pairs = ((candidate, older), (older, candidate))
    for reader, writer in pairs:
        for fault in faults(reader.plain, writer.plain):
            what = f"version {reader.number} cannot read version {writer.number}: {fault}"
            yield Finding(candidate.name, "compatible", what)


def _twins(candidate: Version, held: Iterable[Version]) -> Iterator[Finding]:
    for twin in held:
        if twin.header == candidate.header:
            what = (
                f"version {candidate.number} has the fingerprint of {twin}: on the wire nobody "
                "could tell them apart, for docs, defaults, aliases and logical types do not count"
            )
            yield Finding(candidate.name, "told-apart", what)


def _step(candidate: Version, own: Sequence[Version], steps: Steps) -> Iterator[Finding]:
    before = candidate.number - 1
    if own and (candidate.name, before) not in steps:
        row = f'("{candidate.name}", {before}): {_likely_step(candidate, own[-1])},'
        what = f"no step leads to version {candidate.number}: add to upcasting.py  {row}"
        yield Finding(candidate.name, "step", what)


def _likely_step(candidate: Version, older: Version) -> str:
    known = {field["name"] for field in older.plain["fields"]}
    new = [field for field in candidate.plain["fields"] if field["name"] not in known]
    filled = ", ".join(f"{field['name']}={field.get('default')!r}" for field in new)
    return f"fills({filled})" if filled else "unchanged"


def _model(model: type[BaseModel], held: Version | None) -> Iterator[Finding]:
    name = model.__name__
    if held is None:
        yield Finding(name, "draft", f"was never released: python -m jejak_schemas.release {name}")
    elif not says_the_same(json.loads(avro.text_of(model)), held.plain):
        what = (
            f"its model says something else than version {held.number}: "
            f"python -m jejak_schemas.release {name}"
        )
        yield Finding(name, "model", what)
