"""What agencies are told: changes as a numbered chain, and where each of their people stands.

A person's state goes to the compacted profile topic after the changes that touch it; there the
greatest (epoch, version) holds, so it may be sent at any time and again. docs/agency.md
says to agencies how to read both.

This sees NIPs, to make match references of them: nothing here may log or raise one.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ValidationError

from jejak_consumers import errors
from jejak_consumers.chain import Numbering
from jejak_consumers.follower import Batch
from jejak_consumers.messages import Post
from jejak_consumers.publisher import MOST, Mailing, Parcel, Postman, numbering_of
from jejak_consumers.roster import match_ref
from jejak_consumers.vitals import Vitals
from jejak_lrs import outbox
from jejak_lrs.cursor import Cursor
from jejak_lrs.database import Connection
from jejak_lrs.ledger import history, standing
from jejak_lrs.projection import profiles
from jejak_schemas import codec, topics
from jejak_schemas.chain import Place
from jejak_schemas.framing import Framing
from jejak_schemas.outgoing import CHANGES, Change, PersonLeft, ProfileState
from jejak_schemas.traces import Step

MatchKeys = Callable[[], Mapping[str, bytes]]
"""The match key of every agency that subscribes, by its code, as of now."""

_CLASSES: Final[Mapping[str, type[Change]]] = {one.__name__: one for one in CHANGES}
_LOOK_AGAIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _References:
    """The match references of some persons. Its repr shows nothing."""

    keys: Mapping[str, bytes] = field(repr=False)
    nips: Mapping[UUID, Sequence[str]] = field(repr=False)

    def of(self, agency: str, person_id: UUID) -> tuple[str, ...]:
        """For each NIP the person ever had, what stands for it at the agency."""
        return tuple(match_ref(self.keys[agency], nip) for nip in self.nips.get(person_id, ()))


@dataclass(slots=True)
class Changes(Mailing):
    """Tells each agency what changed about its own people. Its cursor is on `change.number`."""

    match_keys: MatchKeys
    most: int = MOST
    name: str = field(default="publisher-changes", init=False)

    def read(self, connection: Connection, after: Cursor) -> Batch[Parcel] | None:
        """The next changes, numbered, and then the states of whom they touch.

        After a new epoch not before every agency's profiles are told anew: who is told to reload
        must find them.
        """
        rows = profiles.changes(connection, after.position, self.most)
        if not rows:
            return None
        self.postman.sit_down()
        keys = self.match_keys()
        people = {row.person_id for row in rows}
        references = _References(keys, outbox.nips_of(connection, people))
        epoch = history.head(connection).epoch
        if _unfilled(connection, keys, epoch):
            return None
        routed = {agency for row in rows for agency in row.agencies if agency in keys}
        numbering = numbering_of(connection, epoch, map(topics.changes, routed))
        framing = self.postman.framing
        posts = list(_changes(rows, references, numbering, self.postman))
        standing = profiles.stored(connection, people)
        posts += _states_after(rows, standing, references, epoch, framing)
        to = Cursor(rows[-1].number, after.outcome_number)
        steps = _steps(rows) if self.postman.traces.on else ()
        return Batch(Parcel(posts, numbering.given, steps), to)

    def numbers(self, items: Parcel) -> Mapping[str, int]:
        """How many changes, and how many states after them."""
        changes = sum(post.topic.endswith(".changes") for post in items.posts)
        return {"changes": changes, "profiles": len(items.posts) - changes}

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Note the changes that nobody was told of."""
        vitals.lags(self.name, standing.changes_behind(connection, at))


def _unfilled(connection: Connection, agencies: Iterable[str], epoch: UUID) -> bool:
    """Whether an agency's profile topic was filled in an earlier epoch and not in this one."""
    filled = outbox.chains(connection, map(topics.profiles, agencies))
    return any(began != epoch for began, _ in filled.values())


@dataclass(slots=True)
class Newcomers(Mailing):
    """Fills the profile topic of an agency that has none of this epoch yet.

    So an agency that subscribes late, and every agency after a new epoch, can begin from its
    profiles. Its cursor counts; the place of the profile topic in `chain` says: filled.
    """

    match_keys: MatchKeys
    name: str = field(default="publisher-newcomers", init=False)
    _looked: float = field(default=0.0, init=False)

    def read(self, connection: Connection, after: Cursor) -> Batch[Parcel] | None:
        """The states of everyone in one agency that is new."""
        now = time.monotonic()
        if now - self._looked < _LOOK_AGAIN_SECONDS:
            return None
        keys, epoch = self.match_keys(), history.head(connection).epoch
        filled = outbox.chains(connection, map(topics.profiles, keys))
        for agency in sorted(keys):
            topic = topics.profiles(agency)
            if topic not in filled or filled[topic][0] != epoch:
                self.postman.sit_down()
                places = {topic: Place(epoch, 0)}
                posts = self._everyone(connection, agency, keys, epoch)
                return Batch(Parcel(posts, places), Cursor(after.position + 1, -1))
        self._looked = now
        return None

    def act(self, items: Parcel) -> None:
        """Send them, some at a time."""
        for first in range(0, len(items.posts), MOST):
            self.postman.deliver(items.posts[first : first + MOST])

    def rest(self) -> None:
        """End the writer, and look again."""
        self._looked = 0.0
        self.postman.rest()

    def numbers(self, items: Parcel) -> Mapping[str, int]:
        """How many states."""
        return {"profiles": len(items.posts)}

    def look(self, connection: Connection, at: Cursor, vitals: Vitals) -> None:
        """Nothing: agencies that are new are not counted."""

    def _everyone(
        self, connection: Connection, agency: str, keys: Mapping[str, bytes], epoch: UUID
    ) -> list[Post]:
        people = profiles.of_agency(connection, agency)
        nips = outbox.nips_of(connection, [one.person_id for one in people])
        references = _References(keys, nips)
        framing = self.postman.framing
        return [_state(one, agency, references, epoch, framing) for one in people]


def _steps(rows: Iterable[profiles.Change]) -> list[Step]:
    """What was told because of which events."""
    return [
        Step("jejak change", row.because_statement, {"jejak.kind": row.kind})
        for row in rows
        if row.because_statement is not None and row.kind != ProfileState.__name__
    ]


def _changes(
    rows: Iterable[profiles.Change],
    references: _References,
    numbering: Numbering,
    postman: Postman,
) -> Iterable[Post]:
    """One message for each agency that a change goes to, in the order of the changes."""
    for row in rows:
        if row.kind == ProfileState.__name__:
            continue
        for agency, relation in zip(row.agencies, row.relations, strict=True):
            if agency in references.keys:
                topic = topics.changes(agency)
                link = numbering.next(topic)
                said = {
                    **row.content,
                    "epoch": link.epoch,
                    "seq": link.seq,
                    "prev_seq": link.prev_seq,
                    "number": row.number,
                    "change_id": row.change_id,
                    "person_id": row.person_id,
                    "relation": relation,
                    "match_refs": references.of(agency, row.person_id),
                    "version": row.version,
                    "changed_at": row.changed_at,
                    "because": _because(row),
                }
                value = _encoded(_CLASSES[row.kind], said, f"change {row.number}", postman.framing)
                headers = postman.traces.headers(row.because_statement)
                yield Post(topic, _key(row.person_id), value, headers)


def _because(row: profiles.Change) -> dict[str, object] | None:
    """The record and the rule; None where no record made the change, but a day or a rebuild."""
    if row.because_position is None:
        return None
    return {
        "position": row.because_position,
        "statement_id": row.because_statement,
        "rule": row.because_rule,
    }


def _states_after(
    rows: Sequence[profiles.Change],
    standing: Mapping[UUID, profiles.Stored],
    references: _References,
    epoch: UUID,
    framing: Framing,
) -> list[Post]:
    """For each person and agency touched, once: the state as it is now, or a tombstone."""
    left = {(row.person_id, agency): row for row in rows for agency in row.agencies}
    posts = []
    for (person_id, agency), row in left.items():
        if agency not in references.keys:
            continue
        one = standing.get(person_id)
        if one is not None and agency in one.told.relations:
            posts.append(_state(one, agency, references, epoch, framing))
        elif row.kind == PersonLeft.__name__:
            posts.append(_tombstone(person_id, agency, row.version, epoch))
    return posts


def _state(
    one: profiles.Stored, agency: str, references: _References, epoch: UUID, framing: Framing
) -> Post:
    said = {
        "epoch": epoch,
        "person_id": one.person_id,
        "relation": one.told.relations[agency],
        "match_refs": references.of(agency, one.person_id),
        "version": one.version,
        "assessed_to": one.assessed_to,
        "digest": one.digest,
        "profile": one.document,
    }
    value = _encoded(ProfileState, said, f"the state of {one.person_id}", framing)
    return Post(topics.profiles(agency), _key(one.person_id), value)


def _tombstone(person_id: UUID, agency: str, version: int, epoch: UUID) -> Post:
    """The person is of that agency no more; the version stands in a header."""
    headers = (("epoch", str(epoch).encode()), ("version", str(version).encode()))
    return Post(topics.profiles(agency), _key(person_id), None, headers)


def _encoded(
    model: type[BaseModel], said: Mapping[str, object], what: str, framing: Framing
) -> bytes:
    try:
        return codec.encode(model.model_validate(said), framing)
    except ValidationError as exc:
        where = codec.field_name(exc.errors(include_input=False)[0]["loc"])
        # Never pydantic's own words: they quote the value.
        raise errors.Fatal(f"{what} breaks the contract at {where}") from None


def _key(person_id: UUID) -> bytes:
    return str(person_id).encode()
