"""What became of the lines of a file, as people and programs read it."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from jejak.cli import speech
from jejak.errors import Misuse, Retry
from jejak_producers import jsonlines
from jejak_producers.bulk import Outcome
from jejak_producers.journal import SUFFIX
from jejak_schemas import reasons

FEW = 40  # lines of which each is shown
MANY = 200  # lines shown of those that were not taken
NOT_TAKEN = ("refused", "conflict")
COLUMNS = (
    "line", "outcome", "event", "event_id", "partition", "offset", "position", "reason", "field",
    "detail", "warnings", "mend",
)  # fmt: skip
Write = Callable[[Outcome], object]


def row_of(outcome: Outcome, lang: str) -> dict[str, object]:
    """An outcome as a program reads it: `COLUMNS` in their order; how to mend it in `lang`."""
    partition, offset = outcome.at or (None, None)
    values = (
        outcome.line, outcome.outcome, outcome.event,
        str(outcome.event_id) if outcome.event_id else None,
        partition, offset, outcome.position, outcome.reason, outcome.field, outcome.detail,
        list(outcome.warnings), mending(outcome.reason, outcome.warnings, lang),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def explained(reason: str | None, warnings: Iterable[str], lang: str) -> str:
    """Reason and warnings in words, each with its code."""
    codes = ([reason] if reason else []) + list(warnings)
    return "; ".join(f"{_words(code, lang)} ({code})" for code in codes)


def mending(reason: str | None, warnings: Iterable[str], lang: str) -> str | None:
    """What to do about reason and warnings; None where there is nothing."""
    codes = ([reason] if reason else []) + list(warnings)
    known = [meaning.mend(lang) for meaning in map(_meaning, codes) if meaning]
    return " ".join(known) or None


def _words(code: str, lang: str) -> str:
    meaning = _meaning(code)
    return meaning.text(lang) if meaning else code


def _meaning(code: str) -> reasons.Meaning | None:
    return jsonlines.REASONS.get(code) or reasons.REASONS.get(code) or reasons.WARNINGS.get(code)


def told(reason: str | None, detail: str | None, warnings: Iterable[str]) -> str:
    """Reason and warnings by their codes, with the detail where it says more than the reason."""
    meaning = _meaning(reason) if reason else None
    more = f": {detail}" if detail and (meaning is None or detail != meaning.en) else ""
    return ", ".join([f"{reason}{more}"] * bool(reason) + list(warnings))


def legend(codes: Iterable[str], lang: str) -> dict[str, object]:
    """What each code that has a meaning means and what to do about it, once."""
    return {
        code: " ".join(filter(None, (meaning.text(lang), meaning.mend(lang))))
        for code in dict.fromkeys(codes)
        if (meaning := _meaning(code))
    }


class Report:
    """Tells outcomes as they come, and all of them at the end."""

    def __init__(self, lang: str, file: Path | None, *, as_json: bool) -> None:
        self._lang = lang
        self._file = file
        self._as_json = as_json
        self._counts: Counter[str] = Counter()
        self._first: list[Outcome] = []
        self._not_taken: list[Outcome] = []

    def of(self, outcomes: Iterable[Outcome], source: str) -> int:
        """Report all; 1 if any was refused or in conflict, else 0.

        Misuse where the file that is read would be written over, or its journal.
        """
        if self._file and self._file.exists():
            for kept in (Path(source), Path(source + SUFFIX)):
                if kept.exists() and self._file.samefile(kept):
                    raise Misuse(f"--outcomes {self._file} would be written over: name another")
        try:
            with _written(self._file, self._lang) as write, _bar(source) as advance:
                for outcome in outcomes:
                    self._note(outcome)
                    write(outcome)
                    advance()
        except BaseException:
            if self._counts:
                speech.tell(f"stopped after {self._summary()}")
            raise
        if not self._as_json:
            self._show()
        return 1 if any(self._counts[kind] for kind in NOT_TAKEN) else 0

    def _note(self, outcome: Outcome) -> None:
        self._counts[outcome.outcome] += 1
        if self._as_json:
            sys.stdout.write(json.dumps(row_of(outcome, self._lang), ensure_ascii=False) + "\n")
        elif outcome.outcome in NOT_TAKEN and len(self._not_taken) < MANY:
            self._not_taken.append(outcome)
        if len(self._first) <= FEW:
            self._first.append(outcome)

    def _show(self) -> None:
        shown = self._first if self._counts.total() <= FEW else self._not_taken
        if shown:
            columns = ("line", "event", "outcome", "position", "field", "why")
            speech.answer_table(columns, map(_cells, shown))
            codes = [code for one in shown for code in (one.reason, *one.warnings) if code]
            speech.answer_pairs(legend(codes, self._lang))
        left = sum(self._counts[kind] for kind in NOT_TAKEN) - len(self._not_taken)
        if left:
            speech.tell(f"{left} more were not taken; --outcomes FILE has them all")
        sys.stdout.write(self._summary() + "\n")

    def _summary(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in self._counts.most_common())
        total = self._counts.total()
        return f"{total} {'line' if total == 1 else 'lines'}: {counts}"


def _cells(one: Outcome) -> tuple[object, ...]:
    why = told(one.reason, one.detail, one.warnings)
    return (one.line, one.event, one.outcome, one.position, one.field, why)


@contextmanager
def _written(path: Path | None, lang: str) -> Iterator[Write]:
    """What writes each outcome to the file of `--outcomes`; raises Misuse, Retry."""
    if path is None:
        yield lambda _: None
        return
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise Misuse(f"--outcomes {path}: {error.strerror}") from None
    table = csv.DictWriter(file, COLUMNS) if path.suffix.lower() == ".csv" else None

    def write(outcome: Outcome) -> None:
        row = row_of(outcome, lang)
        with _room(path):
            if table:
                table.writerow(_flat(row))
            else:
                file.write(json.dumps(row) + "\n")

    try:
        if table:
            table.writeheader()
        yield write
    finally:
        with _room(path):
            file.close()


@contextmanager
def _room(path: Path) -> Iterator[None]:
    """A disk that is full, or fails, as an error of ours."""
    try:
        yield
    except OSError as error:
        raise Retry(f"--outcomes {path}: {error.strerror}; run the same again") from error


def _flat(row: dict[str, object]) -> dict[str, object]:
    """A row as cells: of a list its items with a space between."""
    return {
        name: " ".join(map(str, cell)) if isinstance(cell, list) else cell
        for name, cell in row.items()
    }


@contextmanager
def _bar(source: str) -> Iterator[Callable[[], object]]:
    """A progress bar on a terminal; what moves it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn(source), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(source, total=_lines_in(source))
        yield lambda: progress.advance(task)


def _lines_in(source: str) -> int | None:
    if source == "-":
        return None
    with Path(source).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
