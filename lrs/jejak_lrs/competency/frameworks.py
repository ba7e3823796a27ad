"""Dictionaries of competencies: what each competency is, and what counts under it. Rule 12.

What the owner of a competency, whoever published it first, says of it holds from that publication's
day until that of the next one.
"""

from collections import defaultdict
from datetime import date

from jejak_lrs.competency.days import FOREVER
from jejak_lrs.competency.decrees import Decree, Definition, decree
from jejak_lrs.competency.memo import Memo
from jejak_lrs.competency.ownership import Owners
from jejak_schemas.events import FrameworkPublished

Under = tuple[str, date, date]  # under a competency, from a day, until another


class Frameworks:
    """Every framework published so far; for one thread."""

    def __init__(self) -> None:
        self._owners = Owners()
        self._published: dict[str, list[Decree[FrameworkPublished]]] = defaultdict(list)
        self._successors: dict[str, set[str]] = defaultdict(set)  # competency -> newer ones
        self._predecessors: dict[str, set[str]] = defaultdict(set)
        self._editions = Memo(self._defined)
        self._under = Memo(self._counts_under)

    def add(self, event: FrameworkPublished, position: int) -> None:
        """Take in one publication, in any order."""
        self._owners.publish((one.id for one in event.competencies), position, event.speaks_for)
        published = decree(event, event, event.valid_from)
        for competency in event.competencies:
            self._published[competency.id].append(published)
            for earlier in competency.equivalents:
                self._successors[earlier].add(competency.id)
                self._predecessors[competency.id].add(earlier)
        self._editions.clear()
        self._under.clear()

    def competencies(self) -> list[str]:
        """Every competency, by IRI."""
        return sorted(self._published)

    def owner(self, competency: str) -> str | None:
        """Who defines a competency: whoever published it first."""
        return self._owners.of(competency)

    def definition(self, competency: str, day: date = date.max) -> Definition | None:
        """A competency as it is defined on a day, by default at last; before the first, as there.

        None where nobody has published it.
        """
        editions = self._editions[competency]
        if not editions:
            return None
        day = max(day, editions[0].starts)
        return next(one for one in reversed(editions) if one.starts <= day)

    def _defined(self, competency: str) -> tuple[Definition, ...]:
        """The definitions by its owner, in the order in which they hold."""
        owner = self._owners.of(competency)
        own = (one for one in self._published[competency] if one.event.speaks_for == owner)
        return tuple(
            Definition(
                framework=one.event.framework,
                version=one.event.version,
                kind=entry.kind,
                names=tuple(sorted(entry.name.items())),
                equivalents=entry.equivalents,
                starts=one.starts,
            )
            for one in sorted(own, key=lambda one: one.order)
            for entry in one.event.competencies
            if entry.id == competency
        )

    def counts_under(self, competency: str) -> tuple[Under, ...]:
        """The competency itself, and those that name it as an equivalent, while they do."""
        return self._under[competency]

    def _counts_under(self, competency: str) -> tuple[Under, ...]:
        later = sorted(self._successors.get(competency, set()) - {competency})
        return (
            (competency, date.min, FOREVER),
            *((one, *days) for one in later for days in self._naming(one, competency)),
        )

    def _naming(self, later: str, earlier: str) -> list[tuple[date, date]]:
        """The stretches of days on which a competency names another as its equivalent."""
        editions = self._editions[later]
        found: list[tuple[date, date]] = []
        for one, ends in zip(editions, [*(at.starts for at in editions[1:]), FOREVER], strict=True):
            if earlier in one.equivalents and one.starts < ends:
                joined = found.pop() if found and found[-1][1] == one.starts else (one.starts,)
                found.append((joined[0], ends))
        return found

    def ever_equivalent_to(self, competency: str) -> frozenset[str]:
        """The competencies that any publication has named as its equivalents."""
        return frozenset(self._predecessors.get(competency, ()))
