"""Gaps: a person, an agency's people, its units, the whole agency against their standards."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from jejak import views
from jejak.pictures import Picture
from jejak.reports import Reply, in_percent, picture
from jejak.sheets import Sheet
from jejak.views import Lang, NameOf
from jejak_lrs.answers.workforce import PersonGaps
from jejak_lrs.competency.gaps import Gaps, Match
from jejak_lrs.competency.overview import Overview
from jejak_lrs.competency.ruleset import Ruleset

_WHOLE: Final = 10_000
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "Kesenjangan: {whom}, {day}", "competency": "Kompetensi", "people": "Orang",
        "assessed": "Dinilai", "short": "Di bawah syarat", "jpm": "Kesesuaian (JPM) %",
        "uncapped": "JPM tanpa batas %", "coverage": "Cakupan %", "unit": "Unit",
        "none": "(tanpa unit)", "left-out": "{count} orang tanpa standar", "required": "Syarat",
        "held": "Dinyatakan", "indicated": "Ditunjukkan", "gap": "Kesenjangan",
        "not-assessed": "belum dinilai", "person": "Orang", "selection": "skala seleksi",
        "mapping": "skala pemetaan", "full": "memenuhi", "partial": "sebagian",
        "no": "belum memenuhi", "whole": "JPM {jpm}; tanpa batas {uncapped}; cakupan {coverage}",
    },
    "en": {
        "title": "Gaps: {whom}, {day}", "competency": "Competency", "people": "People",
        "assessed": "Assessed", "short": "Below required", "jpm": "Job-person match %",
        "uncapped": "Uncapped %", "coverage": "Coverage %", "unit": "Unit", "none": "(no unit)",
        "left-out": "{count} people without a standard", "required": "Required",
        "held": "Asserted", "indicated": "Indicated", "gap": "Gap",
        "not-assessed": "not assessed", "person": "Person", "selection": "selection scale",
        "mapping": "mapping scale", "full": "meets", "partial": "partly", "no": "does not meet",
        "whole": "Job-person match {jpm}; uncapped {uncapped}; coverage {coverage}",
    },
}  # fmt: skip


def sums(match: Match, rules: Ruleset | None) -> dict[str, Any]:
    """A match for a program: its sums, what follows from them, and where each scale puts it."""
    grades = {
        name: scale.grade(match.jpm)
        for name, scale in (rules.scales if rules else {}).items()
        if match.jpm is not None
    }
    return {
        **asdict(match),
        "jpm": match.jpm,
        "uncapped": match.uncapped,
        "coverage": match.coverage,
        "scales": grades,
    }


def of_agency(found: Overview, names: NameOf, lang: Lang, rules: Ruleset | None) -> Reply:
    """An agency, competency by competency."""
    words = WORDS[lang]
    matches = found.by_competency()
    rows = [(names(competency), *_numbers(match)) for competency, match in matches.items()]
    sheet = Sheet(_title(found, words), (words["competency"], *_heads(words)), rows)
    return Reply(_document(found, rules), sheet, _agency(found, names, lang, rules))


def of_units(found: Overview, lang: Lang, rules: Ruleset | None) -> Reply:
    """An agency, unit by unit."""
    words = WORDS[lang]
    rows = [
        (unit or words["none"], found.people[unit], *_numbers(match)[1:])
        for unit, match in found.by_unit().items()
    ]
    sheet = Sheet(_title(found, words), (words["unit"], *_heads(words)), rows)
    return Reply(_document(found, rules), sheet, picture(sheet, _whole(found.match, lang, rules)))


def of_people(
    agency: str, people: Iterable[PersonGaps], names: NameOf, lang: Lang, rules: Ruleset | None
) -> Reply:
    """An agency, person by person."""
    words = WORDS[lang]
    known = list(people)
    heads = ("person", "unit", "competency", "required", "held", "indicated", "gap")
    rows = [
        (str(one.person_id), one.gaps.serving.unit, names(gap.competency), gap.required, gap.held,
         gap.indicated, gap.gap)
        for one in known
        for gap in one.gaps.gaps
    ]  # fmt: skip
    sheet = Sheet(f"{words['gap']}: {agency}", [words[head] for head in heads], rows)
    document = [{"person_id": one.person_id, **person_document(one.gaps, rules)} for one in known]
    return Reply({"agency": agency, "people": document}, sheet, picture(sheet))


def person_document(found: Gaps, rules: Ruleset | None) -> dict[str, Any]:
    """One person's gaps for a program."""
    gaps = [{**asdict(one), "gap": one.gap} for one in found.gaps]
    return {"unit": found.serving.unit, "gaps": gaps, "match": sums(found.match, rules)}


def of_person(who: str, found: Gaps, names: NameOf, lang: Lang, rules: Ruleset | None) -> Reply:
    """One person, competency by competency."""
    words = WORDS[lang]
    rows = [
        (names(one.competency), one.required, one.held, one.indicated, one.gap)
        for one in found.gaps
    ]
    heads = ("competency", "required", "held", "indicated", "gap")
    sheet = Sheet(f"{words['gap']}: {who}", [words[head] for head in heads], rows)
    shown = Picture(*sheet.columns, title=sheet.title, title_justify="left")
    for one in found.gaps:
        gap = words["not-assessed"] if one.gap is None else str(one.gap)
        shown.add_row(
            names(one.competency), views.level(one.required, "yellow"),
            views.level(one.held, "cyan"), views.level(one.indicated, "green"), gap,
        )  # fmt: skip
    line = Text(_whole(found.match, lang, rules), style="bold")
    document = {"person_id": who, **person_document(found, rules)}
    return Reply(document, sheet, Group(shown, line))


def _document(found: Overview, rules: Ruleset | None) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "day": found.day,
        "people": sum(found.people.values()),
        "left_out": sum(found.left_out.values()),
        "match": sums(found.match, rules),
        "competencies": [
            {"competency": competency, **sums(match, rules)}
            for competency, match in found.by_competency().items()
        ],
        "units": [
            {
                "unit": unit,
                "people": found.people[unit],
                "left_out": found.left_out.get(unit, 0),
                **sums(match, rules),
            }
            for unit, match in found.by_unit().items()
        ],
    }


def _title(found: Overview, words: Mapping[str, str]) -> str:
    return words["title"].format(whom=found.agency, day=found.day)


def _heads(words: Mapping[str, str]) -> list[str]:
    return [words[head] for head in ("people", "assessed", "short", "jpm", "uncapped", "coverage")]


def _numbers(match: Match) -> tuple[object, ...]:
    rates = (match.jpm, match.uncapped, match.coverage)
    return (match.wanted, match.assessed, match.short, *map(in_percent, rates))


def _agency(found: Overview, names: NameOf, lang: Lang, rules: Ruleset | None) -> RenderableType:
    words = WORDS[lang]
    heads = ("competency", "people", "assessed", "short", "jpm")
    table = Picture(
        *(words[head] for head in heads), title=_title(found, words), title_justify="left"
    )
    for competency, match in found.by_competency().items():
        share = views.bar(match.jpm or 0, _WHOLE, 16, "cyan")
        table.add_row(
            names(competency), str(match.wanted), str(match.assessed), str(match.short),
            share + Text(f" {views.percent(match.jpm)}"),
        )  # fmt: skip
    left = words["left-out"].format(count=sum(found.left_out.values()))
    return Group(table, Text(f"{_whole(found.match, lang, rules)}; {left}", style="bold"))


def _whole(match: Match, lang: Lang, rules: Ruleset | None) -> str:
    """One line: the match, and where each of the national scales, by its name, puts it."""
    words = WORDS[lang]
    rates = {"jpm": match.jpm, "uncapped": match.uncapped, "coverage": match.coverage}
    line = words["whole"].format(**{name: views.percent(rate) for name, rate in rates.items()})
    if rules is None or match.jpm is None:
        return line
    for name, scale in sorted(rules.scales.items()):
        grade = scale.grade(match.jpm)
        line += f"; {words.get(name, name)}: {words['no' if grade == 'none' else grade]}"
    return line
