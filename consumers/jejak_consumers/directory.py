"""Who is who during one batch: persons the ledger knows, and those seen for the first time.

A new person gets a provisional UUIDv7 here; only append makes it real, and only where a
message that needs it survives (step 4 of `append`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from jejak_consumers.finish import Finisher
from jejak_lrs.database import Connection
from jejak_lrs.ledger import history, seal
from jejak_lrs.ledger.batch import Alias, NewPerson
from jejak_lrs.ledger.people import Known, People
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import Event, PersonSeen
from jejak_schemas.parts import PersonRef, SealedAlias
from jejak_schemas.resolve import Reference

SYSTEM_PARTY: Final = "operator"
STATEMENT: Final = "statement"  # the kind of a reference to a statement instead of a person


class NotLookedUp(Exception):  # noqa: N818  a signal inside the walk, not an error
    """The message names persons, or a statement, that this batch has not asked the ledger about.

    All of them at once: a statement can name a thousand, and each signal costs a walk and a query.
    """

    def __init__(self, references: Iterable[Reference]) -> None:
        super().__init__()
        self.references = frozenset(references)


class NoSuchPerson(Exception):  # noqa: N818
    """A person_id that the ledger does not hold."""


class CutHere(Exception):  # noqa: N818
    """Message `turn` depends on an earlier one of this batch: it must be walked after the append.

    Where the message walked now comes before the one it meets, it is that later one which waits.
    """

    def __init__(self, turn: int) -> None:
        super().__init__()
        self.turn = turn


@dataclass(slots=True, repr=False)  # it holds numbers of persons
class Directory:
    """The persons of one batch. `now` is the walk's moment, `turn` the message walked now."""

    finisher: Finisher
    now: datetime
    turn: int = 0
    known: dict[Reference, Known] = field(default_factory=dict)
    asked: set[Reference] = field(default_factory=set)
    statements: set[UUID] = field(default_factory=set)
    newcomers: dict[UUID, NewPerson] = field(default_factory=dict)
    _new: dict[Reference, NewPerson] = field(default_factory=dict)
    _claims: dict[Reference, tuple[int, str]] = field(default_factory=dict)
    _arrived: dict[int, int] = field(default_factory=dict)

    def learn(self, asked: Iterable[Reference], known: Mapping[Reference, Known]) -> None:
        """Take in what the ledger answered; what it did not answer is unknown to it."""
        self.asked.update(asked)
        self.known.update(known)

    def claim(self, references: Iterable[Reference], posting: str) -> None:
        """A posting gives these aliases to a person; no later message of the batch may take them.

        Claimed before it is looked up, because a parked posting is walked after later messages.
        """
        for reference in references:
            self._claims.setdefault(reference, (self.turn, posting))

    def forget_from(self, turn: int) -> None:
        """Messages from `turn` on are not of this batch any more, nor what their postings claim."""
        kept = {ref: claim for ref, claim in self._claims.items() if claim[0] < turn}
        self._claims = kept

    def arrive(self, statement_id: UUID) -> None:
        """The message walked now will stand in the ledger once its batch does."""
        self._arrived.setdefault(statement_id.int, self.turn)

    def find_all(self, named: Iterable[Reference], event_id: str) -> dict[Reference, UUID]:
        """Whom each of an event's references names, but for aliases that nobody has."""
        found: dict[Reference, UUID] = {}
        lacking: list[Reference] = []
        for reference in named:
            if held := self.known.get(reference):
                found[reference] = held.person_id
            elif self._is_asked(reference, event_id):
                if person := self._met(reference):
                    found[reference] = person
            else:
                lacking.append(reference)
        if lacking:
            raise NotLookedUp(lacking)
        return found

    def _is_asked(self, reference: Reference, event_id: str) -> bool:
        """Whether the ledger was asked about a reference that no other posting claims."""
        turn, posting = self._claims.get(reference, (self.turn, event_id))
        if posting != event_id:
            raise CutHere(max(turn, self.turn))
        return reference in self.asked

    def _met(self, reference: Reference) -> UUID | None:
        """Whom this batch has met by a reference that the ledger does not know."""
        if new := self._new.get(reference):
            return new.person_id
        if reference[0] == "person_id":
            raise NoSuchPerson
        return None

    def is_registered(self, reference: Reference) -> bool:
        """Whether BKN has registered the person named, as far as the ledger knows."""
        held = self.known.get(reference)
        return held is not None and held.registered

    def needed(self, references: Iterable[Reference]) -> tuple[Alias, ...]:
        """The first aliases of this batch's new persons among `references`."""
        if not self._new:
            return ()
        return tuple(self._new[ref].alias for ref in references if ref in self._new)

    def meet(self, reference: Reference) -> UUID:
        """Make a person seen for the first time, with the finished PersonSeen record."""
        new = self._newcomer(reference)
        self._new[reference] = new
        self.newcomers[new.person_id] = new
        return new.person_id

    def seal_of(self, reference: Reference) -> str:
        """What a record keeps of an alias that is known or was met."""
        new = self._new.get(reference)
        salt = new.alias.salt if new else self.known[reference].salt
        if salt is None:
            raise LookupError("a person_id is no alias")
        return _commitment(salt, reference)

    def state(self, reference: Reference, person_id: UUID, posting: Event) -> Alias:
        """A further alias, unknown until now, that a posting of this batch gives to a person."""
        since = getattr(posting, "valid_from", jakarta_date(self.now))
        return Alias(*reference, person_id, seal.salt(), since, posting.event_id)

    def holds(self, statement_id: UUID) -> bool:
        """Whether the ledger holds a statement, or will by an earlier message of this batch."""
        if self._arrived.get(statement_id.int, self.turn) < self.turn:
            return True
        reference = (STATEMENT, str(statement_id))
        if reference not in self.asked:
            raise NotLookedUp([reference])
        return statement_id in self.statements

    def _newcomer(self, reference: Reference) -> NewPerson:
        kind, value = reference
        person_id, salt = uuid7(), seal.salt()
        commitment = seal.alias_commitment(salt, kind, value).hex()
        seen = PersonSeen.model_validate(
            {
                "occurred_at": self.now,
                "party": SYSTEM_PARTY,
                "person": PersonRef(person_id=person_id),
                "alias": SealedAlias.model_validate({"kind": kind, "commitment": commitment}),
            }
        )
        row = self.finisher.finish_system(seen, person_id)
        alias = Alias(kind, value, person_id, salt, jakarta_date(self.now), seen.event_id)
        return NewPerson(person_id, alias, row)


def seal_of(alias: Alias) -> str:
    """What a record keeps of an alias."""
    return _commitment(alias.salt, alias.reference)


def _commitment(salt: bytes, reference: Reference) -> str:
    return seal.alias_commitment(salt, *reference).hex()


def look_up(
    directory: Directory, connection: Connection, people: People, asked: Iterable[Reference]
) -> None:
    """Ask the ledger about persons and statements, one query for each kind."""
    wanted = set(asked)
    statements = {ref for ref in wanted if ref[0] == STATEMENT}
    directory.learn(wanted, people.resolve_many(connection, wanted - statements))
    if statements:
        ids = [UUID(value) for _, value in statements]
        directory.statements.update(history.statements_held(connection, ids))
