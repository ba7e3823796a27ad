"""`jejak audit erase`: what an agency and the national archive approved, and nothing else."""

from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from jejak.cli import progress, speech
from jejak.cli.asking import today
from jejak.cli.options import HomeOption, JsonOption, YesOption, services_of
from jejak.cli.selecting import check_types
from jejak.errors import JejakError, Misuse, Refuse

if TYPE_CHECKING:
    from jejak.services import Services
    from jejak_lrs.database import Connection
    from jejak_lrs.erasure.approval import Choice
    from jejak_lrs.erasure.selection import Selection

_NAMED: Final = 10  # positions on the screen
_LATER: Final = (
    "profiles are folded anew once the projector passes the order; messages younger than their "
    "topic's retention go with it (docs/guarantees.md)"
)


def erase(  # noqa: PLR0913, PLR0917  one for each option
    decision: Annotated[
        str | None, typer.Argument(help="The number of the recorded decision.", show_default=False)
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="Only this person's: NIP, @file, - or person id.")
    ] = None,
    statement: Annotated[
        list[UUID] | None, typer.Option(help="Only these statements.", metavar="ID")
    ] = None,
    event_type: Annotated[
        list[str] | None, typer.Option("--type", help="Only these event types.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only what happened from this day on.", metavar="DAY")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only what happened up to this day.", metavar="DAY")
    ] = None,
    retention: Annotated[
        bool,
        typer.Option("--retention", help="Count what the schedule lets go; erase nothing."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased; erase nothing.")
    ] = False,
    home: HomeOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Erase what the records of a decision say; their proofs, and all others, still hold.

    Whatever was ordered before and not done, because of a crash, is done first. Without a decision
    only that. At last the topics lose what is older than their retention; ends with 3 where Kafka
    is away, and the same command again makes up for it.
    """
    from jejak.people import person_of  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import database, roles  # noqa: PLC0415
    from jejak_lrs.erasure import act  # noqa: PLC0415
    from jejak_lrs.erasure.approval import Choice  # noqa: PLC0415

    first, last = _day("--since", since), _day("--until", until)
    if first and last and last < first:
        raise Misuse("--until is before --since")
    check_types(event_type)
    if decision is None and any((person, statement, event_type, since, until)):
        raise Misuse("name the decision: these options choose among the records that it covers")
    if decision is not None and retention:
        raise Misuse("--retention counts by the schedule in force, and takes no decision")
    _, services = services_of(home)
    with closing(database.connect(services.dsn(roles.READER), "jejak command")) as reading:
        if retention:
            _show_due(reading, as_json)
            return
        within = Choice(
            statements=frozenset(statement or ()),
            person_id=person_of(reading, person) if person else None,
            types=frozenset(event_type or ()),
            since=first,
            until=last,
        )
        left = sum(one.left for one in act.orders(reading)) if dry_run else _resume(services)
        if decision is None:
            done = "would be" if dry_run else "are"
            speech.tell(
                f"{left} records that were ordered before {done} erased"
                if left
                else "nothing that was ordered is left to be erased"
            )
        else:
            manner = Manner(dry_run=dry_run, asks=not yes, as_json=as_json)
            erase_by(services, reading, decision, within, manner)
    if not dry_run:
        _cut_topics(services)


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is done: whether at all, whether somebody is asked, how it is answered."""

    dry_run: bool = False
    asks: bool = False
    as_json: bool = True


def erase_by(
    services: "Services", reading: "Connection", decision: str, within: "Choice", manner: Manner
) -> None:
    """Erase what a decision chooses, and of that what is meant."""
    from jejak_lrs.erasure import approval, selection  # noqa: PLC0415  as above

    approved = approval.approvals(reading, decision)
    if len(approved) != 1:
        raise Refuse(f"{len(approved) or 'no'} approvals of destruction are recorded as {decision}")
    with progress.bar("choosing") as watch:
        found = selection.select(reading, approved[0], within, watch)
    _refuse_torn(found, approved[0].agency)
    erased = 0
    if not manner.dry_run and found.positions:
        if manner.asks:
            speech.ask(f"Erase {len(found.positions)} records of {found.persons} persons for good?")
        _order(services, approved[0].statement_id, found.positions, approved[0].agency)
        erased = _resume(services)
    if manner.as_json:
        speech.answer_json(
            {
                "decision": decision,
                "agency": approved[0].agency,
                "dry_run": manner.dry_run,
                **_document(found, erased),
            }
        )
        return
    _show(found)
    speech.say(
        f"{erased} records are erased" if not manner.dry_run else "nothing is erased: a dry run"
    )
    if erased:
        speech.tell(_LATER)


def _refuse_torn(found: "Selection", agency: str) -> None:
    if found.foreign:
        raise Refuse(
            f"the decision does not cover, or {agency} does not own, {_named(found.foreign)}"
        )
    if found.torn:
        acting = "; ".join(f"{tie.acting} acts on {tie.target}" for tie in found.torn[:_NAMED])
        raise Refuse(
            f"{len(found.torn)} voids, revocations or failures would be left without what they act "
            f"on, or the reverse: {acting}. Choose both, or neither"
        )


def _named(positions: list[int]) -> str:
    more = f" and {len(positions) - _NAMED} more" if len(positions) > _NAMED else ""
    return "positions " + ", ".join(map(str, positions[:_NAMED])) + more


def _order(services: "Services", target: UUID, positions: list[int], agency: str) -> None:
    from jejak.loops import finisher  # noqa: PLC0415  not part of the plain install
    from jejak_consumers import system  # noqa: PLC0415
    from jejak_lrs import roles  # noqa: PLC0415
    from jejak_lrs.database import Database  # noqa: PLC0415

    with closing(Database(services.dsn(roles.WRITER), "jejak command")) as writer:
        system.order_erasure(writer, finisher(), target, positions, agency, datetime.now(UTC))


def _resume(services: "Services") -> int:
    """Do what is ordered and not done."""
    from jejak_lrs import database, roles  # noqa: PLC0415  as above
    from jejak_lrs.erasure import act  # noqa: PLC0415

    with (
        closing(database.connect(services.dsn(roles.ERASER), "jejak command")) as eraser,
        progress.bar("erasing") as watch,
    ):
        return act.carry_out(eraser, watch)


def _cut_topics(services: "Services") -> None:
    """Delete from the topics what is older than its retention, without waiting for the brokers.

    Raises JejakError where Kafka is away or refuses us: what the ledger was told is done then.
    """
    from jejak.kafka_admin import connected  # noqa: PLC0415  not part of the plain install
    from jejak_lrs import database, roles  # noqa: PLC0415
    from jejak_schemas import topics  # noqa: PLC0415

    with closing(database.connect(services.dsn(roles.READER), "jejak command")) as reading:
        inboxes = [topic for (topic,) in reading.execute("SELECT DISTINCT topic FROM inbox_offset")]
        codes = [code for (code,) in reading.execute("SELECT DISTINCT code FROM party")]
    now = datetime.now(UTC)
    try:
        with connected(services.kafka(services.operator), 5.0) as admin:
            admin.cut([*inboxes, *map(topics.receipts, codes)], now - topics.INBOX_STAYS)
            admin.cut(list(map(topics.changes, codes)), now - topics.CHANGES_STAY)
    except JejakError as error:
        raise type(error)(
            f"{error}: what the topics keep beyond their retention is not deleted; run "
            "`jejak audit erase` again"
        ) from error


def _document(found: "Selection", erased: int) -> dict[str, object]:
    return {
        "persons": found.persons,
        "chosen": len(found.positions),
        "erased": erased,
        "positions": found.positions,
        "classes": [
            {"type": kind, "year": year, "records": count}
            for (kind, year), count in sorted(found.classes.items())
        ],
    }


def _show(found: "Selection") -> None:
    speech.answer_table(
        ("event type", "year", "records"),
        [(kind, year, count) for (kind, year), count in sorted(found.classes.items())],
    )


def _show_due(reading: "Connection", as_json: bool) -> None:
    from jejak_lrs.erasure import retention  # noqa: PLC0415  as above

    version, found = retention.due(reading, today())
    if version is None:
        raise Refuse("no retention schedule is recorded: ANRI publishes it (RetentionPublished)")
    if as_json:
        speech.answer_json({"schedule": version, "due": [asdict(one) for one in found]})
        return
    speech.answer_table(
        ("class", "name", "event type", "year", "records"),
        [(one.code, one.name, one.event_type, one.year, one.records) for one in found],
    )
    speech.say(f"by schedule {version}; nothing is erased without a recorded decision")


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{option} {text}: give a day, 2026-03-09") from None
