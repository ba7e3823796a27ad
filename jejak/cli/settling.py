"""For whoever settles what was not taken: redrive it, or discard it."""

import getpass
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from jejak.cli import speech
from jejak.cli.options import (
    HomeOption,
    JsonOption,
    YesOption,
    countable,
    moment,
    services_of,
)
from jejak.errors import Misuse, Refuse
from jejak_schemas.wire import holds_nip

if TYPE_CHECKING:
    from jejak_consumers.redrive import Redriver, Verdict
    from jejak_lrs.ledger.quarantine import Selection

NumbersArgument = Annotated[
    list[int] | None, typer.Argument(metavar="NUMBER", help="Only these messages.")
]
PartyOption = Annotated[str | None, typer.Option("--party", help="Only of this party.")]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", help="Only those refused for this reason.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Only since this day or time.")
]


def redrive(  # noqa: PLR0913, PLR0917  one for each option
    numbers: NumbersArgument = None,
    party: PartyOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    rate: Annotated[
        float, typer.Option("--rate", min=0.01, max=10_000, help="Messages a second, at most.")
    ] = 50.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    yes: YesOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Try waiting messages again, by the rules and parties of today.

    First says what would become of each, then asks. What can be recorded is, and its party gets a
    second receipt; what cannot waits on. Ends with 1 if any would be, or was, refused again.
    """
    from jejak import redriving  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.ledger import history, quarantine  # noqa: PLC0415

    asked = selection(party, reason, since, numbers)
    _, services = services_of(home)
    with redriving.redriver(services, getpass.getuser()) as redriver:
        connection = redriver.database.connection
        asked = replace(asked, below=history.head(connection).next_outcome)
        foreseen = [redriver.foresee(one) for one in quarantine.each(connection, asked)]
        _none_missing(numbers, [one.number for one in foreseen])
        if dry_run or not foreseen:
            return _report(foreseen, "would be", as_json=as_json)
        if not yes:
            speech.tell(_summary(foreseen, "would be"))
            speech.ask("Redrive these?")
        return _report(_redriven(redriver, asked, rate), "are", as_json=as_json)


def discard(  # noqa: PLR0917  one for each option
    numbers: NumbersArgument = None,
    reason: Annotated[str, typer.Option("--reason", help="Why nobody needs them.")] = "",
    party: PartyOption = None,
    refused_for: Annotated[
        str | None, typer.Option("--refused-for", help="Only those refused for this reason.")
    ] = None,
    since: SinceOption = None,
    yes: YesOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say of waiting messages that nobody needs them. They stay, whole, with your name and why."""
    from jejak import redriving  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.ledger import handling, history, quarantine  # noqa: PLC0415

    if not reason.strip():
        raise Misuse("say why, with --reason TEXT")
    refuse_number("--reason", reason)
    if not numbers and party is None and refused_for is None and since is None:
        raise Misuse("name messages by NUMBER, --party, --refused-for or --since")
    asked = selection(party, refused_for, since, numbers)
    _, services = services_of(home)
    with redriving.writer(services) as database:
        connection = database.connection
        asked = replace(asked, below=history.head(connection).next_outcome)
        found = [one.number for one in quarantine.each(connection, asked)]
        _none_missing(numbers, found)
        if found and not yes:
            speech.ask(f"Discard {_messages(len(found))}?")
        for number in found:
            handling.discard(connection, number, getpass.getuser(), reason)
    if as_json:
        speech.answer_json({"discarded": found})
    else:
        speech.say(f"{_messages(len(found))} discarded")


# -- what the commands of quarantine share --------------------------------------------------


def selection(
    party: str | None,
    reason: str | None,
    since: str | None,
    numbers: Sequence[int] | None = None,
) -> "Selection":
    """The waiting messages that options name."""
    from jejak_lrs.ledger.quarantine import Selection  # noqa: PLC0415  not part of the plain install

    countable("NUMBER", *(numbers or ()))
    return Selection(
        party=party,
        reason=reason,
        since=None if since is None else moment(since),
        numbers=numbers or None,
    )


def refuse_number(option: str, text: str | None) -> None:
    """Raises Misuse where a person's words hold a NIP."""
    if text is not None and holds_nip(text):
        raise Misuse(f"{option} is kept for good: it must not hold a NIP")


def _none_missing(numbers: Sequence[int] | None, found: Sequence[int]) -> None:
    missing = sorted(set(numbers or ()) - set(found))
    if missing:
        raise Refuse(f"not waiting in quarantine: {', '.join(map(str, missing))}")


def _messages(count: int) -> str:
    return f"{count} {'message' if count == 1 else 'messages'}"


def _redriven(redriver: "Redriver", asked: "Selection", rate: float) -> "list[Verdict]":
    from jejak import redriving  # noqa: PLC0415  not part of the plain install
    from jejak_lrs.ledger import quarantine  # noqa: PLC0415

    done: list[Verdict] = []
    try:
        waiting = quarantine.each(redriver.database.connection, asked)
        for held in redriving.paced(waiting, rate):
            done.append(redriver.redrive(held))  # noqa: PERF401  told also where it stops
    except BaseException:
        speech.tell(f"stopped after {_summary(done, 'are')}; run the same again to go on")
        raise
    return done


def _report(verdicts: "Sequence[Verdict]", verb: str, *, as_json: bool) -> int:
    if as_json:
        speech.answer_json([asdict(one) for one in verdicts])
    else:
        columns = ("number", "outcome", "position", "reason", "field")
        if verdicts:
            rows = [(v.number, v.outcome, v.position, v.reason, v.field) for v in verdicts]
            speech.answer_table(columns, rows)
        speech.say(_summary(verdicts, verb))
    return 1 if any(one.reason for one in verdicts) else 0


def _summary(verdicts: "Sequence[Verdict]", verb: str) -> str:
    counts = Counter(
        f"{one.outcome} ({one.reason})" if one.reason else one.outcome for one in verdicts
    )
    told = "".join(
        f", {count} {'is' if (verb, count) == ('are', 1) else verb} {what}"
        for what, count in counts.most_common()
    )
    return f"{_messages(len(verdicts))}{told}"
