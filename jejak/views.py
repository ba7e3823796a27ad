"""How a profile looks on a terminal, and the parts of such pictures, in id and en."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jejak.pictures import Picture
from jejak_lrs.answers.individuals import Answer
from jejak_lrs.competency.lookups import (
    certificates_on,
    hours_on,
    levels_on,
    programmes_on,
    serving_on,
)
from jejak_lrs.competency.profile import Year

Lang = Literal["id", "en"]
NameOf = Callable[[str], str]
HIGHEST: Final = 5
_BAR: Final = 24

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
    table = Picture(words["competency"], words["held"], words["indicated"], "")
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
    for year, credited in hours_on(answer.profile, day):
        table.add_row(f"{words['hours']} {_span(year)}", hours_bar(credited), jp(credited))
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
