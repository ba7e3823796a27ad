"""How answers look on a terminal: profiles, gaps, learning hours. Rich renderables, id and en."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jejak_lrs.answers import AgencyGaps, Answer, PersonHours
from jejak_lrs.competency.gaps import Match
from jejak_lrs.competency.profile import (
    Year,
    certificates_on,
    levels_on,
    programmes_on,
    serving_on,
)

Lang = Literal["id", "en"]
NameOf = Callable[[str], str]
HIGHEST: Final = 5
_BAR: Final = 24
_UUID: Final = 36

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "id": {
        "person": "Orang", "on": "pada", "version": "versi", "position": "posisi",
        "competency": "Kompetensi", "held": "Dinyatakan", "indicated": "Ditunjukkan",
        "not-assessed": "belum dinilai", "disputed": "disengketakan", "year": "Tahun",
        "hours": "Jam pelajaran (JP)", "programme": "Program", "state": "Keadaan",
        "certificate": "Sertifikat", "required": "Syarat", "gap": "Kesenjangan",
        "assessed": "Dinilai", "people": "Orang", "jpm": "Kesesuaian (JPM)", "unit": "Unit",
        "coverage": "Cakupan", "levels": "Kompetensi", "none": "tidak ada",
        "short": "di bawah syarat",
        "selection": "seleksi", "mapping": "pemetaan", "left-out": "tanpa standar",
        "full": "memenuhi", "partial": "sebagian", "no": "belum memenuhi",
    },
    "en": {
        "person": "Person", "on": "on", "version": "version", "position": "position",
        "competency": "Competency", "held": "Asserted", "indicated": "Indicated",
        "not-assessed": "not assessed", "disputed": "disputed", "year": "Year",
        "hours": "Learning hours (JP)", "programme": "Programme", "state": "State",
        "certificate": "Certificate", "required": "Required", "gap": "Gap",
        "assessed": "Assessed", "people": "People", "jpm": "Job-person match", "unit": "Unit",
        "coverage": "Coverage", "levels": "Competencies", "none": "none", "short": "below required",
        "selection": "selection", "mapping": "mapping", "left-out": "without a standard",
        "full": "meets", "partial": "partly", "no": "does not meet",
    },
}  # fmt: skip


def jp(hundredths: int) -> str:
    """Learning hours with two decimals."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def percent(basis_points: int | None) -> str:
    """Basis points as a percentage with one decimal, rounded down."""
    return "-" if basis_points is None else f"{basis_points // 100}.{basis_points % 100 // 10} %"


def bar(part: int, whole: int, width: int = _BAR, style: str = "green") -> Text:
    """A bar of `part` in `whole`."""
    filled = min(width, part * width // whole) if whole else 0
    return Text("█" * filled, style=style) + Text("░" * (width - filled), style="dim")


def level(value: int | None, style: str) -> Text:
    """A level 1..5 as five blocks and its number."""
    if value is None:
        return Text("·····  -", style="dim")
    blocks = Text("■" * value, style=style) + Text("□" * (HIGHEST - value), style="dim")
    return blocks + Text(f"  {value}", style="bold")


def profile_view(answer: Answer, day: date, names: NameOf, lang: Lang) -> RenderableType:
    """A person's profile on a day."""
    words = WORDS[lang]
    serving = serving_on(answer.profile, day)
    place = f"{serving.position or serving.position_class}, {serving.working}" if serving else ""
    head = f"{words['person']} {answer.person_id}  {place}\n{words['on']} {day}"
    head += f", {words['position']} {answer.position}"
    head += f", {words['version']} {answer.version}" if answer.version else ""
    return Group(
        Text(head, style="bold"), _levels(answer, day, names, lang), _rest(answer, day, lang)
    )


def _levels(answer: Answer, day: date, names: NameOf, lang: Lang) -> Table:
    words = WORDS[lang]
    table = Table(words["competency"], words["held"], words["indicated"], "")
    for competency, found in levels_on(answer.profile, day).items():
        note = words["disputed"] if found.disputed else ""
        held = level(found.asserted, "cyan")
        if found.asserted is None:
            note = words["not-assessed"]
        table.add_row(names(competency), held, level(found.indicated, "green"), note)
    return table


def _rest(answer: Answer, day: date, lang: Lang) -> Table:
    words = WORDS[lang]
    table = Table.grid(padding=(0, 2))
    for year in answer.profile.hours.years:
        table.add_row(f"{words['hours']} {_span(year)}", hours_bar(year.jp), jp(year.jp))
    for (programme, cohort), state in programmes_on(answer.profile, day).items():
        table.add_row(words["programme"], f"{programme} {cohort or ''}", state)
    for (number, _), state in certificates_on(answer.profile, day).items():
        table.add_row(words["certificate"], number, state)
    return table


def hours_bar(hundredths: int, whole: int = 4_000, width: int = _BAR) -> Text:
    """Learning hours against a scale of 40 JP."""
    return bar(hundredths, whole, width, style="yellow")


def _span(year: Year) -> str:
    return str(year.starts.year) if year.kind != "PPPK" else f"{year.starts}"


def gaps_view(
    found: AgencyGaps, names: NameOf, lang: Lang, scales: Mapping[str, Callable[[int], str]]
) -> RenderableType:
    """An agency against its standards, competency by competency, and its job-person match."""
    words = WORDS[lang]
    title = f"{words['gap']}: {found.agency}, {found.day}"
    table = Table(
        words["competency"], words["people"], words["assessed"], words["short"], words["jpm"],
        title=title, title_justify="left",
    )  # fmt: skip
    for competency, match, short in _by_competency(found):
        table.add_row(
            names(competency), str(match.wanted), str(match.assessed), str(short),
            bar(match.jpm or 0, 10_000, 16, "cyan") + Text(f" {percent(match.jpm)}"),
        )  # fmt: skip
    whole = found.match
    graded = ", ".join(
        f"{words[name]}: {words['no' if grade(whole.jpm) == 'none' else grade(whole.jpm)]}"
        for name, grade in scales.items()
        if whole.jpm is not None
    )
    line = f"{words['jpm']} {percent(whole.jpm)} ({graded}); {words['coverage']} "
    line += f"{percent(whole.coverage)}; {found.left_out} {words['left-out']}"
    return Group(table, Text(line, style="bold"))


def _by_competency(found: AgencyGaps) -> Iterator[tuple[str, Match, int]]:
    sums: dict[str, Match] = {}
    short: dict[str, int] = {}
    for person in found.people:
        for gap in person.gaps.gaps:
            held = gap.held
            one = Match(wanted=1) if held is None else Match(
                min(held, gap.required), held, gap.required, 1, 1
            )  # fmt: skip
            sums[gap.competency] = sums.get(gap.competency, Match()) + one
            short[gap.competency] = short.get(gap.competency, 0) + bool(gap.gap)
    yield from ((key, sums[key], short[key]) for key in sorted(sums))


def hours_view(people: list[PersonHours], lang: Lang) -> Table:
    """Who learnt how much, the least first."""
    words = WORDS[lang]
    table = Table()
    table.add_column(words["person"], no_wrap=True, min_width=_UUID)  # to be copied from here
    table.add_column(words["unit"], overflow="fold")
    table.add_column("")
    table.add_column(words["hours"], no_wrap=True)
    for one in sorted(people, key=lambda person: (person.jp, person.person_id)):
        mark = "<" if one.below else ">" if one.passed else ""
        table.add_row(
            str(one.person_id), Text(one.unit or ""), one.employment,
            hours_bar(one.jp, width=8) + Text(f" {jp(one.jp)} {mark}"),
        )  # fmt: skip
    return table
