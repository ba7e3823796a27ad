"""docs/contract: fresh, true, and every example in it works."""

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from jejak_lrs.competency import profile
from jejak_lrs.competency.extraction import _EXTRACTS
from jejak_lrs.competency.registry import Registry
from jejak_lrs.competency.ruleset import parse
from jejak_producers import rows
from jejak_schemas import codec
from jejak_schemas.catalogue import CATALOGUE, CHANGES_PARTIES
from jejak_schemas.documents import examples, files, material
from jejak_schemas.documents.pages import page_of
from jejak_schemas.documents.shapes import parts_of, rows_of, shape_of
from jejak_schemas.documents.shared import shared_parts
from jejak_schemas.events import Event, PersonMerged, PersonSplit, StatementSubmitted
from jejak_schemas.reasons import REASONS, WARNINGS
from tests.documents import MODELS, changed, example, places, refusal

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/contract"
RULESET = ROOT / "lrs/jejak_lrs/competency/rulesets/2026.1.toml"


@cache
def pages() -> dict[str, str]:
    return files()


# -- the pages ----------------------------------------------------------------------------


def test_the_pages_are_fresh() -> None:
    stale = [
        name
        for name, text in pages().items()
        if not (PAGES / name).is_file() or (PAGES / name).read_text("utf-8") != text
    ]
    assert not stale, "make docs"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in PAGES.iterdir()} == set(pages())


def test_every_class_has_a_page_and_stands_in_the_index() -> None:
    for name in MODELS:
        assert f"({name}.md)" in pages()["README.md"]
        assert pages()[f"{name}.md"].startswith(f"# {name}\n")


def anchors(text: str) -> set[str]:
    """The anchors of a page: its headings', as Git's hosts make them, and those set by hand."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = (re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return {*slugs, *re.findall(r'<a id="([^"]+)">', text)}


def links(text: str) -> Iterator[tuple[str, str]]:
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if not target.startswith("http"):
            file, _, anchor = target.partition("#")
            yield file, anchor


def test_every_link_leads_somewhere() -> None:
    texts = {(PAGES / name).resolve(): text for name, text in pages().items()}
    for path, text in list(texts.items()):
        for file, anchor in links(text):
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {file}"
            there = texts.setdefault(target, target.read_text("utf-8"))
            assert not anchor or anchor in anchors(there), f"{path.name}: {file}#{anchor}"


# -- examples -----------------------------------------------------------------------------


def test_every_example_is_valid_and_travels() -> None:
    for name, model in MODELS.items():
        made = example(name)
        sent = codec.encode(made)
        read = codec.read(sent).event if issubclass(model, Event) else codec.read_as(model, sent)
        assert read == made, name


def test_every_python_example_runs_and_is_the_json_example() -> None:
    for name, model in MODELS.items():
        made: dict[str, object] = {}
        exec(examples.as_python(model), made)  # noqa: S102  our own page
        assert (made.get("event") or made.get("message")) == example(name), name


def test_every_csv_example_is_read_as_the_json_example() -> None:
    shown = {name: text for name, model in MODELS.items() if (text := examples.as_csv(model))}
    assert "CourseCompleted" in shown
    for name, text in shown.items():
        (line,) = rows.read(io.BytesIO(text.encode()), name, "csv")
        assert line.event() == example(name), name


def test_the_profile_in_its_example_is_one_and_has_its_digest() -> None:
    text = material.example_of("ProfileState")["profile"]
    document = profile.canonical(profile.parse(text))
    assert document.decode() == text
    assert profile.digest(document) == material.example_of("ProfileState")["digest"]


def test_a_class_without_words_is_named_with_the_table_that_wants_them() -> None:
    class Rested(Event):
        """Somebody rested."""

        pillow: str

    with pytest.raises(material.Lacking, match=r"classes.toml has no \[Rested\]"):
        page_of(Rested)
    with pytest.raises(material.Lacking, match=r"fields.toml has no pillow in \[every\]"):
        rows_of(Rested)
    with pytest.raises(material.Lacking, match=r"profile.toml has no rested in \[verbs\]"):
        material.word_of("profile", "verbs", "rested")


# -- what the words beside the models say ---------------------------------------------------


def test_every_word_is_of_something_that_exists() -> None:
    named = {cls.__name__: cls for model in MODELS.values() for cls in model.__mro__}
    named |= {part.__name__: part for part in shared_parts()}
    for name, fields in material.table("fields")["of"].items():
        assert set(fields) <= set(named[name].model_fields), name
    used = {row.name for cls in (*MODELS.values(), *shared_parts()) for row in rows_of(cls)}
    assert set(material.table("fields")["every"]) <= used
    assert set(material.table("classes")) == set(MODELS)
    assert set(material.table("parts")) == {part.__name__ for part in shared_parts()}


def test_a_limit_is_what_the_model_refuses_beyond() -> None:
    shape = shape_of(MODELS["SecondmentStarted"].model_fields["host"].annotation)
    assert shape.name == "text"
    (host,) = (row for row in rows_of(MODELS["SecondmentStarted"]) if row.name == "host")
    assert host.shape.limits == ("1 to 400 characters",)
    given = material.example_of("SecondmentStarted")
    assert refusal(MODELS["SecondmentStarted"], {**given, "host": "x" * 400}) is None
    assert refusal(MODELS["SecondmentStarted"], {**given, "host": "x" * 401}) == (
        "too-long",
        "host",
    )


def refused_beside_fields() -> Iterator[tuple[str, material.Refused, str]]:
    """Each line of refused.toml for each class that it holds for, with the place it changes."""
    for name, model in MODELS.items():
        for refused in material.refusals_of(model):
            yield name, refused, ""
        for part in parts_of(model):
            for place in list(places(example(name), part.__name__))[:1]:
                for refused in material.refusals_of(part):
                    yield name, refused, f"{place}."


def test_what_is_refused_beyond_single_fields_is_refused() -> None:
    told = set()
    for name, refused, place in refused_beside_fields():
        change = {place + path: value for path, value in refused.change.items()}
        document = changed(material.example_of(name), change, refused.without)
        found = refusal(MODELS[name], document)
        assert found is not None, (name, refused)
        assert found[0] == refused.reason, (name, refused)
        told.add(refused.why)
    assert told == {row["why"] for rows in material.table("refused").values() for row in rows}


def test_every_rule_over_several_fields_is_told() -> None:
    told = set(material.table("refused"))
    for model in (*MODELS.values(), *shared_parts()):
        for one in model.__mro__:
            own = getattr(one, "__pydantic_decorators__", None)
            checks = own.model_validators if own else {}
            assert not any(name in vars(one) for name in checks) or one.__name__ in told, one


@pytest.mark.parametrize(("table", "closed"), [("reasons", REASONS), ("warnings", WARNINGS)])
def test_every_code_has_an_example(table: str, closed: dict[str, object]) -> None:
    assert set(material.table(table)) == set(closed)
    for code in closed:
        assert f"\n### {code}\n" in pages()["reasons.md"]


def test_each_example_of_a_reason_is_refused_for_it() -> None:
    done = 0
    for code in REASONS:
        shown = material.shown_of(code)
        if shown.event:
            change = dict(shown.change) | ({shown.long: "x" * 401} if shown.long else {})
            document = changed(material.example_of(shown.event), change, shown.without)
            assert refusal(MODELS[shown.event], document) == (code, shown.field)
            done += 1
    assert done > 10


# -- who reads an event ---------------------------------------------------------------------


def entering() -> set[str]:
    """The events that enter a state of some programme, by the ruleset."""
    steps = parse(RULESET.read_text("utf-8")).programmes.of.values()
    return {by.event for states in steps for state in states for by in state.by}


def test_a_page_names_the_rules_that_read_an_event_and_no_others() -> None:
    one_person = (PersonMerged, PersonSplit)  # competency/persons.py
    read = (*_EXTRACTS, *Registry._TAKE, *one_person, StatementSubmitted)
    folded = {kind.__name__ for kind in read}
    in_programmes = material.Reader(**material.table("readers")["programmes"])
    for entry in CATALOGUE:
        readers = set(material.readers_of(entry.name))
        assert (in_programmes in readers) == (entry.name in entering()), entry.name
        taken = entry.name in folded | CHANGES_PARTIES
        assert bool(readers - {in_programmes}) == taken, entry.name
