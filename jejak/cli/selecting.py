"""SELECTION on the command line: the options by which replay and bundle choose records."""

from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from jejak.cli.options import countable, sharing
from jejak.errors import Misuse
from jejak_schemas.catalogue import BY_NAME
from jejak_schemas.clock import JAKARTA

if TYPE_CHECKING:
    from uuid import UUID

    from jejak_lrs.database import Connection
    from jejak_lrs.replay.selection import Selection

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MANY = "; may be repeated"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options of every command that chooses records; Misuse where nothing can be chosen so.

    Persons and competencies are looked up once there is a ledger: `selection`.
    """

    from_position: Annotated[
        int, typer.Option("--from-position", min=0, help="The first position.")
    ] = 0
    to_position: Annotated[
        int | None,
        typer.Option("--to-position", min=0, help="The last position; by default the end."),
    ] = None
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Happened on this day or later.")
    ] = None
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Happened by the end of this day."),
    ] = None
    person: Annotated[
        list[str] | None,
        typer.Option("--person", help=f"About them: a NIP, @FILE, - or a person id{_MANY}."),
    ] = None
    party: Annotated[
        list[str] | None, typer.Option("--party", help=f"Sent by this party{_MANY}.")
    ] = None
    agency: Annotated[
        list[str] | None,
        typer.Option("--agency", help=f"Said by this agency, or of a post there{_MANY}."),
    ] = None
    event_type: Annotated[
        list[str] | None,
        typer.Option("--type", help=f"The event type, such as CourseCompleted{_MANY}."),
    ] = None
    competency: Annotated[
        list[str] | None,
        typer.Option("--competency", help=f"Names it, or an offering that teaches it{_MANY}."),
    ] = None

    def __post_init__(self) -> None:
        countable("--from-position", self.from_position)
        countable("--to-position", self.to_position)
        if self.to_position is not None and self.to_position < self.from_position:
            raise Misuse(
                f"--to-position {self.to_position} is before --from-position {self.from_position}"
            )
        start, end = self._moments()
        if start is not None and end is not None and end <= start:
            raise Misuse("--until is before --since")
        check_types(self.event_type)

    def selection(self, connection: "Connection") -> "Selection":
        """What they choose of a ledger."""
        from jejak_lrs.ledger import history  # noqa: PLC0415  not part of the plain install
        from jejak_lrs.replay.selection import Selection  # noqa: PLC0415

        head = history.head(connection).next_position - 1
        since, until = self._moments()
        return Selection(
            from_position=self.from_position,
            to_position=self.to_position,
            since=since,
            until=until,
            people=self._people(connection, head),
            parties=tuple(self.party or ()),
            agencies=tuple(self.agency or ()),
            types=tuple(self.event_type or ()),
            competencies=self._competencies(connection, head),
        )

    def _moments(self) -> tuple[datetime | None, datetime | None]:
        return _moment("--since", self.since), _moment("--until", self.until, ends=True)

    def _people(self, connection: "Connection", head: int) -> "tuple[UUID, ...]":
        """Each person, and whoever BKN has found to be the same one."""
        from jejak import people  # noqa: PLC0415  not part of the plain install
        from jejak_lrs.projection import kinship  # noqa: PLC0415

        asked = [people.person_of(connection, one) for one in self.person or ()]
        merged = kinship.persons_at(connection, asked, head)
        return tuple(each for one in asked for each in merged.one_with(merged.stays(one)))

    def _competencies(self, connection: "Connection", head: int) -> tuple[str, ...]:
        from jejak import naming  # noqa: PLC0415  not part of the plain install
        from jejak_lrs.replay import gathering  # noqa: PLC0415

        if not self.competency:
            return ()
        registry = gathering.registry_at(connection, head)
        return tuple(naming.competency_of(registry, one) for one in self.competency)


def check_types(names: list[str] | None) -> None:
    """Misuse where one is no event type of the catalogue."""
    for name in names or ():
        if name not in BY_NAME:
            raise Misuse(f"--type {name}: no such event type; see `jejak schema list`")


choosing = sharing(Chosen, first=True)
"""Give a command the options of `Chosen`, which it gets as its first argument."""


def _moment(option: str, text: str | None, *, ends: bool = False) -> datetime | None:
    """A day in Jakarta, its end if it `ends`, or a moment; in UTC."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _exact(option, text)
    at = datetime.combine(day, time(), JAKARTA)
    return _utc(at, timedelta(days=1) if ends else timedelta())


def _exact(option: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(f"{option} {text}: not a date YYYY-MM-DD, nor an RFC 3339 time") from None
    return _utc(found if found.tzinfo else found.replace(tzinfo=JAKARTA), timedelta())


def _utc(at: datetime, later: timedelta) -> datetime:
    """A moment in UTC, or the first or last that can be said."""
    try:
        return (at + later).astimezone(UTC)
    except OverflowError:
        return _FIRST if at.year == MINYEAR else _LAST
