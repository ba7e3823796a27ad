"""Whether what is stored is what the records say: stored profiles beside folds of the ledger.

Each person is folded to the position that the stored profile reflects (`assessed_to`), by the very
functions that the projector runs. Persons are taken in the order of these positions, so that the
registry is read once, however many they are.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from jejak_lrs import database
from jejak_lrs.competency.assess import assess
from jejak_lrs.competency.profile import canonical, digest
from jejak_lrs.projection import profiles, refolding
from jejak_lrs.replay.gathering import RegistryReader, facts_until
from jejak_lrs.replay.lines import WIDTH
from jejak_lrs.replay.selection import NAME, Reader, Selection, select
from jejak_lrs.workers import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from jejak_lrs.competency.profile import Profile
    from jejak_lrs.database import Connection
    from jejak_lrs.projection.profiles import Stored
    from jejak_lrs.replay.selection import Selected, Span


@dataclass(frozen=True, slots=True)
class Compared:
    """One person: what is stored, and what the records come to at the same position.

    `pending`: a registry record may have touched the person, who is still to be folded anew; that
    they differ until then is lag, not a fault.
    """

    person_id: UUID
    position: int
    stored_digest: str
    replayed: Profile
    digest: str
    equal: bool
    pending: bool

    @property
    def wrong(self) -> bool:
        """Whether they differ for no good reason."""
        return not self.equal and not self.pending


def compare(
    connection: Connection,
    people: Iterable[UUID] | None = None,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Compared]:
    """Each of these persons, or of all, who has a stored profile.

    Beside a projector that works: who is folded anew meanwhile is compared as they stand then.
    """
    generation = profiles.active_generation(connection)
    registry = RegistryReader(connection)
    waiting = profiles.standing(connection, generation, people)  # sorted: a heap already
    total = len(waiting)
    while waiting:
        watch(total - len(waiting), total)
        position, person_id = heappop(waiting)
        pending = refolding.is_pending(connection, generation, person_id)
        stored = profiles.stored(connection, [person_id], generation).get(person_id)
        if stored is None:
            continue
        if stored.assessed_to > position:
            heappush(waiting, (stored.assessed_to, person_id))
            continue
        profile = assess(facts_until(connection, person_id, position), registry.at(position))
        yield _compared(stored, profile, pending=pending)


def _compared(stored: Stored, profile: Profile, *, pending: bool) -> Compared:
    """Equal is equal to the byte: what is stored, not only its digest."""
    replayed = canonical(profile)
    return Compared(
        person_id=stored.person_id,
        position=stored.assessed_to,
        stored_digest=stored.digest,
        replayed=profile,
        digest=digest(replayed),
        equal=replayed == stored.document.encode() and digest(replayed) == stored.digest,
        pending=pending,
    )


# -- whom ---------------------------------------------------------------------------------


def people_of(
    dsn: str, selection: Selection, workers: int, watch: Callable[[int, int], None]
) -> frozenset[UUID] | None:
    """Everyone whom the chosen records are about; None, everyone at all, where all are chosen."""
    if selection == Selection():
        return None
    if selection == Selection(people=selection.people):
        return frozenset(selection.people)
    connect = partial(database.reading, dsn, NAME)
    with closing(connect()) as connection:
        selected = select(connection, selection)
    people: set[UUID] = set()
    for end, found in in_order(connect, _Persons(selected), selected.spans(WIDTH), workers):
        people |= found
        watch(end - selection.from_position, selected.end - selection.from_position)
    return frozenset(people)


@dataclass(frozen=True, slots=True)
class _Persons:
    """The work of finding whom the records of a span are about."""

    selected: Selected

    def begin(self, connection: Connection) -> Reader:
        return Reader(connection, self.selected)

    def make(self, reader: Reader, span: Span) -> tuple[int, frozenset[UUID]]:
        about = {record.person_id for record, _ in reader.records(span)}
        return span.end, frozenset(one for one in about if one is not None)
