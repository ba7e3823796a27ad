"""SELECTION on the command line: the options by which replay and bundle choose records."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from jejak.errors import Misuse
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.clock import JAKARTA

if TYPE_CHECKING:
    from jejak_lrs.database import Connection
    from jejak_lrs.replay.selection import Selection

Chosen = Callable[["Connection"], "Selection"]

_MANY = "; may be given again, any will do"
FromOption = Annotated[int, typer.Option("--from-position", min=0, help="The first position.")]
ToOption = Annotated[
    int | None, typer.Option("--to-position", min=0, help="The last position; by default the end.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Happened on this day or later.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Happened by the end of this day.")
]
PersonOption = Annotated[
    list[str] | None,
    typer.Option("--person", help=f"About them: a NIP, @FILE, - or a person id{_MANY}."),
]
PartyOption = Annotated[
    list[str] | None, typer.Option("--party", help=f"Sent by this party{_MANY}.")
]
AgencyOption = Annotated[
    list[str] | None,
    typer.Option("--agency", help=f"Said by this agency, or of a post there{_MANY}."),
]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", help=f"The event type, CourseCompleted{_MANY}.")
]
CompetencyOption = Annotated[
    list[str] | None,
    typer.Option("--competency", help=f"Names it, or an offering that teaches it{_MANY}."),
]


def choosing(  # noqa: PLR0913, PLR0917  one for each selector
    from_position: int = 0,
    to_position: int | None = None,
    since: str | None = None,
    until: str | None = None,
    person: list[str] | None = None,
    party: list[str] | None = None,
    agency: list[str] | None = None,
    event_type: list[str] | None = None,
    competency: list[str] | None = None,
) -> Chosen:
    """What makes the selection, once there is a ledger to look persons and competencies up in.

    Misuse where an option says nothing that could be chosen.
    """
    start, end = _moment("--since", since), _moment("--until", until, ends=True)
    if to_position is not None and to_position < from_position:
        raise Misuse(f"--to-position {to_position} is before --from-position {from_position}")
    if start is not None and end is not None and end <= start:
        raise Misuse("--until is before --since")
    for name in event_type or ():
        if name not in BY_NAME:
            raise Misuse(f"--type {name}: no such event type; see `jejak schema list`")

    def chosen(connection: "Connection") -> "Selection":
        from jejak import naming, people  # noqa: PLC0415  not part of the plain install
        from jejak_lrs.ledger import history  # noqa: PLC0415
        from jejak_lrs.projection import kinship  # noqa: PLC0415
        from jejak_lrs.replay import gathering  # noqa: PLC0415
        from jejak_lrs.replay.selection import Selection  # noqa: PLC0415

        head = history.head(connection).next_position - 1
        asked = [people.person_of(connection, one) for one in person or ()]
        merged = kinship.persons_at(connection, asked, head)
        competencies: tuple[str, ...] = ()
        if competency:
            registry = gathering.registry_at(connection, head)
            competencies = tuple(naming.competency_of(registry, one) for one in competency)
        return Selection(
            from_position=from_position,
            to_position=to_position,
            since=start,
            until=end,
            people=tuple(one for stays in asked for one in merged.one_with(merged.stays(stays))),
            parties=tuple(party or ()),
            agencies=tuple(agency or ()),
            types=tuple(event_type or ()),
            competencies=competencies,
        )

    return chosen


def _moment(option: str, text: str | None, *, ends: bool = False) -> datetime | None:
    """A day in Jakarta, its end if it `ends`, or a moment; in UTC."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _exact(option, text)
    at = datetime.combine(day, time(), JAKARTA)
    return (at + timedelta(days=1) if ends else at).astimezone(UTC)


def _exact(option: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{option} {text}: not a date YYYY-MM-DD, nor an RFC 3339 time") from None
    return (found if found.tzinfo else found.replace(tzinfo=JAKARTA)).astimezone(UTC)
