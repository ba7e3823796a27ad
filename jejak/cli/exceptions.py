"""`jejak audit exceptions`: what an inspector looks for, counted, and one by one."""

import sys
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from jejak import sheets
from jejak.cli import progress, speech
from jejak.cli.asking import today
from jejak.cli.options import HomeOption, JsonOption, placed, services_of
from jejak.errors import Misuse
from jejak.sheets import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jejak_lrs.exceptions.survey import Finding, Report

Lang = Literal["id", "en"]
COLUMNS: Final = ("rule", "day", "person_id", "positions", "measure")
_CHUNK: Final = 10_000
_MOST_ROWS: Final = 1_048_575  # of a workbook's sheet, below its head
_TITLES: Final = {
    "overlapping": ("Dua tempat pada waktu yang sama", "At two places at once"),
    "long-day": ("Lebih banyak jam daripada sehari", "More hours than a day has"),
    "certificate-twice": ("Nomor sertifikat dipakai dua kali", "A certificate number used twice"),
    "after-separation": ("Setelah berhenti", "After separation"),
    "unregistered": ("Tamat tanpa terdaftar", "Completed without registration"),
    "outside-accreditation": ("Di luar akreditasi", "Outside accreditation"),
    "void-without-effect": ("Pembatalan tanpa akibat", "A void without effect"),
    "jp-claimed": ("JP diklaim lebih dari programnya", "More JP claimed than programmed"),
    "two-agencies": ("Diakui dua instansi", "Claimed by two agencies"),
    "burst": ("Terlalu cepat bagi manusia", "Too fast for anybody"),
    "late": ("Dilaporkan berbulan-bulan kemudian", "Reported months later"),
}


class Format(StrEnum):
    """How the findings are written."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"


def exceptions(  # noqa: PLR0913, PLR0917  one for each option
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="List what these found, one by one.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="So many of each rule are listed.")
    ] = 100,
    thresholds: Annotated[
        Path | None, typer.Option("--thresholds", dir_okay=False, help="A TOML file of your own.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="csv and xlsx hold every finding.")
    ] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", dir_okay=False, callback=placed, help="FILE.csv or FILE.xlsx."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Processes that read side by side.")
    ] = 2,
    lang: Annotated[Lang, typer.Option("--lang", help="The language of the answer.")] = "id",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is odd in the record: a table of rules, or with --rule each finding.

    Odd is not wrong: each finding names the records to look at (`jejak record POSITION`).
    """
    from jejak_lrs import roles  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.exceptions import judging, survey  # noqa: PLC0415
    from jejak_lrs.exceptions import thresholds as versions  # noqa: PLC0415

    _check(rule, judging.NAMES)
    if as_json and (output or form is not Format.TABLE):
        raise Misuse("say either --json or --format")
    if output is not None:
        form = Format(speech.sheet_kind(None if form is Format.TABLE else form, output))
    elif form is Format.XLSX:
        raise Misuse("--format xlsx needs -o FILE.xlsx")
    limits = versions.on(today()) if thresholds is None else versions.read(thresholds)
    _, services = services_of(home)
    dsn = services.dsn(roles.AUDITOR)
    with progress.bar("reading") as watch, survey.surveyed(dsn, limits, workers, watch) as report:
        chosen = rule or judging.NAMES
        if form is Format.XLSX and output is not None:
            _write_xlsx(report.findings(chosen), output)
        elif form is Format.CSV:
            _write_csv(report.findings(chosen), output)
        elif as_json:
            speech.answer_json(_document(report, chosen, limit, limits.version))
        elif rule is None:
            _show_counts(report, lang)
        else:
            _show(report, rule, limit)


def _check(rule: "Sequence[str] | None", names: "Sequence[str]") -> None:
    for name in rule or ():
        if name not in names:
            raise Misuse(f"--rule {name}: no such rule; there are {', '.join(names)}")


def _show_counts(report: "Report", lang: Lang) -> None:
    rows = [
        (name, title[lang == "en"], report.counts[name] or "") for name, title in _TITLES.items()
    ]
    speech.answer_table(("rule", "", "found"), rows)
    speech.say(f"{report.head.next_position} records; list one with --rule NAME")


def _show(report: "Report", rule: "Sequence[str]", limit: int) -> None:
    shown = [tuple(row.values()) for row in _some(report, rule, limit)]
    speech.answer_table(COLUMNS, shown)
    more = sum(report.counts[name] for name in rule) - len(shown)
    if more > 0:
        speech.tell(f"{more} more: --limit, or --format csv for all")


def _some(report: "Report", names: "Sequence[str]", limit: int) -> "Iterator[dict[str, Any]]":
    for name in names:
        yield from map(_row, islice(report.findings([name]), limit))


def _document(report: "Report", names: "Sequence[str]", limit: int, version: str) -> dict[str, Any]:
    return {
        "records": report.head.next_position,
        "thresholds": version,
        "counts": {name: report.counts[name] for name in names},
        "findings": [
            {**row, "positions": [int(one) for one in row["positions"].split()]}
            for row in _some(report, names, limit)
        ],
    }


def _row(one: "Finding") -> dict[str, Any]:
    positions = " ".join(map(str, one.positions))
    return dict(
        zip(COLUMNS, (one.rule, one.day, one.person_id, positions, one.measure), strict=True)
    )


def _write_csv(findings: "Iterator[Finding]", output: Path | None) -> None:
    """Every finding, some at a time: there may be millions."""
    if output is None:
        sys.stdout.writelines(_csv(findings))
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        file.writelines(_csv(findings))
    speech.tell(f"written to {output}")


def _csv(findings: "Iterator[Finding]") -> "Iterator[str]":
    head = sheets.as_csv(Sheet("", COLUMNS, ()))
    yield head
    while few := [tuple(_row(one).values()) for one in islice(findings, _CHUNK)]:
        yield sheets.as_csv(Sheet("", COLUMNS, few)).removeprefix(head)


def _write_xlsx(findings: "Iterator[Finding]", output: Path) -> None:
    rows = [tuple(_row(one).values()) for one in islice(findings, _MOST_ROWS + 1)]
    if len(rows) > _MOST_ROWS:
        raise Misuse(f"a workbook holds {_MOST_ROWS} rows: name fewer rules, or say --format csv")
    speech.answer_sheet(Sheet("exceptions", COLUMNS, rows), "xlsx", output)
