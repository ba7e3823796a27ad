"""What institutions have decreed: rulesets, frameworks, alignments, accreditations, offerings.

Folded from registry records up to a position. Order-free: every look-up takes the greatest
(valid_from, occurred_at, statement_id) among what is in force, so records may be added in any
order, and twice. Registry events are superseded, never voided. Dates are Asia/Jakarta.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import ClassVar, Final
from uuid import UUID

from jejak_lrs.competency.accreditation import Accreditation
from jejak_lrs.competency.days import FOREVER, end_of
from jejak_lrs.competency.decrees import Decree, Definition, decree, in_force
from jejak_lrs.competency.facts import Origin, Voice
from jejak_lrs.competency.memo import Memo
from jejak_lrs.competency.ruleset import BadRuleset, Ruleset, parse
from jejak_lrs.competency.succession import Succession
from jejak_lrs.competency.units import Units
from jejak_schemas import events
from jejak_schemas.clock import jakarta_date
from jejak_schemas.events import Event

SUSPENDED: Final = "suspended"
OUTSIDE: Final = "outside-accreditation"
Reign = tuple[date, date, Ruleset]
Offered = events.OfferingPublished | events.OfferingWithdrawn


class Registry:
    """Everything decreed so far. Grows by `add`; for one thread."""

    def __init__(self) -> None:
        self.position = -1
        self._seen: set[UUID] = set()
        # Whose an offering or a competency is: who published it first, by the ledger's order and
        # not by occurred_at, which its sender chooses. Nobody restates what is another's.
        self._owners: dict[str, tuple[int, str]] = {}
        self._rulesets: list[Decree[Ruleset]] = []
        self._offerings: dict[str, list[Decree[Offered]]] = defaultdict(list)
        self._series: dict[str, set[str]] = defaultdict(set)  # series -> offerings
        self._alignments: dict[str, list[Decree[events.AlignmentPublished]]] = defaultdict(list)
        self._aligned: dict[UUID, events.AlignmentPublished] = {}
        self._signers: dict[UUID, set[str]] = defaultdict(set)
        self._frameworks: dict[str, list[Decree[events.FrameworkPublished]]] = defaultdict(list)
        self._successors: dict[str, set[str]] = defaultdict(set)  # competency -> newer ones
        self._predecessors: dict[str, set[str]] = defaultdict(set)
        # By (standard, institution): nobody supersedes the standard of another.
        self._standards: dict[tuple[str, str], list[Decree[events.StandardPublished]]]
        self._standards = defaultdict(list)
        self._definitions = Memo(self._defined)
        self._reigns: tuple[Reign, ...] | None = None
        self._rules = Memo(self._ruled)
        self._offered = Memo(self._offering_in_force)
        self._in_force = Memo(self._aligned_in_force)
        self._taught = Memo(self._competencies_taught)
        self._under = Memo(self._counts_under)
        self._bars = Memo(self._bar)
        self._memos = (
            self._definitions, self._rules, self._offered, self._in_force, self._taught,
            self._under, self._bars,
        )  # fmt: skip
        self.accreditation = Accreditation()
        self.succession = Succession()
        self.units = Units()

    # -- growing --------------------------------------------------------------------------

    def add(self, event: Event, position: int) -> bool:
        """Take in one record's event; whether it was a registry event that matters here."""
        self.position = max(self.position, position)
        take = self._TAKE.get(type(event))
        if take is None or event.event_id in self._seen:
            return take is not None
        self._seen.add(event.event_id)
        self._own(event, position)
        take(self, event)
        self._forget()
        return True

    def _forget(self) -> None:
        self._reigns = None
        for memo in self._memos:
            memo.clear()

    def _own(self, event: Event, position: int) -> None:
        first = (position, event.speaks_for)
        for iri in _named_by(event):
            self._owners[iri] = min(self._owners.get(iri, first), first)

    def _offering(self, event: events.OfferingPublished) -> None:
        published = jakarta_date(event.occurred_at)
        self._offerings[event.offering].append(decree(event, event, published))
        self._series[event.series].add(event.offering)

    def _withdrawal(self, event: events.OfferingWithdrawn) -> None:
        withdrawn = jakarta_date(event.occurred_at)
        self._offerings[event.offering].append(decree(event, event, withdrawn))

    def _alignment(self, event: events.AlignmentPublished) -> None:
        self._alignments[event.series].append(decree(event, event, event.valid_from))
        self._aligned[event.event_id] = event

    def _countersignature(self, event: events.AlignmentCountersigned) -> None:
        self._signers[event.target].add(event.speaks_for)

    def _framework(self, event: events.FrameworkPublished) -> None:
        framework = decree(event, event, event.valid_from)
        for competency in event.competencies:
            self._frameworks[competency.id].append(framework)
            for earlier in competency.equivalents:
                self._successors[earlier].add(competency.id)
                self._predecessors[competency.id].add(earlier)

    def _ruleset(self, event: events.RulesetPublished) -> None:
        try:
            rules = parse(event.document)
        except BadRuleset:
            return  # recorded, but nothing can be reckoned by it: it is never in force
        self._rulesets.append(decree(event, rules, event.valid_from))

    def _standard(self, event: events.StandardPublished) -> None:
        ends = end_of(event.valid_until)
        key = (event.standard, event.speaks_for)
        self._standards[key].append(decree(event, event, event.valid_from, ends))

    def _accreditation(self, event: Event) -> None:
        self.accreditation.add(event)

    def _restructured(self, event: events.AgencyRestructured) -> None:
        self.succession.add(event)

    def _unit(self, event: events.UnitPublished) -> None:
        self.units.add(event)

    # A later registry event is one row here.
    _TAKE: ClassVar[dict[type[Event], Callable[..., None]]] = {
        events.OfferingPublished: _offering,
        events.OfferingWithdrawn: _withdrawal,
        events.AlignmentPublished: _alignment,
        events.AlignmentCountersigned: _countersignature,
        events.FrameworkPublished: _framework,
        events.RulesetPublished: _ruleset,
        events.ProviderAccredited: _accreditation,
        events.ProviderSuspended: _accreditation,
        events.AssessorAccredited: _accreditation,
        events.AssessorSuspended: _accreditation,
        events.StandardPublished: _standard,
        events.Genesis: _accreditation,
        events.PartyDeclared: _accreditation,
        events.PartySuspended: _accreditation,
        events.AgencyRestructured: _restructured,
        events.UnitPublished: _unit,
    }

    # -- asking ---------------------------------------------------------------------------

    def rulesets(self) -> tuple[Reign, ...]:
        """Each stretch of days [from, to) with the ruleset in force in it, in order."""
        if self._reigns is None:
            turns = sorted({one.starts for one in self._rulesets})
            spans = pairwise([*turns, FOREVER])
            ruled = ((start, end, self.rules_on(start)) for start, end in spans)
            self._reigns = tuple((a, b, rules) for a, b, rules in ruled if rules is not None)
        return self._reigns

    def rules_on(self, day: date) -> Ruleset | None:
        """The ruleset in force on a day; None before the first."""
        return self._rules[day]

    def _ruled(self, day: date) -> Ruleset | None:
        held = in_force(self._rulesets, day)
        return held.event if held else None

    def offering_on(self, offering: str | None, day: date) -> events.OfferingPublished | None:
        """The offering as last published by that day, else as first published.

        None: never published by its owner, or withdrawn by then and not published again.
        """
        return None if offering is None else self._offered[offering, day]

    def _offering_in_force(self, key: tuple[str, date]) -> events.OfferingPublished | None:
        offering, day = key
        known = [one for one in self._offerings.get(offering, ()) if self._is_own(one)]
        held = in_force(known, day)
        if held is None:
            published = (one for one in known if isinstance(one.event, events.OfferingPublished))
            held = min(published, key=lambda one: one.order, default=None)
        return held.event if held and isinstance(held.event, events.OfferingPublished) else None

    def _is_own(self, said: Decree[Offered]) -> bool:
        owner = self._owners.get(said.event.offering)
        return owner is not None and owner[1] == said.event.speaks_for

    def series_of(self, origin: Origin) -> str | None:
        """The series of the offering that an event names."""
        offering = self.offering_on(origin.offering, origin.day)
        return offering.series if offering else None

    def alignment(
        self, series: str, competency: str, day: date
    ) -> Decree[events.AlignmentPublished] | None:
        """The countersigned alignment of a series to a competency in force on a day."""
        return self._in_force[series, competency, day]

    def _aligned_in_force(
        self, key: tuple[str, str, date]
    ) -> Decree[events.AlignmentPublished] | None:
        series, competency, day = key
        return in_force(
            (
                one
                for one in self._alignments.get(series, ())
                if one.event.competency == competency and self._countersigned(one)
            ),
            day,
        )

    def competencies_of(self, series: str) -> tuple[str, ...]:
        """The competencies to which a series was ever aligned, in order of IRI."""
        return self._taught[series]

    def _competencies_taught(self, series: str) -> tuple[str, ...]:
        return tuple(sorted({one.event.competency for one in self._alignments.get(series, ())}))

    def _countersigned(self, alignment: Decree[events.AlignmentPublished]) -> bool:
        definition = self.definition(alignment.event.competency)
        return definition is not None and definition.owner in self._signers[alignment.statement_id]

    def competencies(self) -> list[str]:
        """Every competency of every framework, by IRI."""
        return sorted(self._frameworks)

    def definition(self, competency: str) -> Definition | None:
        """A competency as defined last by its owner: whoever published it first."""
        return self._definitions[competency]

    def _defined(self, competency: str) -> Definition | None:
        published = self._frameworks.get(competency)
        if not published:
            return None
        _, owner = self._owners[competency]
        last = max(
            (one for one in published if one.event.speaks_for == owner), key=lambda one: one.order
        )
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
        """Rule 12: the competency itself, and the later ones that name it as an equivalent.

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

    def roles_on(self, party: str, day: date) -> frozenset[str]:
        """The roles of a party on a day; empty where it has none or is unknown."""
        return self.accreditation.roles_on(party, day)

    def holders_of(self, role: str, day: date) -> list[str]:
        """Every party that holds a role on a day."""
        return self.accreditation.holders_of(role, day)

    def bar_of(self, origin: Origin) -> str | None:
        """Why what an institution said does not count: it was suspended, or not accredited."""
        return self._bars[origin.voice]

    def _bar(self, voice: Voice) -> str | None:
        accreditation = self.accreditation
        if accreditation.is_suspended(voice):
            return SUSPENDED
        return None if accreditation.may_teach(voice, self._form_of(voice)) else OUTSIDE

    def _form_of(self, voice: Voice) -> str | None:
        if voice.form is not None:
            return voice.form
        offering = self.offering_on(voice.offering, voice.day)
        return offering.form if offering else None

    def standards_on(self, day: date) -> list[Decree[events.StandardPublished]]:
        """Every institution's standards in force on a day, in their last versions, by IRI."""
        found = (in_force(self._standards[key], day) for key in sorted(self._standards))
        return [one for one in found if one is not None]

    def offerings_of(self, series: str) -> frozenset[str]:
        """Every offering ever published of a series."""
        return frozenset(self._series.get(series, ()))

    def series_aligned_to(self, competency: str) -> frozenset[str]:
        """Every series ever aligned to a competency."""
        return frozenset(
            one.series for one in self._aligned.values() if one.competency == competency
        )

    def alignment_named(self, statement_id: UUID) -> events.AlignmentPublished | None:
        """An alignment by its event id."""
        return self._aligned.get(statement_id)


def _named_by(event: Event) -> tuple[str, ...]:
    """The IRIs that a publication makes its institution's own."""
    if isinstance(event, events.OfferingPublished):
        return (event.offering,)
    if isinstance(event, events.FrameworkPublished):
        return tuple(one.id for one in event.competencies)
    return ()


REGISTRY_EVENTS: Final = frozenset(event.__name__ for event in Registry._TAKE)  # noqa: SLF001  its own
