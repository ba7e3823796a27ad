"""For an agency: follow what changes about its own people, and find them by its own list."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from jejak.cli import speech
from jejak.cli.identity import Lang, LinesOption, identified
from jejak.cli.options import HomeOption, JsonOption, home_of
from jejak.errors import Refuse
from jejak.framing import framing_of
from jejak.home import Home
from jejak.private import private_folder
from jejak_consumers.errors import Reload
from jejak_consumers.roster import Found, Roster, compare
from jejak_consumers.subscriber import Start, Subscriber
from jejak_schemas import clock
from jejak_schemas.credentials import Credentials
from jejak_schemas.outgoing import (
    CertificateChanged,
    Change,
    LearningHoursChanged,
    LevelChanged,
    PersonJoined,
    PersonLeft,
    ProfileRestated,
    ProfileState,
    ProgrammeChanged,
)

IdentityOption = Annotated[
    str,
    typer.Option(help="The agency: its code, or its credentials file.", show_default=False),
]
LangOption = Annotated[Lang, typer.Option(help="The language of the lines.")]
RosterOption = Annotated[
    Path | None,
    typer.Option("--roster", help="CSV with the agency's NIPs, to name people by.", dir_okay=False),
]
SchemasOption = Annotated[
    Path | None,
    typer.Option(
        "--schemas",
        help="A folder with .avsc files of a newer Jejak, to read what it sends.",
        file_okay=False,
        exists=True,
        show_default=False,
    ),
]

WORDS: Final[dict[Lang, dict[str, str]]] = {
    "en": {
        "level": "level",
        "asserted": "asserted",
        "indicated": "indicated",
        "hours": "learning hours",
        "certificate": "certificate",
        "programme": "programme",
        "joined": "joined the agency from",
        "left": "left the agency for",
        "restated": "profile restated by a rebuild",
        "nowhere": "nowhere known",
        "none": "none",
        "record": "record",
        "home": "home",
        "working": "working",
        "both": "both",
    },
    "id": {
        "level": "tingkat",
        "asserted": "dinyatakan",
        "indicated": "ditunjukkan",
        "hours": "jam pelajaran",
        "certificate": "sertifikat",
        "programme": "program",
        "joined": "masuk instansi dari",
        "left": "pindah dari instansi ke",
        "restated": "profil dihitung ulang",
        "nowhere": "tidak diketahui",
        "none": "belum ada",
        "record": "catatan",
        "home": "induk",
        "working": "kerja",
        "both": "keduanya",
    },
}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("watch")(watch)
    roster = typer.Typer(help="The agency's own list of people.", no_args_is_help=True)
    roster.command("check")(check)
    roster.callback()(lambda: None)
    app.add_typer(roster, name="roster")


def watch(
    identity: IdentityOption,
    *,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin at the earliest change still kept.")
    ] = False,
    roster: RosterOption = None,
    schemas: SchemasOption = None,
    idle: Annotated[
        float | None,
        typer.Option(help="End after so many seconds without a change.", min=0, show_default=False),
    ] = None,
    home: HomeOption = None,
    lang: LangOption = "en",
    as_json: LinesOption = False,
) -> int:
    """Show the changes of the agency's people as they come, until Ctrl-C; resumes where it was."""
    place = home_of(home)
    credentials = identified(place, identity)
    names = None if roster is None else roster_of(credentials, roster)
    show = Shown(names, lang, as_json=as_json)
    start: Start = "earliest" if from_start else "latest"
    bookmark = bookmark_file(place, credentials.party)
    if from_start:
        bookmark.unlink(missing_ok=True)
    try:
        framing = framing_of(place)
        with Subscriber(
            credentials, bookmark, start=start, framing=framing, schemas=schemas
        ) as subscriber:
            follow(subscriber, show, idle)
    except KeyboardInterrupt:
        speech.tell("stopped; the same command goes on from here")
    return 0


def follow(subscriber: Subscriber, show: "Shown", idle: float | None) -> None:
    """Show changes; where some are gone for good, say so and show where everybody stands."""
    while True:
        try:
            for change in subscriber.changes(idle):
                show.change(change)
        except Reload as reload:
            show.reload(reload, subscriber.profiles)
            subscriber.start_over()
        else:
            return


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The agency's NIPs.")],
    identity: IdentityOption,
    schemas: SchemasOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Tell which of these people are known here: matched, unknown, elsewhere."""
    place = home_of(home)
    credentials = identified(place, identity)
    own = roster_of(credentials, file)
    bookmark = bookmark_file(place, credentials.party)
    subscriber = Subscriber(credentials, bookmark, framing=framing_of(place), schemas=schemas)
    found = compare(own, subscriber.profiles(), subscriber.kept_changes())
    if as_json:
        speech.answer_json(document(found))
    else:
        rows = ((nip, standing) for nip, standing in found.standing.items())
        speech.answer_table(("NIP", "standing"), rows)
        speech.answer_pairs(counts(found))
    return 0 if found.count("matched") == len(found.standing) else 1


def roster_of(credentials: Credentials, file: Path) -> Roster:
    """The agency's list, ready to be joined with what it is sent."""
    if credentials.agency is None:
        raise Refuse(f"the credentials of {credentials.party} have no match key: it is no agency")
    return Roster.read(file, credentials.agency.match_key.get_secret_value())


def bookmark_file(home: Home, party: str) -> Path:
    """Where it is kept how far an agency's changes were shown."""
    private_folder(home.path)
    return private_folder(home.path / "bookmarks") / f"{party}.changes.json"


def counts(found: Found) -> dict[str, int]:
    """How many people stand how."""
    return {
        "matched": found.count("matched"),
        "unknown": found.count("unknown"),
        "elsewhere": found.count("elsewhere"),
        "unlisted": found.unlisted,
    }


def document(found: Found) -> dict[str, object]:
    """The answer as a program reads it."""
    people = [{"nip": nip, "standing": standing} for nip, standing in found.standing.items()]
    return {**counts(found), "people": people}


class Shown:
    """Shows changes one by one: a line for a person, a JSON object for a program."""

    def __init__(self, roster: Roster | None, lang: Lang, *, as_json: bool) -> None:
        self._roster = roster
        self._lang = lang
        self._as_json = as_json
        self._console = Console(highlight=False, soft_wrap=True)

    def change(self, change: Change) -> None:
        """One change."""
        nip = self._roster.nip_of(change) if self._roster else None
        if self._as_json:
            self._line(said(change), nip)
        else:
            self._print(change, nip or str(change.person_id))

    def reload(self, reload: Reload, profiles: Callable[[], Iterator[ProfileState]]) -> None:
        """Changes are gone: a program gets everybody's present state in their place."""
        speech.tell(f"some changes were missed: {reload.what}")
        if self._as_json:
            self._line({"event": "Reload", "why": reload.what}, None)
            for state in profiles():
                self._line(said(state), self._roster.nip_of(state) if self._roster else None)
        else:
            people = sum(1 for _ in profiles())
            speech.tell(f"{people} people stand on the profile topic; going on from here")

    def _line(self, row: dict[str, object], nip: str | None) -> None:
        named = row if self._roster is None else {**row, "nip": nip}
        sys.stdout.write(json.dumps(named, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _print(self, change: Change, who: str) -> None:
        at = change.changed_at.astimezone(clock.JAKARTA).strftime("%Y-%m-%d %H:%M:%S")
        what = escape(described(change, self._lang))
        why = escape(because(change, self._lang))
        whose = f"{WORDS[self._lang][change.relation]:<8}"
        self._console.print(f"[dim]{at}[/]  [cyan]{who:<18}[/]  {whose}  {what}  [dim]{why}[/]")


def said(message: Change | ProfileState) -> dict[str, object]:
    """A message as a program reads it: its class is `event`."""
    row = message.model_dump(mode="json", exclude={"prev_seq"})
    return {"event": type(message).__name__, **row}


def described(change: Change, lang: Lang) -> str:
    """What changed, in a few words."""
    word = WORDS[lang]
    match change:
        case LevelChanged():
            kind = f"{word['level']} {short(change.competency)} ({word[change.standing]})"
            return f"{kind}: {step(change.before, change.after, lang)}"
        case LearningHoursChanged():
            year = f"{word['hours']} {change.starts_on:%Y}"
            return f"{year}: {jp(change.before)} → {jp(change.after)} JP"
        case CertificateChanged():
            named = f"{word['certificate']} {change.certificate}"
            return f"{named}: {step(change.before, change.after, lang)}"
        case ProgrammeChanged():
            named = " ".join(filter(None, (word["programme"], change.programme, change.cohort)))
            return f"{named}: {step(change.before, change.after, lang)}"
        case PersonJoined():
            return f"{word['joined']} {change.before or word['nowhere']}"
        case PersonLeft():
            return f"{word['left']} {change.after or word['nowhere']}"
        case ProfileRestated():
            return word["restated"]
        case _:
            return type(change).__name__


def because(change: Change, lang: Lang) -> str:
    """Which record made it, by which rule."""
    if change.because is None:
        return ""
    return f"({WORDS[lang]['record']} {change.because.position}, {change.because.rule})"


def step(before: object, after: object, lang: Lang) -> str:
    """From what to what."""
    none = WORDS[lang]["none"]
    return f"{none if before is None else before} → {none if after is None else after}"


def jp(hundredths: int) -> str:
    """Hundredths of a JP with two decimals."""
    return f"{hundredths // 100}.{hundredths % 100:02}"


def short(iri: str) -> str:
    """The last part of an IRI."""
    return iri.rstrip("/").rsplit("/", 1)[-1]
