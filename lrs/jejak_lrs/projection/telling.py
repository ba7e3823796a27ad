"""What agencies are told of persons within one transaction: differences become numbered changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils.compat import uuid5

from jejak_lrs.competency.diff import Difference, PersonJoined, PersonLeft
from jejak_lrs.projection import profiles
from jejak_lrs.projection.profiles import Change, Stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from jejak_lrs.competency.routing import Agencies
    from jejak_lrs.database import Connection

STATE: Final = "ProfileState"  # the kind of a change that only the profile topic is told
_NEVER_SERVED: Final = '"postings":[]'
_MOVES: Final = ("PersonJoined", "PersonLeft")
_JOINING: Final = frozenset({"PersonMerged", "PersonSplit"})
# What a record itself changes, whatever it is that differs then.
_RULES: Final = {"StatementVoided": "rule-10", "PersonMerged": "rule-13", "PersonSplit": "rule-13"}


class Cause(Struct, frozen=True, gc=False):
    """The record by which a person is folded. `event_type` matters where it is in _RULES."""

    position: int
    statement_id: UUID
    stored: datetime
    event_type: str = ""


class By(Struct, frozen=True, gc=False):
    """What makes changes: a record, a day that came (None), or a rebuild (None).

    `mark` tells apart the changes of one kind and subject.
    """

    mark: str
    changed_at: datetime
    record: Cause | None = None


@dataclass(slots=True)
class Telling:
    """The changes of one transaction, in order; so many of them are written."""

    written: int = 0
    _changes: list[Change] = field(default_factory=list)

    def tell(
        self, stored: Stored, told: Agencies, differences: Sequence[Difference], by: By
    ) -> None:
        """Tell differences, and then the state, to those who have the person or had.

        Args:
            stored: the profile as it is told.
            told: the agencies that were told of the person until now.
            differences: between what they were told and `stored`.
            by: what made them.
        """
        for one in differences:
            self._add(stored, one.kind, one.subject, one.content(), one.rule,
                      _routes(one, told, stored.told), by)  # fmt: skip
        self._add(stored, STATE, "", {}, "profile", stored.told.relations, by)

    def _add(
        self,
        stored: Stored,
        kind: str,
        subject: str,
        content: dict[str, object],
        rule: str,
        routes: Mapping[str, str],
        by: By,
    ) -> None:
        """A change, if anybody is to be told. The same change always has the same id.

        The state of whoever has ever served is a change also where nobody is told of it any more,
        and so is that of who was one with another: figures of earlier days follow it.
        """
        record = by.record
        joins = record is not None and record.event_type in _JOINING
        if not routes and (kind != STATE or (_NEVER_SERVED in stored.document and not joins)):
            return
        self._changes.append(
            Change(
                change_id=uuid5(stored.person_id, f"{kind} {subject} {by.mark}"),
                person_id=stored.person_id,
                kind=kind,
                version=stored.version,
                changed_at=by.changed_at,
                agencies=list(routes),
                relations=list(routes.values()),
                content=content,
                because_position=record.position if record else None,
                because_statement=record.statement_id if record else None,
                because_rule=_RULES.get(record.event_type, rule) if record else rule,
            )
        )

    def silence(self, people: Sequence[UUID]) -> None:
        """Say no more of persons than that their state is another, and where they belong.

        Of what was not written yet; `projection_erase` does the same to what was.
        """
        self._changes = [
            replace(one, kind=STATE, content={})
            if one.person_id in people and one.kind not in _MOVES
            else one
            for one in self._changes
        ]

    def write(self, connection: Connection) -> None:
        """Write the changes since the last time."""
        changes, self._changes = self._untold(connection), []
        profiles.write_changes(connection, changes)
        self.written += len(changes)

    def _untold(self, connection: Connection) -> list[Change]:
        """The changes, without what a day brought and was told before."""
        by_day = [one.change_id for one in self._changes if one.because_position is None]
        told = profiles.told_already(connection, by_day) if by_day else set()
        return [one for one in self._changes if one.change_id not in told]


def _routes(one: Difference, told: Agencies, now: Agencies) -> Mapping[str, str]:
    """Who hears of a difference: those who have the person now; of a leaving, who lost them."""
    if isinstance(one, PersonLeft):
        return {one.before: told.relations[one.before]}
    if isinstance(one, PersonJoined):
        return {one.after: now.relations[one.after]}
    return now.relations
