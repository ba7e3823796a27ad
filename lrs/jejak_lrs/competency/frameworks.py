"""Dictionaries of competencies: what each competency is, and what counts under it. Rule 12."""

from collections import defaultdict
from datetime import date

from jejak_lrs.competency.decrees import Decree, Definition, decree
from jejak_lrs.competency.memo import Memo
from jejak_lrs.competency.ownership import Owners
from jejak_schemas.events import FrameworkPublished


class Frameworks:
    """Every framework published so far; for one thread."""

    def __init__(self) -> None:
        self._owners = Owners()
        self._published: dict[str, list[Decree[FrameworkPublished]]] = defaultdict(list)
        self._successors: dict[str, set[str]] = defaultdict(set)  # competency -> newer ones
        self._predecessors: dict[str, set[str]] = defaultdict(set)
        self._definitions = Memo(self._defined)
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
        self._definitions.clear()
        self._under.clear()

    def competencies(self) -> list[str]:
        """Every competency, by IRI."""
        return sorted(self._published)

    def definition(self, competency: str) -> Definition | None:
        """A competency as defined last by its owner: whoever published it first."""
        return self._definitions[competency]

    def _defined(self, competency: str) -> Definition | None:
        owner = self._owners.of(competency)
        if owner is None:
            return None
        own = (one for one in self._published[competency] if one.event.speaks_for == owner)
        last = max(own, key=lambda one: one.order)
        entry = next(one for one in last.event.competencies if one.id == competency)
        return Definition(
            framework=last.event.framework,
            version=last.event.version,
            owner=owner,
            kind=entry.kind,
            names=tuple(sorted(entry.name.items())),
            equivalents=entry.equivalents,
            starts=last.starts,
        )

    def counts_under(self, competency: str) -> tuple[tuple[str, date], ...]:
        """The competency itself, and the later ones that name it as an equivalent.

        Each with the first day on which it counts there.
        """
        return self._under[competency]

    def _counts_under(self, competency: str) -> tuple[tuple[str, date], ...]:
        under = [(competency, date.min)]
        for later in sorted(self._successors.get(competency, ())):
            definition = self.definition(later)
            if definition and competency in definition.equivalents and later != competency:
                under.append((later, definition.starts))
        return tuple(under)

    def ever_equivalent_to(self, competency: str) -> frozenset[str]:
        """The competencies that any publication has named as its equivalents."""
        return frozenset(self._predecessors.get(competency, ()))
