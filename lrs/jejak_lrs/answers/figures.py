"""Figures: the tables of profiles laid out in rows, for whoever counts.

They follow the changes of the generation that is read: whoever changed is laid out anew. Written
by the projector's process, in the transaction that moves their own cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from jejak_lrs.competency import stretches
from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.profile import parse
from jejak_lrs.competency.stretches import Place
from jejak_lrs.projection import profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from jejak_lrs.competency.profile import Profile
    from jejak_lrs.database import Connection
    from jejak_lrs.projection.profiles import Stored

NAME: Final = "figures"  # of the cursor: its position is the number of a change

_TABLES: Final[dict[LiteralString, LiteralString]] = {
    "served": "person_id uuid, starts date, ends date, place int",
    "standing": "person_id uuid, competency int, starts date, ends date, place int, "
    "asserted smallint, until date, indicated smallint, lapsed smallint, disputed boolean",
    "learning_year": "person_id uuid, year int, starts date, ends date, place int, "
    "year_starts date, year_ends date, jp bigint",
    "certified": "person_id uuid, number text, provider text, starts date, ends date",
    "enrolled": "person_id uuid, programme text, cohort text, starts date, ends date, state text",
}
Row = tuple[Any, ...]
_PLACE: Final[LiteralString] = "working, home, unit, position_class, position, employment"


def changed(connection: Connection, after: int, limit: int) -> tuple[int, list[UUID]]:
    """The last of up to `limit` changes past one, and whom they are about; (after, []): none."""
    found = connection.execute(
        "SELECT number, person_id FROM change WHERE number > %s ORDER BY number LIMIT %s",
        [after, limit],
    ).fetchall()
    return (found[-1][0], sorted({who for _, who in found})) if found else (after, [])


class Figures:
    """Lays persons out. For one thread.

    Remembers the numbers of places and competencies; `forget` them after a failed transaction,
    which may have taken some back.
    """

    def __init__(self) -> None:
        self.places: dict[Place, int] = {}
        self.competencies: dict[str, int] = {}

    def forget(self) -> None:
        """Believe nothing any more."""
        self.places.clear()
        self.competencies.clear()

    def remember(self, connection: Connection) -> None:
        """Read the numbers, if they are not known."""
        if not self.places:
            self.places.update(_places(connection))
            self.competencies.update(_competencies(connection))

    def lay_out(self, connection: Connection, people: Sequence[UUID]) -> int:
        """Put the rows of persons in the place of what stood; how many rows. In a transaction.

        Who has no profile any more, or none with a posting, has no rows.
        """
        found = profiles.stored(connection, people)
        known = [(one, parse(one.document)) for one in found.values()]
        self._name(connection, [profile for _, profile in known])
        rows: dict[LiteralString, list[Row]] = {table: [] for table in _TABLES}
        for one, profile in known:
            for table, row in self._rows(one, profile):
                rows[table].append(row)
        for table in _TABLES:
            _replace(connection, table, people, rows[table])
        return sum(map(len, rows.values()))

    def _name(self, connection: Connection, known: Iterable[Profile]) -> None:
        """Give new places and competencies their numbers."""
        self.remember(connection)
        places, competencies = set[Place](), set[str]()
        for profile in known:
            places.update(map(stretches.place_of, profile.postings))
            competencies.update(one.competency for one in profile.competencies)
        if new := places - self.places.keys():
            self.places.update(_new_places(connection, new))
        if added := competencies - self.competencies.keys():
            self.competencies.update(new_competencies(connection, added))

    def _rows(self, one: Stored, profile: Profile) -> Iterator[tuple[LiteralString, Row]]:
        who, own = one.person_id, (one.home, one.working)
        for stint in stretches.stints(profile):
            yield "served", (who, stint.starts, stint.ends, self.places[stint.place], *own)
        for level in stretches.levels(profile):
            yield "standing", (
                who, self.competencies[level.competency], level.starts, level.ends,
                self.places[level.place], level.asserted, level.until, level.indicated,
                level.lapsed, level.disputed, *own,
            )  # fmt: skip
        for year in stretches.learnt(profile):
            yield "learning_year", (
                who, year.year, year.starts, year.ends, self.places[year.place],
                year.year_starts, year.year_ends, year.jp, *own,
            )  # fmt: skip
        if not profile.postings:
            return
        for held in profile.certificates:
            ends = held.ends or FOREVER
            yield "certified", (who, held.number, held.provider, held.starts, ends, *own)
        for enrolment in profile.programmes:
            for at in enrolment.states:
                yield "enrolled", (
                    who, enrolment.programme, enrolment.cohort or "", at.starts, at.ends or FOREVER,
                    at.state, *own,
                )  # fmt: skip


def _replace(
    connection: Connection, table: LiteralString, people: Sequence[UUID], rows: list[Row]
) -> None:
    connection.execute(f"DELETE FROM {table} WHERE person_id = ANY(%s)", [list(people)])  # noqa: S608  ours
    if rows:
        columns = f"{_TABLES[table]}, own_home text, own_working text"
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        kinds = ", ".join(f"%s::{column.split()[1]}[]" for column in columns.split(", "))
        connection.execute(
            f"INSERT INTO {table} ({names}) SELECT * FROM unnest({kinds})",  # noqa: S608  ours
            [list(column) for column in zip(*rows, strict=True)],
        )


# -- places and competencies --------------------------------------------------------------


def _places(connection: Connection) -> dict[Place, int]:
    found = connection.execute(f"SELECT id, {_PLACE} FROM place")  # noqa: S608  ours
    return {Place(*row): number for number, *row in found}


def _new_places(connection: Connection, new: Iterable[Place]) -> dict[Place, int]:
    rows = [
        (one.working, one.home, one.unit, one.position_class, one.position, one.employment)
        for one in new
    ]
    found = connection.execute(
        f"INSERT INTO place ({_PLACE}) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], "  # noqa: S608  ours
        f"%s::text[], %s::text[], %s::text[]) RETURNING id, {_PLACE}",
        [list(column) for column in zip(*rows, strict=True)],
    )
    return {Place(*row): number for number, *row in found}


def _competencies(connection: Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT iri, id FROM competency").fetchall())


def new_competencies(connection: Connection, new: Iterable[str]) -> dict[str, int]:
    """Give competencies that have none yet a number each."""
    found = connection.execute(
        "INSERT INTO competency (iri) SELECT unnest(%s::text[]) RETURNING iri, id", [sorted(new)]
    )
    return dict(found.fetchall())
