"""Every worked example of docs/competency.md holds."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jejak_lrs.competency.profile import Profile
from jejak_schemas.events import Event
from tests import world

PAGE = Path(__file__).parents[2] / "docs" / "competency.md"
LENDERS = {"a": "prov", "b": "prov", "c": "lain", "d": "lain"}
SAID = {
    "course": (world.course, {}),
    "visit": (world.visit, {}),
    "project": (world.evaluated, {}),
    "failed-project": (world.evaluated, {"outcome": "failed"}),
    "test": (world.passed, {}),
    "certificate": (world.certificate, {}),
}


@dataclass(frozen=True)
class Example:
    """An example of the page: what happened, and what days show."""

    happened: tuple[str, ...]
    shown: tuple[str, ...]


def examples() -> list[Example]:
    found = re.findall(r"```example\n(.*?)\n---\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)
    return [Example(tuple(a.splitlines()), tuple(b.splitlines())) for a, b in found]


def said(line: str, before: list[Event]) -> Event:
    on, kind, who, *rest = line.split()
    options = dict(word.split("=") for word in rest if "=" in word)
    level = next((int(word) for word in rest if word.isdigit()), None)
    if kind == "void":
        return world.voided(before[int(who[1:]) - 1], on, options.get("by", "prov"))
    if kind == "assessed":
        return world.assessed(on, level or 0, party=who, until=options.get("until"))
    if kind == "coached":
        return world.coached(on, **options)
    make, given = SAID[kind]
    fields: dict[str, Any] = {"party": LENDERS.get(who, "prov"), **given, **options}
    return make(on, None if who == "-" else who, level, **fields)  # type: ignore[operator]


def shows(profile: Profile, line: str) -> bool:
    on, what, *value = line.split()
    if what == "jp":
        jp = sum(year.jp for year in profile.hours.years if year.starts.year == int(on))
        return f"{jp // 100}.{jp % 100:02}" == value[0]
    if what in ("disputed", "undisputed"):
        return world.disputed(profile, on) == (what == "disputed")
    look = {"indicated": world.indicated, "asserted": world.asserted}[what]
    return str(look(profile, on) or "none") == value[0]


@pytest.mark.parametrize("example", examples(), ids=lambda one: "; ".join(one.happened))
def test_the_example_holds(example: Example) -> None:
    happened: list[Event] = []
    for line in example.happened:
        happened.append(said(line, happened))
    profile = world.profile(*happened)
    assert [line for line in example.shown if not shows(profile, line)] == []


def test_the_page_has_examples() -> None:
    assert len(examples()) > 30
