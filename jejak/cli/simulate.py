"""For whoever tries Jejak out: a nation's traffic from a seed, as files of events."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import Progress

from jejak.cli import speech
from jejak.cli.options import JsonOption
from jejak.errors import Misuse
from jejak_producers.simulate import REFERENCE, Delivery, Manifest, Nation, nation, samples

EVERYONE = "all"
STDOUT = "-"

SeedOption = Annotated[int, typer.Option(help="The same seed gives the same events.")]
PeopleOption = Annotated[
    int, typer.Option(help="How many people; the samples' 333 are always there.", min=1)
]
EventsOption = Annotated[int, typer.Option(help="How many ordinary learning events.")]
UntilOption = Annotated[
    datetime,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="DATE",
        show_default=f"{REFERENCE}",
        help="The reference date; nothing happens on it or after.",
    ),
]
RateOption = Annotated[
    float | None,
    typer.Option(help="Lines a second; by default as fast as they are taken.", min=0.001),
]
OutOption = Annotated[
    str,
    typer.Option(help="A file, - for stdout, or a folder (ends with /) for one file a party."),
]
IdentityOption = Annotated[str, typer.Option(help=f"Only this party's events, or {EVERYONE}.")]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("simulate")(simulate)


def simulate(
    *,
    seed: SeedOption = 1,
    people: PeopleOption = 333,
    events: EventsOption = 5_000,
    until: UntilOption = datetime(REFERENCE.year, REFERENCE.month, REFERENCE.day),  # noqa: DTZ001  a day
    rate: RateOption = None,
    out: OutOption = STDOUT,
    identity: IdentityOption = EVERYONE,
    as_json: JsonOption = False,
) -> None:
    """Make a nation's events, with the faults that real data has, as rows for `jejak emit`."""
    if as_json and out == STDOUT:
        raise Misuse("--json answers on stdout, where the events go: give --out FILE or FOLDER/")
    try:
        made = nation(seed, people, events, until=until.date(), documents=ruleset)
        _check(identity, made)
        written = _write(made, out, identity, rate)
    except ValueError as error:
        raise Misuse(str(error)) from error
    except BrokenPipeError:  # whoever read the lines has had enough of them
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    _answer(written, made.manifest, out, as_json=as_json)


def ruleset(version: str) -> str:
    """The text of a ruleset that ships with the record's side; raises LookupError."""
    folder = resources.files("jejak_lrs").joinpath("competency", "rulesets")
    file = folder.joinpath(f"{version}.toml")
    if not file.is_file():
        raise LookupError(f"there is no ruleset {version}")
    return file.read_text("utf-8")


@dataclass(slots=True)
class _Written:
    """How many lines went to each party, and how many deliveries no line can say."""

    lines: Counter[str] = field(default_factory=Counter)
    unsayable: Counter[str] = field(default_factory=Counter)


def _check(identity: str, made: Nation) -> None:
    known = [party.code for party in made.parties]
    if identity != EVERYONE and identity not in known:
        raise Misuse(
            f"there is no party {identity} in the sample nation; one of {', '.join(known)}"
        )


def _write(made: Nation, out: str, identity: str, rate: float | None) -> _Written:
    written = _Written()
    wanted = (d for d in made.deliveries() if identity in (EVERYONE, d.party))
    total = made.manifest.delivered if identity == EVERYONE else None
    with ExitStack() as stack:
        sink = _Sink(out, stack)
        for delivery in _paced(_shown(wanted, total, stack), rate):
            row = samples.row_of(delivery.event) if delivery.event else delivery.row
            if row:
                sink.of(delivery.party).write(row + "\n")
                written.lines[delivery.party] += 1
            else:
                written.unsayable[delivery.note] += 1
    return written


class _Sink:
    """Where the lines go: stdout, one file, or one file a party in a folder."""

    def __init__(self, out: str, stack: ExitStack) -> None:
        self._stack = stack
        self._files: dict[str, TextIO] = {}
        self._folder = Path(out) if out.endswith("/") or Path(out).is_dir() else None
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        elif out == STDOUT:
            self._files[""] = sys.stdout
        else:
            self._files[""] = self._opened(Path(out))

    def of(self, party: str) -> TextIO:
        """The file for a party's lines."""
        if self._folder is None:
            return self._files[""]
        if party not in self._files:
            self._files[party] = self._opened(self._folder / f"{party}.jsonl")
        return self._files[party]

    def _opened(self, path: Path) -> TextIO:
        return self._stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))


def _shown(
    deliveries: Iterable[Delivery], total: int | None, stack: ExitStack
) -> Iterator[Delivery]:
    """The deliveries, with a progress bar on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from deliveries
        return
    bar = stack.enter_context(Progress(console=console, transient=True))
    yield from bar.track(deliveries, total=total, description="simulate")


def _paced(deliveries: Iterable[Delivery], rate: float | None) -> Iterator[Delivery]:
    """The deliveries, no faster than `rate` a second."""
    begun = time.monotonic()
    for number, delivery in enumerate(deliveries):
        if rate is not None:
            sys.stdout.flush()
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        yield delivery


def _answer(written: _Written, manifest: Manifest, out: str, *, as_json: bool) -> None:
    lines = written.lines.total()
    if as_json:
        speech.answer_json(
            {
                "written": lines,
                "by_party": dict(sorted(written.lines.items())),
                "without_a_line": dict(sorted(written.unsayable.items())),
                "manifest": asdict(manifest),
            }
        )
        return
    speech.tell(f"{lines} lines from {len(written.lines)} parties to {out}")
    if written.unsayable:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(written.unsayable.items()))
        speech.tell(f"left out, since only broken bytes say it: {kinds}")
    if out != STDOUT:
        rows = [(kind, number) for kind, number in manifest.planted.items()]
        speech.answer_table(("dirt planted", "messages"), rows)
