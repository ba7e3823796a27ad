"""The rules are data: no number of them in code, a source for each, and no event without a word."""

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

import msgspec
import orjson

from jejak_lrs.competency import extraction, reach, ruleset
from jejak_lrs.competency.persons import word_of
from jejak_lrs.competency.profile import Profile, canonical
from jejak_schemas import events
from jejak_schemas.catalogue import CATALOGUE
from tests import world
from tests.programmes_page import tables

HOME = Path(ruleset.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "competency.md"
# The pure fold; what answers are made of has tests of its own.
FOLD = (
    "accreditation", "acts", "assess", "decrees", "extraction", "facts", "frameworks", "jp",
    "judge", "levels", "milestones", "offerings", "ownership", "persons", "pieces", "postings",
    "profile", "registry", "succession", "units",
)  # fmt: skip
# What no ruleset could change: none, one, a pair; the months and last day of a year; basis points;
# how many pieces and weights may come alike so often that their levels are held.
NO_RULE = {"*": {0, 1}, "levels": {2, 3, 8, 10_000}, "jp": {12, 31}}


def numbers_in(module: str) -> set[int | float]:
    tree = ast.parse((HOME / f"{module}.py").read_text("utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }


def test_no_number_of_the_rules_stands_in_code() -> None:
    for module in FOLD:
        assert numbers_in(module) <= NO_RULE["*"] | NO_RULE.get(module, set()), module


def tables_in(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from tables_in(each, f"{path}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from tables_in(each, f"{path}[{number}]")


def test_every_number_has_a_source_and_its_certainty() -> None:
    sourced = []
    for path, table in tables_in(tomllib.loads(ruleset.shipped())):
        if "source" in table:
            sourced.append(path)
            ours = "our default" in table["source"]
            assert table["certainty"] in ("high", "medium", "low", "default"), path
            assert ours or table["certainty"] != "default", path
        numbers = [key for key, each in table.items() if type(each) is int]
        inside = any(path.startswith(above) for above in sourced)
        assert not numbers or inside, (path, numbers)


def test_a_second_ruleset_changes_results_from_its_date_and_not_before() -> None:
    """Strength, recency, cap, validity, dispute and hours at once."""
    changed = world.document(
        ("strength = 6000", "strength = 2000"), ("until_month = 24", "until_month = 6"),
        ("provider_cap = 8000", "provider_cap = 4000"), ("valid_months = 36", "valid_months = 1"),
        ('form = "9", national = 400', 'form = "9", national = 900'), ("levels_apart = 2",
        "levels_apart = 5"), ("a_month = 2", "a_month = 1"),
    )  # fmt: skip
    decreed = [*world.usual(), world.rules(changed, "2025-01-01", "2025.1")]

    def shown(*said: Any, on: str) -> tuple[int | None, int | None, bool, int]:
        profile = world.profile(*said, decreed=decreed)
        jp = sum(year.jp for year in profile.hours.years)
        return (
            world.indicated(profile, on), world.asserted(profile, on),
            world.disputed(profile, on), jp,
        )  # fmt: skip

    old = [
        world.passed("2024-06-01"), world.attended("2024-06-01", form="9"),
        world.assessed("2024-05-01", 4), world.assessed("2024-06-02", 2, party="balai"),
        world.coached("2024-06-01"), world.coached("2024-06-02"),
    ]  # fmt: skip
    assert shown(*old, on="2024-12-31") == (4, 2, True, 800)
    assert shown(*old, on="2025-01-01") == (2, None, False, 800)
    new = [
        world.passed("2025-02-01"), world.attended("2025-02-01", form="9"),
        world.coached("2025-02-01"), world.coached("2025-02-02"),
    ]  # fmt: skip
    assert shown(*new, on="2025-03-01") == (1, None, False, 1100)


def test_a_bad_ruleset_is_never_in_force() -> None:
    registry = world.registry([world.rules(), world.rules("version = 1", "2020-01-01")])
    found = registry.rules_on(date(2026, 1, 1))
    assert found is not None
    assert found.version == "2026.1"


# -- every event has a rule, or its reason -------------------------------------------------------


def speaking() -> set[str]:
    """The events that change some profile."""
    in_programmes = {way.event for table in tables().values() for one in table for way in one.ways}
    joining = {
        name
        for name, event in (("PersonMerged", world.merged(world.PERSON, world.ASSESSOR)),
                            ("PersonSplit", world.split(world.registered())))
        if word_of(event) is not None
    }  # fmt: skip
    return extraction.SAYING | reach.REACHING | in_programmes | joining


def silent_by_the_page() -> dict[str, str]:
    _, _, section = PAGE.read_text("utf-8").partition("## Events that say nothing about a profile")
    rows = re.findall(r"^\| ([A-Z]\w+) \| (.+) \|$", section.partition("\n## ")[0], re.MULTILINE)
    return dict(rows)


def test_every_event_has_a_rule_or_stands_on_the_page_with_its_reason() -> None:
    every = {entry.name for entry in CATALOGUE}
    assert set(silent_by_the_page()) == every - speaking()
    assert all(len(reason) > 15 for reason in silent_by_the_page().values())


def test_what_stands_there_says_nothing() -> None:
    for name in silent_by_the_page():
        event = getattr(events, name)
        assert event.__name__ not in extraction.SAYING
        assert event.__name__ not in reach.REACHING


# -- the profile as JSON -------------------------------------------------------------------------


def keys_of(model: Any, path: str = "") -> Iterator[str]:
    """Every key of the canonical JSON, as docs/competency.md writes it."""
    for field in msgspec.structs.fields(model):
        inner = next((one for one in get_args(field.type) if is_struct(one)), None)
        name = f"{path}.{field.encode_name}".removeprefix(".")
        if is_struct(field.type):
            yield name
            yield from keys_of(field.type, name)
        elif inner is not None:
            yield f"{name}[]"
            yield from keys_of(inner, f"{name}[]")
        else:
            yield name


def is_struct(one: object) -> bool:
    return isinstance(one, type) and issubclass(one, msgspec.Struct)


def test_the_page_lists_every_key_of_a_profile_and_no_other() -> None:
    _, _, section = PAGE.read_text("utf-8").partition("## The profile, as JSON")
    rows = re.findall(r"^\| (`[^|]+`) \|", section.partition("\n## ")[0], re.MULTILINE)
    listed = [key for row in rows for key in re.findall(r"`([^`]+)`", row)]
    assert sorted(listed) == sorted(keys_of(Profile))
    assert len(listed) == len(set(listed))


def test_the_fields_stand_in_the_order_of_their_keys() -> None:
    """So that a profile is written sorted, in one pass."""
    said = [world.course("2024-03-01", form="3"), world.assessed("2024-02-01"),
            world.certificate("2024-02-01"), world.finished("2024-02-01"),
            world.rostered("2060", "2014-01-01"), world.separated("2026-01-01")]  # fmt: skip
    document = canonical(world.profile(*said))
    assert document == orjson.dumps(orjson.loads(document), option=orjson.OPT_SORT_KEYS)


# -- the page's numbers --------------------------------------------------------------------------


def test_the_pages_table_of_classes_is_the_rulesets_and_the_catalogues() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \| (\d+) \| (\d) \|$", PAGE.read_text("utf-8"),
                      re.MULTILINE)  # fmt: skip
    shown = {
        name.replace(" ", "-"): (int(strength), int(level)) for name, _, strength, level in rows
    }
    rules = ruleset.parse(ruleset.shipped())
    assert shown == {
        name: (one.strength, one.up_to_level) for name, one in rules.classes.of.items()
    }
    for name, named, *_ in rows:
        evidence = {
            entry.name
            for entry in CATALOGUE
            if entry.evidence is not None and entry.evidence.value == name.replace(" ", "-")
        }
        assert set(re.findall(r"[A-Z]\w+", named)) == evidence - {"AssessmentFailed"}


def test_the_pages_thresholds_are_the_rulesets() -> None:
    (line,) = re.findall(r"^Thresholds: (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    shown = {int(level): int(least) for level, least in re.findall(r"(\d) needs (\d+)", line)}
    levels = ruleset.parse(ruleset.shipped()).levels.thresholds
    assert shown == levels
