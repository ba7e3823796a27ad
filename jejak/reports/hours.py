"""Learning hours (JP) of an agency's people in a year: by person, or by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Final

from rich.table import Table
from rich.text import Text

from jejak import views
from jejak.pictures import Picture
from jejak.reports import Reply, picture
from jejak.sheets import Sheet
from jejak.views import Lang
from jejak_lrs.competency.learning import Hours, PersonHours

_UUID: Final = 36
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "title": "Jam pelajaran (JP) {year}: {agency}", "person": "Orang", "unit": "Unit",
        "kind": "Jenis", "jp": "JP", "minimum": "Paling sedikit", "ceiling": "Paling banyak",
        "people": "Orang", "below": "Di bawah paling sedikit", "passed": "Di atas paling banyak",
        "under": "Di bawah {jp} JP", "mean": "Rata-rata JP", "none": "(tanpa unit)",
        "note": "Yang bekerja di sana pada {day}, dengan jam sepanjang tahun {year}.",
    },
    "en": {
        "title": "Learning hours (JP) {year}: {agency}", "person": "Person", "unit": "Unit",
        "kind": "Kind", "jp": "JP", "minimum": "Minimum", "ceiling": "Ceiling",
        "people": "People", "below": "Below the minimum", "passed": "Above the ceiling",
        "under": "Below {jp} JP", "mean": "Mean JP", "none": "(no unit)",
        "note": "Who works there on {day}, with the hours of the whole year {year}.",
    },
}  # fmt: skip


def of_people(
    agency: str, year: int, day: date, people: Sequence[PersonHours], lang: Lang
) -> Reply:
    """Person by person, the least first: those of a day, with the whole year's hours."""
    words = WORDS[lang]
    known = sorted(people, key=lambda one: (one.jp, one.person_id))
    heads = ("person", "unit", "kind", "jp", "minimum", "ceiling")
    rows = [
        (str(one.person_id), one.unit, one.employment, one.jp / 100, _jp(one.minimum),
         _jp(one.ceiling))
        for one in known
    ]  # fmt: skip
    title = words["title"].format(agency=agency, year=year)
    document = [{**asdict(one), "below": one.below, "passed": one.passed} for one in known]
    sheet = Sheet(title, [words[head] for head in heads], rows)
    note = words["note"].format(day=day, year=year)
    return Reply(document, sheet, _people(title, note, known, words))


def of_units(
    agency: str,
    year: int,
    day: date,
    found: Mapping[str | None, Hours],
    under: int,
    lang: Lang,
) -> Reply:
    """Unit by unit: the people of a day, with the whole year's hours."""
    words = WORDS[lang]
    heads = [words[head] for head in ("unit", "people", "mean", "below", "passed")]
    heads.append(words["under"].format(jp=f"{under / 100:g}"))
    rows = [
        (unit or words["none"], hours.people, _mean(hours), hours.below, hours.passed, hours.under)
        for unit, hours in found.items()
    ]
    sheet = Sheet(words["title"].format(agency=agency, year=year), heads, rows)
    units = [{"unit": unit, **asdict(hours)} for unit, hours in found.items()]
    whole = asdict(sum(found.values(), Hours()))
    document = {
        "agency": agency, "year": year, "under_jp": under, "whole": whole, "units": units,
        "day": day,
    }  # fmt: skip
    return Reply(document, sheet, picture(sheet, words["note"].format(day=day, year=year)))


def _jp(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100


def _mean(hours: Hours) -> float:
    return hours.jp // max(1, hours.people) / 100


def _people(
    title: str, note: str, people: Sequence[PersonHours], words: Mapping[str, str]
) -> Table:
    table = Picture(title=title, title_justify="left", caption=note, caption_justify="left")
    table.add_column(words["person"], no_wrap=True, min_width=_UUID)  # to be copied from here
    table.add_column(words["unit"])
    table.add_column(words["kind"])
    table.add_column(words["jp"], no_wrap=True)
    for one in people:
        mark = "<" if one.below else ">" if one.passed else ""
        table.add_row(
            str(one.person_id), Text(one.unit or ""), one.employment,
            views.hours_bar(one.jp, width=8) + Text(f" {views.jp(one.jp)} {mark}"),
        )  # fmt: skip
    return table
