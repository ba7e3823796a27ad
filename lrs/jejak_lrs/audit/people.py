"""Who is who, against what the records say: aliases, persons, registrations.

PersonSeen and BKN's postings keep SHA-256(alias salt, kind, value) of each alias; value and salt
stand in person_alias only. So every sealed alias must be there, of that person and since that day,
and every row there must be sealed by the record that it names.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from jejak_lrs.audit.difference import Difference
from jejak_lrs.errors import BadPayload
from jejak_lrs.ledger import seal
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import PersonMoved, PersonRegistered, PersonSeen
from jejak_schemas.parts import SealedAlias
from jejak_schemas.statement import from_statement

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from uuid import UUID

    from jejak_lrs.audit.examiner import Said
    from jejak_lrs.database import Connection
    from jejak_lrs.ledger.payload import Unpacker
    from jejak_schemas.events import Event

SEEN: Final = PersonSeen.__name__
POSTINGS: Final = (PersonRegistered.__name__, PersonMoved.__name__)
_STEP: Final = 1_000
_ELSEWHERE: Final = "alias-held-elsewhere"


@dataclass(frozen=True, slots=True)
class _Held:
    """A row of person_alias; its repr shows nothing from which a number could be guessed."""

    kind: str
    value: str = field(repr=False)
    person_id: UUID
    salt: bytes = field(repr=False)
    since: str
    statement_id: UUID

    @property
    def commitment(self) -> str:
        return seal.alias_commitment(self.salt, self.kind, self.value).hex()


class People:
    """Follows the records that say who is who; at the end, the tables must hold nothing else."""

    def __init__(self, connection: Connection, unpacker: Unpacker) -> None:
        self._connection = connection
        self._unpacker = unpacker
        # Aliases that a posting names and another person holds, by commitment: few.
        self.elsewhere: dict[str, int] = {}

    def follow(self, told: Sequence[Said], confirmed: Counter[str]) -> Iterator[Difference]:
        """Records that are sound by themselves; those of other event types are passed over.

        Rows that are what the records say are counted in `confirmed`, by table.
        """
        told = [said for said in told if said.record.event_type in (SEEN, *POSTINGS)]
        persons = list({said.record.person_id for said in told})
        if not persons:
            return
        held: dict[tuple[UUID | None, str], _Held] = {
            (one.person_id, one.commitment): one for one in self._aliases(persons)
        }
        seen = self._positions("person", persons)
        registered = self._positions("person_registered", persons)
        for said in told:
            record, person_id = said.record, said.record.person_id
            stated = dict(_stated(said.event))
            for sealed, since in stated.items():
                alias = held.get((person_id, sealed.commitment))
                yield from self._check(said, sealed, alias, since)
                if alias is not None and alias.statement_id == record.statement_id:
                    confirmed["person_alias"] += 1
            at = record.position
            confirmed["person"] += seen.get(person_id) == at
            confirmed["person_registered"] += registered.get(person_id) == at
            if record.event_type == SEEN and seen.get(person_id) != at:
                yield Difference(f"person of record {at}", "it is missing or altered")
            if record.event_type in POSTINGS and registered.get(person_id, at + 1) > at:
                yield Difference(f"person_registered of record {at}", "it is missing or altered")

    def end(self, since: int, past: int, confirmed: int) -> Iterator[Difference]:
        """Every alias of a record at [since, past) is sealed there; and none is missing.

        `confirmed` of them are known to be: where that is all, none is looked at again.
        """
        if self._count(since, past) != (confirmed, 0):
            yield from self._unsealed(past)
        if self.elsewhere:
            for found in self._all_aliases():
                for _, held in found:
                    self.elsewhere.pop(held.commitment, None)
        for position in self.elsewhere.values():
            yield Difference(f"person_alias of record {position}", "it is missing or altered")

    def _count(self, since: int, past: int) -> tuple[int, int]:
        """The aliases of records at [since, past), and those of no record."""
        found = self._connection.execute(
            "SELECT count(*) FILTER (WHERE k.position >= %s AND k.position < %s), "
            "count(*) FILTER (WHERE k.position IS NULL) "
            "FROM person_alias LEFT JOIN statement_key k USING (statement_id)",
            [since, past],
        ).fetchone()
        return (found[0], found[1]) if found else (0, 0)

    def _unsealed(self, past: int) -> Iterator[Difference]:
        for found in self._all_aliases():
            sealing = self._sealing({at for at, _ in found if at is not None and at < past})
            for position, held in found:
                where = f"person_alias {held.kind} of person {held.person_id}"
                if position is None:
                    yield Difference(where, f"it names statement {held.statement_id}, not recorded")
                elif position < past and (held.person_id, held.commitment) not in sealing[position]:
                    yield Difference(where, f"record {position}, which it names, does not seal it")

    def _check(
        self, said: Said, sealed: SealedAlias, held: _Held | None, since: date
    ) -> Iterator[Difference]:
        record = said.record
        where = f"person_alias {sealed.kind} of record {record.position}"
        if held is None and _ELSEWHERE in (record.warnings or ()):
            self.elsewhere.setdefault(sealed.commitment, record.position)
        elif held is None:
            yield Difference(where, "it is missing or altered")
        elif record.event_type == SEEN and held.statement_id != record.statement_id:
            yield Difference(where, "it names another statement")
        elif held.statement_id == record.statement_id and held.since != since.isoformat():
            yield Difference(where, f"it holds since {held.since}, not {since}")

    def _aliases(self, persons: Iterable[UUID | None]) -> list[_Held]:
        found = self._connection.execute(
            "SELECT kind, value, person_id, salt, since::text, statement_id FROM person_alias "
            "WHERE person_id = ANY(%s)",
            [list(persons)],
        )
        return [_Held(*row) for row in found]

    def _positions(self, table: str, persons: list[UUID | None]) -> dict[UUID | None, int]:
        found = self._connection.execute(
            f"SELECT person_id, position FROM {table} WHERE person_id = ANY(%s)",  # noqa: S608 - our own names
            [persons],
        )
        return dict(found.fetchall())

    def _all_aliases(self) -> Iterator[list[tuple[int | None, _Held]]]:
        """Every alias, with the position of the record that it names, some at a time."""
        last = ("", "")
        while found := self._connection.execute(
            "SELECT k.position, kind, value, person_id, salt, since::text, a.statement_id "
            "FROM person_alias a LEFT JOIN statement_key k USING (statement_id) "
            "WHERE (kind, value) > (%s, %s) ORDER BY kind, value LIMIT %s",
            [*last, _STEP],
        ).fetchall():
            yield [(position, _Held(*row)) for position, *row in found]
            last = found[-1][1:3]

    def _sealing(self, positions: set[int]) -> defaultdict[int, set[tuple[UUID, str]]]:
        """(person, commitment) of each alias that the records at these positions seal."""
        sealing: defaultdict[int, set[tuple[UUID, str]]] = defaultdict(set)
        for position, person_id, payload in self._connection.execute(
            "SELECT position, person_id, payload FROM record "
            "WHERE position = ANY(%s) AND event_type = ANY(%s) AND payload IS NOT NULL",
            [list(positions), [SEEN, *POSTINGS]],
        ):
            # What is wrong with the record itself is told where it stands.
            with suppress(BadPayload, ValueError, KeyError):
                event = from_statement(orjson.loads(self._unpacker.unpack(payload)))
                sealing[position] = {(person_id, one.commitment) for one, _ in _stated(event)}
        return sealing


def _stated(event: Event) -> Iterator[tuple[SealedAlias, date]]:
    """The sealed aliases of an event, and since when those that it brings hold."""
    if isinstance(event, PersonSeen):
        yield event.alias, jakarta_date(event.occurred_at)
    elif isinstance(event, PersonRegistered | PersonMoved):
        for alias in event.aliases:
            if isinstance(alias, SealedAlias):
                yield alias, event.valid_from
